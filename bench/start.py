"""Start and memory of `tousu serve`, what it imports, and training of the shipped model with cross-validation.

python bench/start.py [--no-training]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import harness
from files import resident
from http_load import load, server, write_bodies

ROUNDS = 5
SECONDS = 3
UNWANTED = ("sklearn", "training", "batch", "pandas", "pyarrow", "polars", "opencc", "jieba", "matplotlib")
BIN = Path(sys.executable).parent


def served(home: Path, bodies: Path) -> tuple[list[float], float, float, int]:
    """Return the seconds to readiness of each start, memory (MB) when ready and after load, and scipy's modules held."""
    seconds = []
    for number in range(ROUNDS + 1):
        begun = time.perf_counter()
        with server([str(BIN / "tousu"), "serve", "--port"], {0, 1}, home) as (port, pid):
            seconds.append(time.perf_counter() - begun)
            if number == ROUNDS:
                ready = resident(pid)
                load(port, {0, 1}, bodies, SECONDS)
                loaded = resident(pid)
    return seconds[1:], ready, loaded


def imported() -> list[str]:
    """Return which of the unwanted packages a service holds once its application is built and a text is tagged."""
    code = (
        "import sys; from service.app import from_environment; from_environment();"
        "from classifier import Classifier; Classifier.load();"
        f"print(*[name for name in {UNWANTED!r} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=harness.ROOT, capture_output=True, text=True, check=True)
    return ran.stdout.split()


def trained(home: Path) -> float:
    """Return the seconds `tousu train` takes for the shipped corpus, on all cores."""
    command = [str(BIN / "tousu"), "train", "--corpus", "data/corpus", "--out", str(home / "model")]
    begun = time.perf_counter()
    subprocess.run(command, cwd=harness.ROOT, capture_output=True, check=True)
    return time.perf_counter() - begun


def main() -> None:
    os.chdir(harness.ROOT)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        seconds, ready, loaded = served(home, write_bodies(home))
        unwanted = imported()
        training = None if "--no-training" in sys.argv else trained(home)
    figures = [
        harness.Figure("tousu serve: start to ready", statistics.median(seconds), "s", 1.5, at_most=True),
        harness.Figure("a worker's resident memory, ready", ready, "MB", 200, at_most=True),
        harness.Figure("a worker's resident memory, after load", loaded, "MB", 200, at_most=True),
        harness.Figure("packages of other rooms imported by the service", len(unwanted), "", 0, at_most=True),
    ]
    if training is not None:
        figures.append(harness.Figure("training with cross-validation, two cores", training, "s", 60, at_most=True))
    harness.report("start", "Start, memory, training", figures, starts=seconds, imported=unwanted)


if __name__ == "__main__":
    main()
