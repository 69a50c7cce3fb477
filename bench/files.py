"""`tousu tag` of a JSONL file of 1,000,000 rows on one core, against `tag_many` of the same texts.

    python bench/files.py [ROWS]

The command runs as a user would run it, with the evidence off and on as a flat file would have it (a JSONL tagging
holds none), bound to one core. Both are held against the processor's time they take; the start of Python and the
loading of the model are the command's own loss. Resident memory is read from /proc all the while.
"""

from __future__ import annotations

import harness

harness.one_thread()

import json  # noqa: E402
import os  # noqa: E402
import resource  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

from tousu.classifier import Classifier  # noqa: E402

ROWS = 1_000_000
SLICE = 100_000
ROUNDS = 3
LOOK_SECONDS = 0.05


def write_rows(file: Path, texts: list[str], rows: int) -> None:
    """Write the rows: the texts over and over, each with a number and a date of its own."""
    with file.open("w", encoding="utf-8") as out:
        for number in range(rows):
            row = {
                "id": f"GD{number:09d}",
                "date": f"2026-{number % 12 + 1:02d}-01",
                "text": texts[number % len(texts)],
            }
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def run_tag(source: Path, output: Path, size: int) -> dict:
    """Run the command; return its rows per processor second and its memory (MB) by share of the input done."""
    command = [str(Path(sys.executable).parent / "tousu"), "tag", str(source), str(output), "--quiet", "--threads", "1"]
    command += ["--model", str(harness.model_path())]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        seen = []
        while process.poll() is None:
            seen.append((time.perf_counter() - begun, resident(process.pid)))
            time.sleep(LOOK_SECONDS)
    if process.returncode:
        raise SystemExit(f"tousu tag ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    seconds = time.perf_counter() - begun
    early = [memory for at, memory in seen if 0.1 * seconds <= at < 0.3 * seconds]
    late = [memory for at, memory in seen if at >= 0.7 * seconds]
    return {
        "rate": size / spent, "seconds": seconds, "processor_seconds": spent,
        "peak_mb": max(memory for _, memory in seen), "early_mb": max(early), "late_mb": max(late),
    }  # fmt: skip


def resident(pid: int) -> float:
    """Return the resident memory of a process, MB."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    harness.single_core()
    classifier = Classifier.load(harness.model_path())
    texts = harness.texts_of(harness.LENGTH, SLICE)
    runs = []
    with tempfile.TemporaryDirectory() as home:
        source, output = Path(home) / "in.jsonl", Path(home) / "out.jsonl"
        write_rows(source, texts, rows)

        def tag_command() -> float:
            runs.append(run_tag(source, output, rows))
            return runs[-1]["rate"]

        def tag_many() -> None:
            # As many texts as the file has, slice by slice: a burst of a slice alone flatters a machine that others use.
            for at in range(0, rows, SLICE):
                classifier.tag_many(texts[: rows - at])

        contenders = {"tag_many": harness.rate(tag_many, rows), "tousu tag": tag_command}
        measured = harness.alternate(contenders, ROUNDS)
        copied = output.stat().st_size / source.stat().st_size
    median = harness.medians(measured)
    peak = max(run["peak_mb"] for run in runs)
    growth = max(run["late_mb"] - run["early_mb"] for run in runs)
    figures = [
        harness.Figure(f"tousu tag, {rows:,} rows : tag_many", median["tousu tag"] / median["tag_many"], "×", 0.6),
        harness.Figure("resident memory, highest", peak, "MB", 400, at_most=True),
        harness.Figure("resident memory, last third over rows 100,000 to 300,000", growth, "MB", 20, at_most=True),
        harness.Figure("tag_many", median["tag_many"], "texts/s"),
        harness.Figure("tousu tag", median["tousu tag"], "rows/s"),
        harness.Figure("output over input", copied, "×"),
    ]
    harness.report("files", "A file tagged on one core", figures, rounds=measured, runs=runs)


if __name__ == "__main__":
    main()
