"""`tousu tag` of tables, beside a pipeline that loses what it does not need: read with polars, tag, write with polars.

    python bench/tables.py [ROWS …]

Both run as commands of their own, bound to one core, in turn. The pipeline forgets quotes, encodings, delimiters, titles,
row groups, odd rows and rejects; it is what a data person would write in ten lines. Processor time counts: others use
the machine, too.
"""

from __future__ import annotations

import harness

harness.one_thread()

import sys  # noqa: E402
import tempfile  # noqa: E402
from pathlib import Path  # noqa: E402

import polars as pl  # noqa: E402

ROWS = (100_000, 1_000_000)
SLICE = 100_000
ROUNDS = 3
LOSSY = """
import sys
import polars as pl
from tousu import Classifier
source, output, model = sys.argv[1:]
read = {"csv": pl.read_csv, "jsonl": pl.read_ndjson, "parquet": pl.read_parquet}[source.rpartition(".")[2]]
frame = read(source)
tags = Classifier.load(model).tag_many(frame["投诉内容"].to_list())
domains = tags.domains
primary = tags.primary.tolist()
frame = frame.with_columns(
    pl.Series("primary", [domains[place] for place in primary]),
    pl.Series("codes", [";".join(domains[code] for code in codes if code >= 0) for codes in tags.codes.tolist()]),
    pl.Series("probability", tags.probabilities[range(len(primary)), primary].round(4)),
    pl.Series("auto", tags.auto), pl.Series("online", tags.online),
)
{"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}[output.rpartition(".")[2]](output)
"""


def write_table(path: Path, texts: list[str], rows: int) -> None:
    """Write a table of four columns."""
    frame = pl.DataFrame(
        {
            "编号": [f"GD{number:09d}" for number in range(rows)],
            "登记时间": [f"2026-{number % 12 + 1:02d}-01" for number in range(rows)],
            "投诉内容": [texts[number % len(texts)] for number in range(rows)],
            "金额": [number % 997 / 10 for number in range(rows)],
        }
    )
    {".csv": frame.write_csv, ".jsonl": frame.write_ndjson, ".parquet": frame.write_parquet}[path.suffix](path)


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or list(ROWS)
    harness.single_core()
    texts = harness.texts_of(harness.LENGTH, SLICE)
    model = str(harness.model_path())
    figures, runs = [], []
    with tempfile.TemporaryDirectory() as home:
        for rows in sizes:
            for form in ("csv", "jsonl", "parquet"):
                source, output = Path(home) / f"in.{form}", Path(home) / f"out.{form}"
                write_table(source, texts, rows)
                tag = [sys.executable, "-m", "tousu", "tag", str(source), str(output), "--quiet", "--no-evidence"]
                commands = {
                    "tag": [*tag, "--threads", "1", "--model", model],
                    "lossy": [sys.executable, "-c", LOSSY, str(source), str(output), model],
                }
                found: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
                for _ in range(ROUNDS if rows <= ROWS[0] else 1):
                    for name, command in commands.items():
                        found[name].append(harness.spent(command))
                best = {name: min(some, key=lambda one: one["processor_seconds"]) for name, some in found.items()}
                runs.append({"rows": rows, "form": form, **found})
                what = f"{form}, {rows:,} rows"
                figures += [
                    harness.Figure(f"{what}: processor time of tousu tag", best["tag"]["processor_seconds"], "s"),
                    harness.Figure(f"{what}: of the lossy pipeline", best["lossy"]["processor_seconds"], "s"),
                    harness.Figure(
                        f"{what}: ratio", best["tag"]["processor_seconds"] / best["lossy"]["processor_seconds"], "×"
                    ),
                    harness.Figure(f"{what}: highest memory of tousu tag", best["tag"]["peak_mb"], "MB"),
                    harness.Figure(f"{what}: of the lossy pipeline", best["lossy"]["peak_mb"], "MB"),
                ]
                source.unlink()
                output.unlink()
    harness.report("tables", "Tables tagged on one core", figures, runs=runs)


if __name__ == "__main__":
    main()
