"""How tagging with Spark grows from one executor core to two: prints JSON.

    .venv/bin/python bench/spark_scaling.py [--rows 200000] [--runs 7]

One local cluster of two executors with a core each. Every run tags every row and throws the result away
(Spark's ``noop`` sink); the rows stand in one partition (one core works) or in eight (both do), taking turns.
The executors' Python processes have loaded the model already. On a machine that does other work the best runs
tell more than the medians.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PARTS = 8
MEMORY = 1024


def write_rows(folder: Path, count: int) -> None:
    """Write ``count`` rows of texts of the corpus, joined in pairs, in ``PARTS`` files."""
    files = sorted((ROOT / "data" / "corpus").glob("*.jsonl"))
    texts = [json.loads(line)["text"] for file in files for line in file.read_text("utf-8").splitlines()]
    rng = random.Random(11)
    for part in range(PARTS):
        some = [rng.choice(texts) + (rng.choice(texts) if rng.random() < 0.3 else "") for _ in range(count // PARTS)]
        pq.write_table(pa.table({"投诉内容": some}), folder / f"part-{part}.parquet")


def timed_runs(folder: Path, runs: int) -> dict[int, list[float]]:
    """Return the seconds of each run by the number of cores at work, after one of each to warm up."""
    from tousu.batch.options import TagOptions
    from tousu.batch.spark import open_session, tag_table
    from tousu.classifier import Classifier
    from tousu.resources import shipped_path

    settings = {"spark.ui.showConsoleProgress": "false", "spark.sql.files.openCostInBytes": str(128 << 20)}
    session = open_session(f"local-cluster[2,1,{MEMORY}]", settings)
    session.sparkContext.setLogLevel("ERROR")
    rows, classifier = session.read.parquet(str(folder)), Classifier.load()
    frames = {
        cores: tag_table(rows.coalesce(parts), classifier, TagOptions(), model=shipped_path())[0]
        for cores, parts in ((1, 1), (2, PARTS))
    }
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(runs + 1):
        for cores, frame in frames.items():
            began = time.monotonic()
            frame.write.format("noop").mode("overwrite").save()
            seconds[cores].append(time.monotonic() - began)
    session.stop()
    return {cores: found[1:] for cores, found in seconds.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=7)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        write_rows(Path(name), told.rows)
        seconds = timed_runs(Path(name), told.runs)
    medians = {cores: statistics.median(found) for cores, found in seconds.items()}
    rows = told.rows // PARTS * PARTS
    result = {
        "rows": rows,
        "cores_of_machine": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "seconds": {str(cores): [round(value, 2) for value in found] for cores, found in seconds.items()},
        "rows_per_second": {str(cores): round(rows / min(found)) for cores, found in seconds.items()},
        "speedup_of_medians": round(medians[1] / medians[2], 2),
        "speedup_of_best": round(min(seconds[1]) / min(seconds[2]), 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
