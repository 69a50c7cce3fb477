"""Memory does not grow with the file."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import xlsxwriter

from tests.support import COMPLAINTS

if TYPE_CHECKING:
    from pathlib import Path

MOST_MB = 400
FLAT_MB = 30


def peak_mb(root: Path, source: Path, output: Path) -> float:
    """Return the most memory, in MB, that tagging a file took.

    VmHWM belongs to the program; getrusage's ru_maxrss would hand on what the test runner had before exec.
    """
    code = (
        "import re, sys; from tousu.cli.main import app\n"
        "try: app(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1], file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "tag", str(source), str(output), "--quiet"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=240)
    return int(done.stderr.split()[-1]) / 1024


def write(path: Path, rows: int) -> None:
    """Write a file of so many rows, each with a text of its own."""
    texts = (COMPLAINTS[number % 6] * 5 + str(number) for number in range(rows))
    if path.suffix == ".xlsx":
        book = xlsxwriter.Workbook(path)
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ("id", "text"))
        for number, text in enumerate(texts):
            sheet.write_row(number + 1, 0, (number, text))
        book.close()
        return
    with path.open("w", encoding="utf-8") as file:
        file.write("" if path.suffix == ".jsonl" else "id,text\n")
        for number, text in enumerate(texts):
            row = json.dumps({"id": number, "text": text}, ensure_ascii=False)
            file.write(f"{row}\n" if path.suffix == ".jsonl" else f"{number},{text}\n")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.xlsx"])
def test_memory_is_flat_from_a_hundred_thousand_rows_on(root: Path, tmp_path: Path, name: str) -> None:
    peaks = []
    for rows in (100_000, 250_000):
        source = tmp_path / name
        write(source, rows)
        peaks.append(peak_mb(root, source, tmp_path / f"out_{name}"))
    assert max(peaks) <= MOST_MB
    assert peaks[1] - peaks[0] <= FLAT_MB, peaks
