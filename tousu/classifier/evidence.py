"""The words that decided, for many texts at once: what ``Classifier.explain`` finds, in one compiled loop."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from tousu.classifier.kernels import BREAK, find_terms, most_codes, normalise_codes
from tousu.classifier.text import ENTITY, join_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.classifier.model import Classifier
    from tousu.classifier.tagging import Taggings


def highlights(classifier: Classifier, texts: Sequence[str], taggings: Taggings, *, most: int) -> list[list[str]]:
    """Return for each text the spans that spoke most for its primary, heaviest first.

    Args:
        classifier: The model.
        texts: The texts.
        taggings: What ``classifier.tag_many`` said of them.
        most: Most spans of a text.
    """
    joined = join_texts(texts, resolve=False)
    spans = np.zeros((len(texts), most, 2), dtype=np.int64)
    weights, chars = classifier._weights, classifier._chars
    _heaviest(
        joined.raw, joined.starts, chars.table, chars.expand_from, chars.expand_at, chars.expand_codes,
        *classifier._terms.tables(), weights, weights[:, : len(classifier.domains)].mean(axis=1),
        classifier._squares, classifier._grades, taggings.primary, spans,
    )  # fmt: skip
    found = [
        [text[begin:end] for begin, end in places if end]
        for text, places in zip(texts, spans.tolist(), strict=True)
    ]  # fmt: skip
    for row, text in enumerate(texts):
        if "&" in text and ENTITY.search(text):
            told = classifier.explain(text, most=len(text))
            found[row] = [item.text for item in told if item.weight > 0][:most]
    return found


@njit(cache=True, nogil=True)
def _heaviest(
    raw, starts, table, expand_from, expand_at, expand_codes, ranks, cells, bases,
    weights, means, squares, grades, columns, spans,
):  # fmt: skip
    """Write begin and end of each text's heaviest positive spans; see ``kernels.score_texts`` for the arrays.

    Args:
        means: float32, shape (terms,): mean of each term's weights over the domains.
        columns: int32, shape (texts,): the domain whose evidence is wanted.
        spans: Output, int64, zeros, shape (texts, most, 2).
    """
    room = most_codes(raw, starts, table, expand_from, expand_at) + 1
    codes = np.empty(room, dtype=np.uint16)
    origins = np.empty(room, dtype=np.int32)
    nodes = np.empty(room, dtype=np.int32)
    ends = np.empty(room, dtype=np.int32)
    ids = np.empty(room * 4, dtype=np.int32)
    places = np.empty(room * 4, dtype=np.int32)
    counts = np.zeros(weights.shape[0], dtype=np.int32)
    told = np.zeros(room)
    heavy = np.empty(spans.shape[1])
    top = grades.size - 1
    for t in range(starts.size - 1):
        n = normalise_codes(raw, starts[t], starts[t + 1], table, expand_from, expand_at, expand_codes, codes, origins)
        codes[n] = BREAK
        found = find_terms(codes, n, ranks, cells, bases, nodes, ends, ids, places)
        for i in range(found):
            counts[ids[i]] += 1
        norm = 0.0
        for i in range(found):
            count = counts[ids[i]]
            grade = grades[min(count, top)]
            norm += grade * grade * squares[ids[i]] / count
        scale = 1.0 / math.sqrt(norm) if norm > 0 else 0.0
        told[:n] = 0
        for i in range(found):
            term = ids[i]
            count = counts[term]
            share = grades[min(count, top)] / count * (weights[term, columns[t]] - means[term]) * scale
            position, length = places[i] >> 3, places[i] & 7
            for j in range(position, position + length):
                told[j] += share / length
        for i in range(found):
            counts[ids[i]] = 0
        _write_spans(told, origins, n, heavy, spans[t])


@njit(cache=True, nogil=True)
def _write_spans(told, origins, n, heavy, spans):
    """Join neighbours that speak alike; write the heaviest that speak for the domain."""
    heavy[:] = 0
    i = 0
    while i < n:
        if told[i] == 0:
            i += 1
            continue
        begin, end, weight = origins[i], origins[i] + 1, told[i]
        i += 1
        while i < n:
            if told[i] == 0:
                i += 1
                continue
            if origins[i] > end or (told[i] > 0) != (weight > 0):
                break
            end, weight = max(end, origins[i] + 1), weight + told[i]
            i += 1
        if weight <= heavy[-1]:
            continue
        at = heavy.size - 1
        while at > 0 and weight > heavy[at - 1]:
            heavy[at] = heavy[at - 1]
            spans[at] = spans[at - 1]
            at -= 1
        heavy[at] = weight
        spans[at, 0], spans[at, 1] = begin, end
