"""Topics of a week: 12 invented outbreaks hidden among 20,000 rows, found by n-grams alone and with the encoder's vectors.

    python bench/weekly.py [DRAWINGS]

Each outbreak is told 40 times in other words, ten of them without a firm's name (tests/weekly/outbreaks.py). One counts as found where
a topic holds 0.7 of its rows and 0.8 of the topic are its; a topic that is mostly no outbreak's is false. Vectors take some
45 ms a text; each is made once.
"""

from __future__ import annotations

import sys
import time

import harness
import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(harness.ROOT))

from tests.weekly.outbreaks import BACK, FIRMS, judged, ledger
from tousu.classifier import Classifier
from tousu.weekly.terms import collect
from tousu.weekly.topics import find_topics, vectors_of

WEEK = 20
FIRST_SEED = 101  # drawings that nothing was chosen by


def main() -> int:
    drawings = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    classifier = Classifier.load(harness.model_path())
    made: dict[str, np.ndarray] = {}

    def vectors(texts):
        missing = [text for text in dict.fromkeys(texts) if text not in made]
        made.update(zip(missing, classifier.vectors(missing), strict=True))
        return np.stack([made[text] for text in texts])

    table = Table("drawing", "firms", "reading", "found of 12", "false topics", "seconds")
    for seed in range(FIRST_SEED, FIRST_SEED + drawings):
        rows = ledger({WEEK: list(range(12))}, seed=seed)
        now, then = [row for row in rows if row.week == WEEK], [row for row in rows if WEEK - BACK <= row.week < WEEK]
        texts, texts_before = [row.text for row in now], [row.text for row in then]
        both = vectors_of(vectors, texts, texts_before)
        numbers = {name: number for number, name in enumerate(FIRMS, 1)}
        for named in (True, False):
            firms, before = ([numbers.get(row.firm, 0) * named for row in part] for part in (now, then))
            terms = collect(texts, texts_before, firms, before, classifier.simplified)
            for reading, given in (("n-grams", None), ("with vectors", both)):
                begun = time.perf_counter()
                topics = find_topics(terms, [WEEK - row.week for row in then], given)
                right, false = judged([[now[place].outbreak for place in topic.texts] for topic in topics])
                seconds = f"{time.perf_counter() - begun:.1f}"
                table.add_row(str(seed), "yes" if named else "no", reading, str(len(right)), str(false), seconds)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
