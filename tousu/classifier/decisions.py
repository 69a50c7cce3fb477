"""From scores to decisions, in compiled loops: calibrated probabilities, codes, the highest columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tousu.classifier.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Calibration(NamedTuple):
    """How scores become probabilities, and from which probability on something is said.

    Attributes:
        slope: Factor of each domain's score, shape (domains,).
        offset: Summand, shape (domains,).
        background_rate: Share of texts taken to be like nothing in the corpus, 0 to 1.
        thresholds: ``slope * score + offset`` from which a domain that is not primary is a code too, shape (domains,).
        accept: Probability from which a primary goes without a person, shape (domains,); above 1: never.
        facet: Factor, summand and threshold of the facet's logistic probability, shape (3,).
    """

    slope: NDArray[np.float64]
    offset: NDArray[np.float64]
    background_rate: float
    thresholds: NDArray[np.float64]
    accept: NDArray[np.float64]
    facet: NDArray[np.float64]

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.float64]]) -> Calibration:
        """Return the calibration in a model's arrays."""
        slope, offset, thresholds = arrays["slope"], arrays["offset"], arrays["thresholds"]
        return cls(slope, offset, float(arrays["strangeness"][0]), thresholds, arrays["accept"], arrays["facet"])


@compiled
def decide(scores, found_any, slope, offset, background_rate, thresholds, accept, fallback, most_codes,
           probabilities, primary, codes, sure, facet_slope, facet_offset, facet):  # fmt: skip
    """Turn scores into calibrated probabilities, codes and decisions.

    The probabilities are a softmax over ``slope * score + offset`` of the domains (the columns but the
    last, which is the facet's), mixed with ``background_rate`` of the uniform distribution. A text with no known term gets the fallback domain and is never sure.

    Args:
        scores: float64, shape (texts, domains + 1).
        found_any: bool, shape (texts,).
        slope: float64, shape (domains,).
        offset: float64, shape (domains,).
        background_rate: Share of texts that are like nothing the model was shown, 0 to 1.
        thresholds: float64, shape (domains,): ``slope * score + offset`` from which a domain that is not primary
            is a code too. The score alone is asked, not the probability of being primary: a second matter does
            not make the first less likely.
        accept: float64, shape (domains,): probability from which a primary is good without a person.
        fallback: Index of the domain for texts without any known term.
        most_codes: Most codes a text may have.
        probabilities: Output, float64, shape (texts, domains).
        primary: Output, int32, shape (texts,).
        codes: Output, int32, shape (texts, most_codes), -1 behind the last.
        sure: Output, bool, shape (texts,).
        facet_slope: float64, of the facet's logistic calibration.
        facet_offset: float64.
        facet: Output, float64, shape (texts,): probability of the facet.
    """
    domains = slope.size
    logits = np.empty(domains)
    for t in range(scores.shape[0]):
        highest = -np.inf
        for d in range(domains):
            logits[d] = slope[d] * scores[t, d] + offset[d]
            highest = max(highest, logits[d])
        total = 0.0
        for d in range(domains):
            probabilities[t, d] = math.exp(logits[d] - highest)
            total += probabilities[t, d]
        best = 0
        for d in range(domains):
            probabilities[t, d] = (1.0 - background_rate) * probabilities[t, d] / total + background_rate / domains
            if probabilities[t, d] > probabilities[t, best]:
                best = d
        if not found_any[t]:
            best = fallback
        primary[t] = best
        sure[t] = found_any[t] and probabilities[t, best] >= accept[best]
        codes[t, 0] = best
        for k in range(1, most_codes):
            codes[t, k] = -1
            if codes[t, k - 1] < 0 or not found_any[t]:
                continue
            chosen = -1
            for d in range(domains):
                taken = False
                for before in range(k):
                    taken = taken or codes[t, before] == d
                if taken or logits[d] < thresholds[d]:
                    continue
                if chosen < 0 or logits[d] > logits[chosen]:
                    chosen = d
            codes[t, k] = chosen
        facet[t] = 1.0 / (1.0 + math.exp(-(facet_slope * scores[t, domains] + facet_offset)))


@compiled
def top_k(values, order):
    """Write the columns of the highest values of each row, highest first, ties by column.

    Args:
        values: float64, finite, shape (rows, columns).
        order: Output, int64, shape (rows, places), no more places than columns.
    """
    places = order.shape[1]
    best = np.empty(places)
    for t in range(values.shape[0]):
        best[:] = -np.inf
        for d in range(values.shape[1]):
            value = values[t, d]
            if value <= best[places - 1]:
                continue
            at = places - 1
            while at > 0 and value > best[at - 1]:
                best[at] = best[at - 1]
                order[t, at] = order[t, at - 1]
                at -= 1
            best[at] = value
            order[t, at] = d
