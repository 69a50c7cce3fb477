"""The words that decided: the spans of each text that spoke most for or against a column, in one compiled loop.

Weights of overlapping terms are shared out over their characters, and neighbouring characters that speak alike
are joined, so that spans do not overlap.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tousu.classifier.compiled import compiled
from tousu.classifier.kernels import BREAK, find_terms, most_codes, normalise_codes
from tousu.classifier.tagging import Evidence
from tousu.classifier.text import ENTITY, join_texts, resolve_entities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tousu.classifier.features import LinearWeights, TermIndex
    from tousu.classifier.text import CharTable


def evidence_of(
    texts: Sequence[str], columns: NDArray[np.int32], chars: CharTable, terms: TermIndex, linear: LinearWeights,
    rival_means: NDArray[np.float32], rivals: int, *, most: int, against: bool,
) -> list[list[Evidence]]:  # fmt: skip
    """Return the spans of each text that spoke most for its column, heaviest first.

    Args:
        texts: The raw texts.
        columns: The column of ``linear.weights`` each text is asked about, shape (texts,).
        chars: The model's character table.
        terms: Its terms.
        linear: Its weights.
        rival_means: What a term's weight in one of the rival columns is held against, float32, shape (terms,).
        rivals: How many of the first columns are rivals; a column behind them is held against nothing.
        most: Most spans of a text.
        against: Whether to return also what spoke against it.

    Raises:
        TextError: One of the texts is no string.
    """
    joined = join_texts(texts)
    spans = np.zeros((len(texts), most, 2), dtype=np.int64)
    span_weights = np.zeros((len(texts), most))
    heaviest_spans(
        joined.raw, joined.starts, chars, terms, linear, rival_means, rivals, columns, against, spans, span_weights
    )
    return [
        _in_raw(text, places, weights)
        for text, places, weights in zip(texts, spans.tolist(), span_weights.tolist(), strict=True)
    ]


def _in_raw(text: str, places: list[list[int]], weights: list[float]) -> list[Evidence]:
    """Return the spans as places of the raw text, in which HTML entities still stand."""
    found = [(begin, end, weight) for (begin, end), weight in zip(places, weights, strict=True) if end]
    if found and "&" in text and ENTITY.search(text):
        _, begins, ends = resolve_entities(text)
        found = [(int(begins[begin]), int(ends[end - 1]), weight) for begin, end, weight in found]
    return [Evidence(begin, end, text[begin:end], weight) for begin, end, weight in found]


@compiled
def heaviest_spans(raw, starts, chars, terms, linear, rival_means, rivals, columns, against, spans, span_weights):
    """Write begin, end and weight of each text's heaviest spans; see ``kernels.score_texts`` for what is not said here.

    Args:
        raw: See there.
        starts: See there.
        chars: See there.
        terms: See there.
        linear: See there.
        rival_means: See ``evidence_of``, like the three that follow.
        rivals: See there.
        columns: See there.
        against: See there.
        spans: Output, int64, zeros, shape (texts, most, 2).
        span_weights: Output, float64, zeros, shape (texts, most).
    """
    weights, squared_idf, term_frequency = linear.weights, linear.squared_idf, linear.term_frequency
    room = most_codes(raw, starts, chars) + 1
    codes = np.empty(room, dtype=np.uint16)
    origins = np.empty(room, dtype=np.int32)
    nodes = np.empty(room, dtype=np.int32)
    ends = np.empty(room, dtype=np.int32)
    ids = np.empty(room * 4, dtype=np.int32)
    places = np.empty(room * 4, dtype=np.int32)
    counts = np.zeros(weights.shape[0], dtype=np.int32)
    shares = np.zeros(room)
    top = term_frequency.size - 1
    for t in range(starts.size - 1):
        n = normalise_codes(raw, starts[t], starts[t + 1], chars, codes, origins)
        codes[n] = BREAK
        found = find_terms(codes, n, terms, nodes, ends, ids, places)
        for i in range(found):
            counts[ids[i]] += 1
        norm = 0.0
        for i in range(found):
            count = counts[ids[i]]
            frequency = term_frequency[min(count, top)]
            norm += frequency * frequency * squared_idf[ids[i]] / count
        scale = 1.0 / math.sqrt(norm) if norm > 0 else 0.0
        shares[:n] = 0
        column = columns[t]
        for i in range(found):
            term = ids[i]
            count = counts[term]
            weight = weights[term, column]
            if column < rivals:
                weight -= rival_means[term]
            share = term_frequency[min(count, top)] / count * weight * scale
            position, length = places[i] >> 3, places[i] & 7
            for j in range(position, position + length):
                shares[j] += share / length
        for i in range(found):
            counts[ids[i]] = 0
        write_spans(shares, origins, n, against, spans[t], span_weights[t])


@compiled
def write_spans(shares, origins, n, against, spans, weights):
    """Join neighbours that speak alike; write the heaviest, those that speak for it alone unless ``against``."""
    i = 0
    while i < n:
        if shares[i] == 0:
            i += 1
            continue
        begin, end, weight = origins[i], origins[i] + 1, shares[i]
        i += 1
        while i < n:
            if shares[i] == 0:
                i += 1
                continue
            if origins[i] > end or (shares[i] > 0) != (weight > 0):
                break
            end, weight = max(end, origins[i] + 1), weight + shares[i]
            i += 1
        size = abs(weight) if against else weight
        if size <= abs(weights[-1]):
            continue
        at = weights.size - 1
        while at > 0 and size > abs(weights[at - 1]):
            weights[at] = weights[at - 1]
            spans[at] = spans[at - 1]
            at -= 1
        weights[at] = weight
        spans[at, 0], spans[at, 1] = begin, end
