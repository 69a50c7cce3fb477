"""Both readings side by side on labelled rows, every figure with its 95 % interval.

    python bench/quality.py                                   the hard set
    python bench/quality.py NAME=FILE,FILE… NAME=FILE…        sets of one's own (.jsonl, .csv, .tsv)

The model is the shipped one or ``TOUSU_MODEL``. Where it has no reader, only the fast reading is shown.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import harness
import numpy as np
from rich.console import Console
from rich.table import Table

from tousu.case_codes import SIGNALS
from tousu.classifier import Classifier
from tousu.errors import ModelMissing
from tousu_training.corpus import read_rows
from tousu_training.evaluate import SEED, evaluate, predicted_by, share
from tousu_training.evaluate_cases import evaluate_cases

KEPT = 0.95
ROUNDS = 1000
FIGURES = {
    "accuracy": "accuracy",
    "macro_f1_common": "macro-F1, domains with 10+",
    "in_remit_balanced_accuracy": "in/out of remit, balanced",
    "among_two": "right one among the first two",
    "auto_coverage": "auto covers",
    "auto_precision": "auto right",
    "covered": "covered at 95 % right (best threshold)",
    "online_f1": "online F1",
    "calibration_error": "calibration error",
    "kind_accuracy": "kind",
    "kind_accuracy_three": "kind, complaint, report or consult",
    "route_accuracy": "route",
    "route_first_two": "route among the first two",
} | {f"{code}_f1": f"{code}, F1" for code in SIGNALS}


def covered(sure: np.ndarray, right: np.ndarray) -> float:
    """Return the largest share of the rows, surest first, that is right in ``KEPT``."""
    order = np.argsort(-sure, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, order.size + 1)
    kept = np.flatnonzero(shares >= KEPT)
    return (int(kept[-1]) + 1) / order.size if kept.size else 0.0


def measured(classifier: Classifier, files: list[Path]) -> dict[str, Any]:
    """Return every figure of a reading on the rows of some files."""
    rows = [row for file in files for row in read_rows([file], codes=classifier.domains)]
    outside = classifier.manifest["fallback"] if classifier.manifest.get("taxonomy") else None
    said = predicted_by(classifier, rows)
    figures = evaluate(rows, said, outside=outside)
    taggings = classifier.tag_many([row.text for row in rows])
    probabilities = taggings.probabilities
    first = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    figures["among_two"] = share(int((first == said.truth[:, None]).any(axis=1).sum()), len(rows))
    right, sure = said.primary == said.truth, probabilities.max(axis=1)
    random = np.random.default_rng(SEED)
    drawn = [covered(sure[at], right[at]) for at in (random.integers(0, len(rows), len(rows)) for _ in range(ROUNDS))]
    low, high = np.quantile(drawn, [0.025, 0.975])
    figures["covered"] = {
        "value": round(covered(sure, right), 4), "low": round(low, 4), "high": round(high, 4), "n": len(rows),
    }  # fmt: skip
    cases = evaluate_cases(rows, taggings.cases)
    figures |= {key: cases[key] for key in cases if key != "signals"}
    figures |= {f"{one['code']}_f1": one["f1"] for one in cases.get("signals", [])}
    return figures


def shown(figure: dict[str, Any] | None) -> str:
    """Return a figure with its interval."""
    if figure is None or figure["value"] is None:
        return "-"
    return f"{figure['value']:.3f} ({figure['low']:.3f}-{figure['high']:.3f})"


def main() -> int:
    given = dict(word.split("=", 1) for word in sys.argv[1:]) or {"hard": str(harness.ROOT / "data" / "hard.jsonl")}
    readings = {"fast": Classifier.load(harness.model_path())}
    console = Console(width=140)
    try:
        readings["careful"] = Classifier.load(harness.model_path(), reading="careful")
    except ModelMissing as error:
        console.print(str(error))
    table = Table("figure", title=" / ".join(one.version for one in readings.values()))
    columns = []
    for name, files in given.items():
        paths = [Path(file) for file in files.split(",")]
        for reading, classifier in readings.items():
            figures = measured(classifier, paths)
            columns.append(figures)
            table.add_column(f"{name} ({figures['rows']}), {reading}")
    for key, words in FIGURES.items():
        table.add_row(words, *(shown(figures.get(key)) for figures in columns))
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
