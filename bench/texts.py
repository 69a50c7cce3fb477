"""`tag_many` and `tag` on one core against the peers, all in one run.

    python bench/texts.py

Texts of 114 characters, raw. Ours gives the full result (probabilities, codes, decision, online): once as the
columns `tag_many` returns, once with every `Tagging` object made; the peers give a label and nothing else.
"""

from __future__ import annotations

import harness

harness.one_thread()

import gc  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402
from peers import PEERS  # noqa: E402

from tousu.classifier import Classifier  # noqa: E402
from tousu.classifier.json_rows import json_rows  # noqa: E402

COUNT = 20_000
SLOW_COUNT = 2_000
ALONE = 3_000


def alone(classifier: Classifier, texts: list[str]) -> np.ndarray:
    """Return the milliseconds by the clock that ``tag`` takes for each text alone."""
    taken = np.empty(len(texts))
    for number, text in enumerate(texts):
        begun = time.perf_counter()
        classifier.tag(text)
        taken[number] = time.perf_counter() - begun
    return taken * 1e3


def main() -> None:
    rows = harness.corpus_rows()
    peers = {name: build(rows) for name, (build, _) in PEERS.items()}
    harness.single_core()
    gc.collect()
    gc.freeze()  # else making objects would pay for walking through the peers' vocabularies
    classifier = Classifier.load(harness.model_path())
    texts = harness.texts_of(harness.LENGTH, COUNT, rows=rows)
    few = texts[:SLOW_COUNT]
    single = []

    def each_alone() -> float:
        single.append(alone(classifier, texts[:ALONE]))
        return float(np.median(single[-1]))

    contenders = {
        "ours, columns": harness.rate(lambda: classifier.tag_many(texts), COUNT),
        "ours, every object": harness.rate(lambda: list(classifier.tag_many(texts)), COUNT),
        "ours, JSON": harness.rate(lambda: json_rows(classifier.tag_many(texts)), COUNT),
        **{name: harness.rate(lambda run=run: run(few), SLOW_COUNT) for name, run in peers.items()},
        "one text, ms": each_alone,
    }
    measured = harness.alternate(contenders)
    median = harness.medians(measured)
    figures = []
    for way in ("ours, columns", "ours, every object"):
        for name, (_, target) in PEERS.items():
            figures.append(harness.Figure(f"tag_many ({way}) : {name}", median[way] / median[name], "×", target))
    p99 = float(np.median([np.percentile(taken, 99) for taken in single[1:]]))
    figures += [
        harness.Figure("one text alone, median", median["one text, ms"], "ms", 0.3, at_most=True),
        harness.Figure("one text alone, p99", p99, "ms", 1.0, at_most=True),
    ]
    figures += [harness.Figure(name, value, "texts/s") for name, value in median.items() if name != "one text, ms"]
    harness.report("texts", "Texts tagged on one core", figures, rounds=measured, characters=harness.LENGTH)


if __name__ == "__main__":
    main()
