"""What `tousu train --unlabelled` gains where labelled rows are few and by another hand.

    python bench/adapt.py

216 labelled rows of one series, half the texts of another series without their labels, tested on that series' other
half; several pairs of series, with and without. Prints a table and saves it in bench/results/adapt.json.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from classifier.taxonomy import load_taxonomy
from training.adapt import adapt
from training.corpus import read_rows
from training.settings import settings_for
from training.train import default_encoder, labels_of_taxonomy, train

ROOT = Path(__file__).resolve().parent.parent
PAIRS = (("capital", "hotline"), ("coast", "river"), ("county", "harbour"), ("hotline", "county"))
LABELLED = 216


def main() -> None:
    taxonomy = load_taxonomy()
    labels = labels_of_taxonomy(taxonomy)
    rows = read_rows([ROOT / "data" / "corpus"], codes=taxonomy.codes)
    encoder, settings = default_encoder(None), settings_for(labels)
    table, results = Table("labelled", "unlabelled", "tested", "without", "with"), []
    for home, away in PAIRS:
        random = np.random.default_rng(1)
        own = [row for row in rows if row.series == home]
        strange = [row for row in rows if row.series == away]
        few = [own[i] for i in random.permutation(len(own))[:LABELLED]]
        order = random.permutation(len(strange))
        backlog = [strange[i].text for i in order[::2]]
        test = [strange[i] for i in order[1::2]]
        quiet = {"encoder": encoder, "settings": settings, "progress": lambda *_: None}
        before = train(few, labels, **quiet)
        after = adapt(before, few, backlog, labels, **quiet)
        truth = np.array([labels.domains.index(row.primary) for row in test])
        found = encoder.keys([row.text for row in test])
        shares = []
        for trained in (before, after):
            scores = trained.linear.scores(trained.vocabulary.matrix(found))
            said = trained.calibration.probabilities(scores).argmax(axis=1)
            shares.append(round(float((said == truth).mean()), 4))
        results.append(
            {"labelled": home, "unlabelled": away, "tested": len(test), "without": shares[0], "with": shares[1]}
        )
        table.add_row(home, f"{away} {len(backlog)}", str(len(test)), f"{shares[0]:.3f}", f"{shares[1]:.3f}")
    Console().print(table)
    out = ROOT / "bench" / "results" / "adapt.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
