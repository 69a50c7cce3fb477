"""Scores of held-out rows → calibrated probabilities and the thresholds of a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, softmax
from scipy.stats import beta

from tousu.classifier.decisions import Calibration
from tousu.classifier.tagging import Taggings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tousu_training.corpus import LabelledRow

TARGET_PRECISION = (
    0.968  # of held-out rows; a station's own texts are less like the corpus, and 0.95 is what it is promised
)
OWN_TARGET_PRECISION = 0.96
PRIOR = 50
CONFIDENCE = 0.90
WORST_PRECISION = 0.95  # of the worst fifth of hands
LEAST_HANDS = 10
LEAST_OF_HAND = 100
HIGHEST, LOWEST, STEP = 0.99, 0.5, 0.0025  # thresholds tried for that
LEAST_SHARE = 0.3  # of the rows, accepted
LEAST_ACCEPTED = 25
RIDGE = 50.0
NEVER = 1.01
NO_FURTHER = 1e6
NEVER_SAID = 1e6
LEAST_BACKGROUND_RATE = 0.02
PLACES = 4
# So tight that what the processor's order of adding leaves is far below what is rounded away.
TIGHT = {"ftol": 0.0, "gtol": 1e-7, "maxiter": 2000}


def calibrate(
    scores: NDArray[np.float64], found: NDArray[np.bool_], rows: Sequence[LabelledRow], domains: tuple[str, ...],
    fallback: str,
) -> Calibration:  # fmt: skip
    """Fit a calibration on held-out scores.

    The probabilities are a softmax with one temperature and a ridge-bound offset a domain, fitted by
    maximum likelihood (Guo et al. 2017, arXiv:1706.04599), mixed with a share of the uniform
    distribution: the contamination a robust likelihood allows for, so that no score, however high, makes
    a text surer than the surest held-out rows were right.

    Args:
        scores: Held-out scores, shape (rows, domains + 1).
        found: Whether the held-out model knew any term of each row, shape (rows,). Of the others the fallback is said,
            and never surely.
        rows: The rows.
        domains: The domains, in the order of the columns.
        fallback: The domain of rows without a known term.
    """
    primary = np.array([domains.index(row.primary) for row in rows])
    slope, offset, background_rate = fit_softmax(scores[:, :-1], primary)
    draft = Calibration(
        slope=np.round(np.full(len(domains), slope), PLACES),
        offset=np.round(offset, PLACES),
        background_rate=round(max(background_rate, LEAST_BACKGROUND_RATE), PLACES),
        thresholds=np.full(len(domains), NO_FURTHER),
        accept=np.full(len(domains), NEVER),
        facet=np.round(_fit_facet(scores[:, -1], rows), PLACES),
    )
    logits = draft.slope * scores[found, :-1] + draft.offset
    thresholds = _further_thresholds(logits, [rows[i] for i in np.flatnonzero(found).tolist()], domains)
    said = Taggings.judged(scores, found, draft, domains=domains, fallback=fallback, model="")
    accept = _accept_thresholds(said.probabilities[found], primary[found], _hands(rows)[found])
    return draft._replace(thresholds=np.round(thresholds, PLACES), accept=np.round(accept, PLACES))


def _hands(rows: Sequence[LabelledRow]) -> NDArray[np.int64]:
    """Return a number for each row's series, -1 where it has none, shape (rows,)."""
    numbers = {name: number for number, name in enumerate(sorted({row.series for row in rows} - {""}))}
    return np.array([numbers.get(row.series, -1) for row in rows], dtype=np.int64)


def fit_softmax(
    scores: NDArray[np.float64], primary: NDArray[np.int64], *, ridge: float = RIDGE
) -> tuple[float, NDArray[np.float64], float]:
    """Return the slope, offsets and background_rate that make the held-out primaries likeliest."""
    count = scores.shape[1]
    rows = np.arange(primary.size)
    hits = np.eye(count)[primary]

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        slope, strange, offset = np.exp(parameters[0]), expit(parameters[1]), parameters[2:]
        shares = softmax(slope * scores + offset, axis=1)
        own = shares[rows, primary]
        mixed = (1 - strange) * own + strange / count
        value = -np.log(mixed).sum() + ridge * (offset @ offset)
        pull = ((1 - strange) * own / mixed)[:, None] * (shares - hits)
        by_strange = -((1 / count - own) / mixed).sum() * strange * (1 - strange)
        gradient = [[(pull * scores).sum() * slope], [by_strange], pull.sum(axis=0) + 2 * ridge * offset]
        return float(value), np.concatenate(gradient)

    start = np.concatenate([[1.0, -4.0], np.zeros(count)])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=TIGHT).x
    return float(np.exp(found[0])), np.asarray(found[2:]), float(expit(found[1]))


def _further_thresholds(
    logits: NDArray[np.float64], rows: Sequence[LabelledRow], domains: Sequence[str]
) -> NDArray[np.float64]:
    """Return from where on a further code is given: one value for all domains, by best F1 on held-out rows."""
    truth = np.array([[domain in row.codes[1:] for domain in domains] for row in rows])
    if not truth.any():
        return np.full(len(domains), NO_FURTHER)
    eligible = np.ones_like(truth)
    eligible[np.arange(len(rows)), logits.argmax(axis=1)] = False
    best, chosen = -1.0, NO_FURTHER
    for threshold in np.arange(-2.0, 2.0, 0.05):
        said = (logits >= threshold) & eligible
        score = 2 * float((said & truth).sum()) / max(1.0, float(said.sum() + truth.sum()))
        if score > best:
            best, chosen = score, float(threshold)
    return np.full(len(domains), chosen)


def _accept_thresholds(
    probabilities: NDArray[np.float64], primary: NDArray[np.int64], hands: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return for each domain the least probability that keeps accepted primaries right.

    First one threshold for all: the lowest whose accepted held-out rows are right in at least ``TARGET_PRECISION`` of
    cases with confidence ``CONFIDENCE`` (Clopper & Pearson 1934, one-sided), and those of the worst fifth of hands in
    at least ``WORST_PRECISION``: a station's own texts are as unlike the corpus as the hand it knows least. A domain
    whose own accepted rows are right less often than ``OWN_TARGET_PRECISION``, counted together with ``PRIOR`` rows of the
    common precision, gets a higher one; none gets a lower one, for held-out rows flatter a domain more than they
    flatter the whole.

    Args:
        probabilities: Of the held-out rows, shape (rows, domains).
        primary: Column of each row's primary, shape (rows,).
        hands: Number of each row's hand, shape (rows,); -1 where none is known.
    """
    said = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1)
    right = said == primary
    common = max(lowest_safe(sure, right, _surely_safe), _safe_among_hands(sure, right, hands))
    own = [
        lowest_safe(sure[said == domain], right[said == domain], _own_safe) for domain in range(probabilities.shape[1])
    ]
    return np.asarray(np.maximum(own, common))


def _safe_among_hands(sure: NDArray[np.float64], right: NDArray[np.bool_], hands: NDArray[np.int64]) -> float:
    """Return the lowest threshold from which on the worst fifth of hands is right often enough.

    That is the conditional value at risk over hands (Rockafellar & Uryasev 2000, doi:10.21314/JOR.2000.038): the
    mean of the worst fifth, which unlike the worst hand alone does not hang on a single one. Nought with too few
    hands to speak of a worst fifth, ``NEVER`` where no threshold is safe.
    """
    sizes = np.bincount(hands[hands >= 0]) if (hands >= 0).any() else np.zeros(0, dtype=np.int64)
    large = np.flatnonzero(sizes >= LEAST_OF_HAND)
    if large.size < LEAST_HANDS:
        return 0.0
    fifth = -(-large.size // 5)
    safe = NEVER
    for threshold in np.arange(HIGHEST, LOWEST, -STEP):
        accepted = (sure >= threshold) & (hands >= 0)
        count = np.bincount(hands[accepted], minlength=sizes.size)[large]
        hits = np.bincount(hands[accepted & right], minlength=sizes.size)[large]
        if count.sum() < LEAST_SHARE * sizes[large].sum():
            continue  # too few are left at so high a threshold to tell hands apart
        worst = np.argsort(hits / np.maximum(count, 1), kind="stable")[:fifth]
        if hits[worst].sum() < WORST_PRECISION * count[worst].sum():
            break
        safe = float(threshold)
    return round(safe, PLACES)


def lowest_safe(
    sure: NDArray[np.float64],
    right: NDArray[np.bool_],
    safe: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]],
) -> float:
    """Return the lowest threshold whose accepted rows are safe by their hits and their number, or ``NEVER``."""
    order = np.argsort(-sure, kind="stable")
    passing = np.flatnonzero(safe(np.cumsum(right[order]), np.arange(1, order.size + 1)))
    return float(sure[order][passing[-1]]) if passing.size else NEVER


def _surely_safe(hits: NDArray[np.int64], accepted: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where the lower bound of the precision is high enough and there are rows enough to say so."""
    bound = beta.ppf(1 - CONFIDENCE, np.maximum(hits, 1), accepted - hits + 1)
    return np.asarray((bound >= TARGET_PRECISION) & (accepted >= LEAST_ACCEPTED))


def _own_safe(hits: NDArray[np.int64], accepted: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where a domain's own precision, drawn towards the common one, is high enough."""
    return np.asarray((hits + PRIOR * TARGET_PRECISION) / (accepted + PRIOR) >= OWN_TARGET_PRECISION)


def _fit_facet(scores: NDArray[np.float64], rows: Sequence[LabelledRow]) -> NDArray[np.float64]:
    """Return slope, offset and threshold of the facet: Platt's logistic fit; said where likelier than not."""
    known = np.array([row.online is not None for row in rows])
    truth = np.array([bool(row.online) for row in rows])[known]
    values = scores[known]
    if not truth.any() or truth.all():
        return np.array([1.0, 0.0, NEVER if not truth.any() else 0.0])
    return np.array([*fit_logistic(values, truth), 0.5])


def fit_logistic(values: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Return slope and offset of Platt's logistic fit of yes/no answers to scores."""

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = parameters[0] * values + parameters[1]
        pull = expit(logits) - truth
        return float(np.logaddexp(0.0, np.where(truth, -logits, logits)).sum()), np.array([pull @ values, pull.sum()])

    slope, offset = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", options=TIGHT).x
    return float(slope), float(offset)
