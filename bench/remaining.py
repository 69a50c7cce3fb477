"""Where the time of `tag_many` goes, step by step, against what the memory alone takes for the same look-ups.

    python bench/remaining.py

Steps are timed by leaving out what comes after them. The floor is the time to touch the same weight rows in the same order, and as many
cells, and do nothing with them: what no arrangement of the arithmetic gets below.
"""

from __future__ import annotations

import harness

harness.one_thread()

import numpy as np  # noqa: E402
from numba import njit  # noqa: E402

from tousu.classifier import Classifier, kernels  # noqa: E402
from tousu.classifier.json_rows import json_rows  # noqa: E402
from tousu.classifier.model import BLOCK  # noqa: E402
from tousu.classifier.text import join_texts  # noqa: E402

COUNT = 5_000
NORMALISE, FIND, COUNTED = range(3)


@njit(nogil=True)
def run_steps(raw, starts, chars, terms, counts, last):
    """Do the steps of ``kernels.score_texts`` up to ``last``; return codes, terms and distinct terms."""
    room = kernels.most_codes(raw, starts, chars) + 1
    codes = np.empty(room, dtype=np.uint16)
    nothing = np.empty(0, dtype=np.int32)
    nodes, ends = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
    ids = np.empty(room * 4, dtype=np.int32)
    all_codes = all_terms = all_distinct = 0
    for t in range(starts.size - 1):
        n = kernels.normalise_codes(raw, starts[t], starts[t + 1], chars, codes, nothing)
        all_codes += n
        if last >= FIND:
            codes[n] = kernels.BREAK
            found = kernels.find_terms(codes, n, terms, nodes, ends, ids, nothing)
            all_terms += found
        if last >= COUNTED:
            distinct = 0
            for i in range(found):
                count = counts[ids[i]]
                counts[ids[i]] = count + 1
                ids[distinct] = ids[i]
                distinct += np.int64(count == 0)
            for i in range(distinct):
                counts[ids[i]] = 0
            all_distinct += distinct
    return all_codes, all_terms, all_distinct


@njit(nogil=True)
def touch(table, rows, step):
    """Read one number of every cache line of the given rows of a table."""
    total = table[0, 0]
    for i in range(rows.size):
        for d in range(0, table.shape[1], step):
            total += table[rows[i], d]
    return total


def main() -> None:
    harness.single_core()
    classifier = Classifier.load(harness.model_path())
    texts = harness.texts_of(harness.LENGTH, COUNT)
    chars, terms, linear = classifier._chars, classifier._terms, classifier._linear
    weights = linear.weights
    blocks = [join_texts(texts[at : at + BLOCK]) for at in range(0, COUNT, BLOCK)]
    counts = np.zeros(weights.shape[0], dtype=np.int32)
    scores, found = np.empty((BLOCK, weights.shape[1])), np.zeros(BLOCK, dtype=np.bool_)
    whole = join_texts(texts)
    ids = [terms.find(chars.codes_of(whole, number, np.empty(0, dtype=np.int32)))[0] for number in range(COUNT)]
    rows = np.concatenate([np.unique(of_text) for of_text in ids])
    places = np.concatenate(ids).astype(np.int64) % terms.cells.shape[0]

    def steps(last):
        for block in blocks:
            run_steps(block.raw, block.starts, chars, terms, counts, last)

    def scored():
        for block in blocks:
            kernels.score_texts(block.raw, block.starts, chars, terms, linear, scores, found)

    runs = {
        "joined": lambda: [join_texts(texts[at : at + BLOCK]) for at in range(0, COUNT, BLOCK)],
        "normalised": lambda: steps(NORMALISE),
        "found": lambda: steps(FIND),
        "counted": lambda: steps(COUNTED),
        "scored": scored,
        "columns": lambda: classifier.tag_many(texts),
        "objects": lambda: list(classifier.tag_many(texts)),
        "json": lambda: json_rows(classifier.tag_many(texts)),
        "rows floor": lambda: touch(weights, rows, 16),
        "cells floor": lambda: touch(terms.cells, places, 2),
    }
    speed = harness.medians(harness.alternate({name: harness.rate(run, COUNT) for name, run in runs.items()}))
    took = {name: 1e6 / value for name, value in speed.items()}
    rest = took["columns"] - took["scored"] - took["joined"]
    parts = {
        "texts joined, code points": took["joined"],
        "characters normalised": took["normalised"],
        "terms found": took["found"] - took["normalised"],
        "terms counted": took["counted"] - took["found"],
        "weights added up": took["scored"] - took["counted"],
        "probabilities, codes, decisions": rest,
        "tag_many, columns": took["columns"],
        "then: every object": took["objects"] - took["columns"],
        "or: JSON rows": took["json"] - took["columns"],
        "memory alone: the weight rows": took["rows floor"],
        "memory alone: as many cells as terms": took["cells floor"],
    }
    figures = [harness.Figure(name, value, "µs a text") for name, value in parts.items()]
    told = run_steps(whole.raw, whole.starts, chars, terms, counts, COUNTED)
    sizes = {"codes": told[0] / COUNT, "terms": told[1] / COUNT, "distinct": told[2] / COUNT}
    figures += [harness.Figure(f"{name} a text", value) for name, value in sizes.items()]
    tables = {"weights": weights.nbytes, "cells and bases": terms.cells.nbytes + terms.bases.nbytes}
    figures += [harness.Figure(f"{name}, size", value / 1e6, "MB") for name, value in tables.items()]
    harness.report("remaining", "Where the time goes", figures, per_text=sizes)


if __name__ == "__main__":
    main()
