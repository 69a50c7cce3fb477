"""Every speed measurement, one after another, and one table of all that has a target.

make bench        or: python -m bench
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from bench import harness

COMMANDS = ("texts", "http_load", "files", "workbooks", "start", "curves", "remaining", "desk")
NAMES = {"http_load": "http", "desk": "desk-sqlite"}


def main() -> int:
    begun = time.monotonic()
    figures, missing = [], []
    for command in COMMANDS:
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", str(Path(__file__).with_name(f"{command}.py"))], check=False
        )
        if ran.returncode:
            missing.append(command)
            continue
        told = json.loads((harness.RESULTS / f"{NAMES.get(command, command)}.json").read_text("utf-8"))
        for figure in told["figures"]:
            figure.pop("passed")
            figures.append(harness.Figure(**figure))
    console = Console(width=110)
    held = [figure for figure in figures if figure.target is not None]
    console.print(harness.table(f"All targets ({time.monotonic() - begun:.0f} s)", held))
    for command in missing:
        console.print(f"[red]not measured: bench/{command}.py[/red]")
    return 1 if missing or not all(figure.passed for figure in held) else 0


if __name__ == "__main__":
    sys.exit(main())
