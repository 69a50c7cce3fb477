"""What `tousu train --unlabelled` gains where labelled rows are few and by another hand.

    python bench/adapt.py [LABELLED_FILE]

216 labelled rows of one series, half the texts of another series without their labels, tested on that series' other
half; several pairs of series, with and without. With a labelled file of real texts: 216 rows drawn from the whole
corpus, six times, the file's texts as the backlog without their labels, tested on the file. Prints a table and saves
it in bench/results/adapt.json.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from tousu.taxonomy import load_taxonomy
from tousu_training.adapt import adapt
from tousu_training.corpus import LabelledRow, read_rows
from tousu_training.fit import settings_for
from tousu_training.labels import labels_of_taxonomy
from tousu_training.train import train
from tousu_training.vocabulary import default_encoder

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PAIRS = (
    ("capital", "hotline"), ("coast", "river"), ("county", "harbour"), ("hotline", "county"),
    ("river", "coast"), ("harbour", "capital"), ("island", "market"), ("terrace", "valley"),
)  # fmt: skip
LABELLED = 216
DRAWS = 6


@dataclass(frozen=True)
class Case:
    """Labelled rows, a backlog without labels, and rows to test on."""

    name: str
    labelled: list[LabelledRow]
    backlog: list[str]
    test: list[LabelledRow]


def pairs(rows: list[LabelledRow]) -> Iterator[Case]:
    """Yield a case for each pair of series."""
    for home, away in PAIRS:
        random = np.random.default_rng(1)
        own = [row for row in rows if row.series == home]
        strange = [row for row in rows if row.series == away]
        few = [own[i] for i in random.permutation(len(own))[:LABELLED]]
        order = random.permutation(len(strange))
        backlog = [strange[i].text for i in order[::2]]
        yield Case(f"{home}, {away}", few, backlog, [strange[i] for i in order[1::2]])


def draws(rows: list[LabelledRow], real: list[LabelledRow]) -> Iterator[Case]:
    """Yield a case for each draw from the corpus, with real texts as the backlog."""
    for seed in range(DRAWS):
        few = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))[:LABELLED]]
        yield Case(f"draw {seed}, real texts", few, [row.text for row in real], real)


def main() -> None:
    taxonomy = load_taxonomy()
    labels = labels_of_taxonomy(taxonomy)
    rows = read_rows([ROOT / "data" / "corpus"], codes=taxonomy.codes)
    cases = list(pairs(rows))
    if len(sys.argv) > 1:
        cases += draws(rows, read_rows([Path(sys.argv[1])], codes=taxonomy.codes))
    encoder, settings = default_encoder(None), settings_for(labels)
    quiet = {"encoder": encoder, "settings": settings, "progress": lambda *_: None}
    table, results = Table("case", "tested", "without", "with"), []
    for case in cases:
        before = train(case.labelled, labels, **quiet)
        after = adapt(before, case.labelled, case.backlog, labels, **quiet)
        truth = np.array([labels.domains.index(row.primary) for row in case.test])
        found = encoder.keys([row.text for row in case.test])
        shares = []
        for trained in (before, after):
            said = trained.judged(trained.vocabulary.matrix(found), labels).primary
            shares.append(round(float((said == truth).mean()), 4))
        results.append({"case": case.name, "tested": len(case.test), "without": shares[0], "with": shares[1]})
        table.add_row(case.name, str(len(case.test)), f"{shares[0]:.3f}", f"{shares[1]:.3f}")
    Console().print(table)
    out = ROOT / "bench" / "results" / "adapt.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
