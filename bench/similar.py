"""How well earlier cases like one are found: by pairs of characters, by vectors, by both.

    python bench/similar.py

Every text of the 12 outbreaks is asked for among all of them and texts of the corpus, which may well tell of the like but count
as wrong; and every text of 20 matters told three times, in words of its own each, among those 60.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "service")]

from tousu.classifier import Classifier  # noqa: E402
from tousu_service.desk import likeness  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

OUTBREAKS = ROOT / "tests" / "weekly" / "outbreaks"
RETOLD = ROOT / "tests" / "service" / "desk" / "retold.txt"
AMONG, SHOWN = 2520, 5


def main() -> None:
    classifier = Classifier.load()
    for title, blocks, others in (("outbreaks", _outbreaks(), _corpus()), ("retold", _retold(), [])):
        texts = [text for block in blocks for text in block] + others
        marks = np.array([place for place, block in enumerate(blocks) for _ in block] + [-1] * len(others))
        vectors = classifier.vectors(texts, threads=2).astype(np.float16).astype(np.float32)
        found = [_ranked(texts, vectors, marks, place) for place in np.flatnonzero(marks >= 0).tolist()]
        for name in ("pairs", "vectors", "both"):
            precision, first = (float(np.mean([one[name][part] for one in found])) for part in (0, 1))
            print(f"{title}: {name}: n {len(found)}, among {len(texts)}: {precision:.3f}, first {SHOWN} {first:.3f}")


def _ranked(
    texts: Sequence[str], vectors: NDArray[np.float32], marks: NDArray[Any], place: int
) -> dict[str, tuple[float, float]]:
    """Return, by each way, the average precision of a text's ranking and the share of right ones among the first."""
    rest = np.arange(len(texts)) != place
    shares = likeness.shared_pairs(texts[place], [texts[other] for other in np.flatnonzero(rest)])
    products = likeness.products(vectors[place], vectors[rest])
    right = marks[rest] == marks[place]
    told = {}
    for name, score in (("pairs", shares), ("vectors", products), ("both", shares + products)):
        hits = right[np.argsort(-score, kind="stable")]
        precision = (np.cumsum(hits)[hits] / (np.flatnonzero(hits) + 1)).mean()
        told[name] = float(precision), hits[:SHOWN].sum() / min(SHOWN, hits.sum())
    return told


def _outbreaks() -> list[list[str]]:
    files = sorted(OUTBREAKS.glob("*.txt"))
    return [[line.lstrip("-") for line in file.read_text("utf-8").splitlines()] for file in files]


def _retold() -> list[list[str]]:
    return [block.splitlines() for block in RETOLD.read_text("utf-8").strip().split("\n\n")]


def _corpus() -> list[str]:
    files = sorted((ROOT / "data" / "corpus").glob("*.jsonl"))
    texts = [json.loads(line)["text"] for file in files for line in file.read_text("utf-8").splitlines()]
    return random.Random(1).sample(texts, AMONG)


if __name__ == "__main__":
    main()
