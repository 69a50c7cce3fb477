"""What every speed measurement uses: texts of a given length, alternating rounds, the table, the saved JSON.

A command measures its contenders in turn, round after round, so that what else the machine does hits all
alike; what counts is each one's median over the rounds, and the ratio of medians.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
ROUNDS = 5
LENGTH = 114
LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure and what it has to be; ``target`` is None where the figure is only told."""

    name: str
    measured: float
    unit: str = ""
    target: float | None = None
    at_most: bool = False

    @property
    def passed(self) -> bool | None:
        if self.target is None:
            return None
        return self.measured <= self.target if self.at_most else self.measured >= self.target


def single_core(core: int | None = None) -> None:
    """Bind this process to one core; the numeric libraries must have been told before they were imported."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0)) if core is None else core})


def one_thread() -> None:
    """Tell the numeric libraries, before they are imported, to use one thread."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"


def model_path() -> Path:
    """Return the model measured: ``TOUSU_MODEL``, else the shipped one."""
    return Path(os.environ.get("TOUSU_MODEL", ROOT / "models" / "tousu-zh"))


def corpus_rows() -> list[dict]:
    """Return the rows of the corpus."""
    return [json.loads(line) for file in sorted((ROOT / "data/corpus").glob("*.jsonl")) for line in file.open()]


def texts_of(length: int, count: int, *, rows: Sequence[dict] | None = None, seed: int = 1) -> list[str]:
    """Return ``count`` different texts of just ``length`` characters, cut from the corpus joined in random orders."""
    texts = [row["text"] for row in (corpus_rows() if rows is None else rows)]
    shuffler = random.Random(seed)
    pieces: list[str] = []
    while len(pieces) < count:
        shuffler.shuffle(texts)
        whole = "".join(texts)
        while len(whole) < length:
            whole += whole
        pieces += [whole[at : at + length] for at in range(0, len(whole) - length + 1, length)]
    return pieces[:count]


def alternate(contenders: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Call all contenders in turn, ``rounds`` times; return what each returned, by name. A first round is not counted."""
    measured: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, run in contenders.items():
            gc.collect()
            value = run()
            if number:
                measured[name].append(value)
    return measured


def rate(run: Callable[[], object], count: int) -> Callable[[], float]:
    """Return a contender that tells how many of ``count`` pieces of work are done in a second of the processor.

    The processor's time of this process, not the clock's: other programs on the machine do not count.
    """

    def timed() -> float:
        begun = time.process_time()
        run()
        return count / (time.process_time() - begun)

    return timed


def spent(command: Sequence[str]) -> dict[str, float]:
    """Run a program; return its seconds by the clock and by the processors, and its highest memory (MB)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    peak = 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, resident(process.pid))
            time.sleep(LOOK_SECONDS)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processors = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": time.perf_counter() - begun, "processor_seconds": processors, "peak_mb": peak}


def resident(pid: int) -> float:
    """Return the resident memory of a process, MB."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def medians(measured: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return each contender's median."""
    return {name: statistics.median(values) for name, values in measured.items()}


def machine() -> dict[str, object]:
    """Return what the figures were measured on."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "load": round(os.getloadavg()[0], 2),
    }


def report(name: str, title: str, figures: Sequence[Figure], **details: object) -> None:
    """Print the figures as a table and save them, with the details, as ``results/NAME.json``."""
    Console(width=110).print(table(title, figures))
    RESULTS.mkdir(exist_ok=True)
    whole = {
        "title": title,
        "machine": machine(),
        "figures": [asdict(figure) | {"passed": figure.passed} for figure in figures],
    }
    fresh = RESULTS / f"{name}.json.tmp"
    fresh.write_text(json.dumps(whole | details, ensure_ascii=False, indent=1) + "\n", "utf-8")
    fresh.replace(RESULTS / f"{name}.json")


def table(title: str, figures: Sequence[Figure]) -> Table:
    """Return the figures as a table: figure, target, measured, pass or fail."""
    made = Table("figure", "target", "measured", "", title=title, title_justify="left")
    for figure in figures:
        sign = "≤" if figure.at_most else "≥"
        target = "" if figure.target is None else f"{sign} {_number(figure.target)} {figure.unit}"
        verdict = {None: "", True: "[green]pass[/green]", False: "[red]FAIL[/red]"}[figure.passed]
        made.add_row(figure.name, target, f"{_number(figure.measured)} {figure.unit}", verdict)
    return made


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
