"""What more corpus gives: the fast reading trained on ever more whole hands, measured on texts of others.

    python bench/learning.py                                  on the hard set
    python bench/learning.py NAME=FILE,FILE… NAME=FILE…       on sets of one's own

A hand is a series of the corpus: all rows one person wrote. For each share, hands are taken in a drawn order until
they hold that many rows; the whole of the corpus is trained once, every smaller share in ``DRAWS`` orders. Each model
is trained by the same function as ``tousu train``, with its own vocabulary, calibration and thresholds.
"""

from __future__ import annotations

import math
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import harness
import numpy as np
from quality import measured
from rich.console import Console
from rich.table import Table

from tousu.classifier import Classifier
from tousu.taxonomy import load_taxonomy
from tousu_training.corpus import LabelledRow, read_rows
from tousu_training.fit import settings_for
from tousu_training.labels import labels_of_taxonomy
from tousu_training.save import save_model
from tousu_training.train import train
from tousu_training.vocabulary import default_encoder

SHARES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
DRAWS = 3
SHOWN = {
    "accuracy": "accuracy", "macro_f1_common": "macro-F1", "auto_coverage": "auto covers", "auto_precision": "auto right",
    "kind_accuracy": "kind",
}  # fmt: skip


def taken(rows: list[LabelledRow], share: float, draw: np.random.Generator) -> list[LabelledRow]:
    """Return the rows of whole hands, in a drawn order, until they are a share of all."""
    hands: dict[str, list[LabelledRow]] = {}
    for row in rows:
        hands.setdefault(row.series or row.text, []).append(row)
    names = list(hands)
    found: list[LabelledRow] = []
    for place in draw.permutation(len(names)):
        if len(found) >= share * len(rows):
            break
        found += hands[names[place]]
    return found


def main() -> int:
    given = dict(word.split("=", 1) for word in sys.argv[1:]) or {"hard": str(harness.ROOT / "data" / "hard.jsonl")}
    taxonomy = load_taxonomy()
    labels, encoder = labels_of_taxonomy(taxonomy), default_encoder(None)
    rows = read_rows([harness.ROOT / "data" / "corpus"], codes=taxonomy.codes)
    console = Console(width=120)
    tables = {name: Table("rows", "hands", *SHOWN.values(), title=name) for name in given}
    for share in SHARES:
        told: dict[str, list[list[float]]] = {name: [] for name in given}
        sizes = []
        for seed in range(DRAWS if share < 1 else 1):
            own = taken(rows, share, np.random.default_rng(seed)) if share < 1 else rows
            sizes.append((len(own), len({row.series for row in own})))
            made = train(own, labels, encoder=encoder, settings=settings_for(labels), progress=lambda *_: None)
            with tempfile.TemporaryDirectory() as home:
                save_model(Path(home) / "model", own, labels, made, encoder, made.settings)
                classifier = Classifier.load(Path(home) / "model", taxonomy=taxonomy)
                for name, files in given.items():
                    figures = measured(classifier, [Path(file) for file in files.split(",")])
                    told[name].append([value_of(figures.get(key)) for key in SHOWN])
            print(f"{share:.0%}, draw {seed + 1}: {sizes[-1][0]} rows", file=sys.stderr, flush=True)
        for name, drawn in told.items():
            cells = [spread(list(column)) for column in zip(*drawn, strict=True)]
            mean = [f"{statistics.mean(column):.0f}" for column in zip(*sizes, strict=True)]
            tables[name].add_row(*mean, *cells)
    for table in tables.values():
        console.print(table)
    return 0


def value_of(figure: dict[str, Any] | None) -> float:
    """Return a figure's value; not a number where nobody says it of these texts, or nothing is decided alone."""
    return math.nan if figure is None or figure["value"] is None else float(figure["value"])


def spread(drawn: list[float]) -> str:
    """Return the mean of some draws, with the lowest and highest where there are several."""
    mean = f"{statistics.mean(drawn):.3f}"
    return f"{mean} ({min(drawn):.3f}-{max(drawn):.3f})" if len(drawn) > 1 else mean


if __name__ == "__main__":
    sys.exit(main())
