"""The heads beside the domains: one machine a kind, a signal and a route, and their calibration.

What a signal looks for may be one sentence of a long letter, so a text's terms are divided by the square root of their
Euclidean length only, see ``features.LinearWeights``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from tousu.case_codes import AUTHORITIES, KINDS, SIGNALS
from tousu.classifier.cases import CLAIMANT, CONSULT, HEADS, CaseCalibration
from tousu_training.calibrate import LEAST_BACKGROUND_RATE, NEVER_SAID, PLACES, fit_logistic, fit_softmax
from tousu_training.fit import FitSettings, Linear, fit_machines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tousu_training.corpus import LabelledRow
    from tousu_training.vocabulary import Vocabulary

SIGNAL_FIT = FitSettings(cost=1.0, facet_cost=1.0, balance=0.5, contrast=0.5, word_classes=1.0, least=2)
KIND_FIT = FitSettings(cost=1.0, facet_cost=1.0, balance=1.0, contrast=0.0, word_classes=2.0, least=2)
TYPICAL = 64.0  # Euclidean length of a text's terms; a power of two keeps saved weights on their grid
LEAST_ROWS = 50
# Where texts come in decides how many are questions; the corpus' shares of the kinds are none to build on.
NO_PRIOR = 1e7
LEAST_PRECISION = {"claimant": 0.85}  # a wrong hint of a professional claim costs more than a missed one


@dataclass(frozen=True, slots=True)
class Heads:
    """Fitted heads.

    Attributes:
        linear: Columns of kinds, then of signals.
        routes: Columns of routes.
    """

    linear: Linear
    routes: Linear


def have_heads(rows: Sequence[LabelledRow]) -> bool:
    """Return whether rows enough say what kind of case they are."""
    kinds = [row.kind for row in rows if row.kind is not None]
    return len(kinds) >= LEAST_ROWS and len(set(kinds)) > 1


def damped(matrix: sp.csr_matrix, lengths: NDArray[np.float64]) -> sp.csr_matrix:
    """Return rows of unit length scaled to the root of their texts' lengths."""
    return sp.csr_matrix(sp.diags(np.sqrt(lengths / TYPICAL)) @ matrix)


def fit_heads(matrix: sp.csr_matrix, rows: Sequence[LabelledRow], vocabulary: Vocabulary) -> Heads:
    """Fit the heads on encoded texts from ``damped``; a row that does not say is left out of what it does not say."""
    told = list(head_targets(rows).T)
    kinds = fit_machines(matrix, told[: len(KINDS)], vocabulary, KIND_FIT)
    signals = fit_machines(matrix, told[len(KINDS) : len(HEADS)], vocabulary, SIGNAL_FIT)
    routes = fit_machines(matrix, told[len(HEADS) :], vocabulary, SIGNAL_FIT)
    weights, bias = np.hstack([kinds.weights, signals.weights]), np.concatenate([kinds.bias, signals.bias])
    return Heads(Linear(weights, bias), routes)


def calibrate_heads(
    scores: NDArray[np.float64], route_scores: NDArray[np.float64], rows: Sequence[LabelledRow],
    possible: NDArray[np.bool_],
) -> CaseCalibration:  # fmt: skip
    """Fit the heads' calibration on held-out scores.

    Kinds and routes are calibrated like the domains, signals like the facet; a signal is said from where its F1 on the
    held-out rows is best, among the places precise enough.

    Args:
        scores: Shape (rows, kinds + signals).
        route_scores: Shape (rows, routes).
        rows: The rows.
        possible: Whether a row holds the words a signal needs, shape (rows, signals); see ``SignalWords``.
    """
    kinds = np.array([-1 if row.kind is None else KINDS.index(row.kind) for row in rows])
    routes = np.array([-1 if row.route is None else AUTHORITIES.index(row.route) for row in rows])
    count = len(KINDS)
    slope, offset, background = fit_softmax(scores[kinds >= 0, :count], kinds[kinds >= 0], ridge=NO_PRIOR)
    signal_slopes, signal_offsets, thresholds = [], [], []
    known = np.array([row.signals is not None for row in rows])
    questions = scores[:, :count].argmax(axis=1) == CONSULT
    for number, signal in enumerate(SIGNALS):
        asked = questions[known] if number == CLAIMANT else np.zeros(int(known.sum()), dtype=np.bool_)
        own, answers = scores[known, count + number], np.array([signal in (row.signals or ()) for row in rows])[known]
        if not answers.any() or answers.all():
            fitted, threshold = (1.0, 0.0), NEVER_SAID
        else:
            fitted = fit_logistic(own, answers)
            logits = np.where(
                asked | ~possible[known, number], -np.inf, fitted[0] * own + fitted[1]
            )  # see ``Cases.judged``
            threshold = best_threshold(logits, answers, LEAST_PRECISION.get(signal, 0.0))
        signal_slopes.append(fitted[0])
        signal_offsets.append(fitted[1])
        thresholds.append(threshold)
    if (routes >= 0).any():
        route_slope, route_offset, route_background = fit_softmax(route_scores[routes >= 0], routes[routes >= 0])
    else:
        route_slope, route_offset, route_background = 1.0, np.zeros(len(AUTHORITIES)), 0.0
    return CaseCalibration(
        slope=np.round(np.concatenate([np.full(count, slope), signal_slopes]), PLACES),
        offset=np.round(np.concatenate([offset, signal_offsets]), PLACES),
        thresholds=np.round(thresholds, PLACES),
        route_slope=np.round(np.full(len(AUTHORITIES), route_slope), PLACES),
        route_offset=np.round(route_offset, PLACES),
        background_rates=np.round(
            np.array([max(share, LEAST_BACKGROUND_RATE) for share in (background, route_background)]), PLACES
        ),
    )


def best_threshold(logits: NDArray[np.float64], answers: NDArray[np.bool_], precision: float) -> float:
    """Return from which logit on saying yes gives the best F1, at no less than the given precision."""
    grid = np.arange(-3.0, 3.0, 0.05)
    said = logits[None, :] >= grid[:, None]
    hits, positive = (said & answers).sum(axis=1), said.sum(axis=1)
    scores = 2 * hits / np.maximum(1, positive + answers.sum())
    # A flat top is met in its middle: the best of single places is mostly luck.
    smooth = np.convolve(np.pad(scores, 3, mode="edge"), np.ones(7) / 7, mode="valid")
    smooth[hits < precision * positive] = -1.0
    return float(grid[int(smooth.argmax())])


def head_targets(rows: Sequence[LabelledRow]) -> NDArray[np.int8]:
    """Return what each row says of each kind, signal and route: 1 yes, -1 no, 0 nobody said, shape (rows, heads)."""
    kinds, signals = [_kind_target(rows, kind) for kind in KINDS], [_signal_target(rows, signal) for signal in SIGNALS]
    return np.stack([*kinds, *signals, *(_route_target(rows, route) for route in AUTHORITIES)], axis=1)


def _kind_target(rows: Sequence[LabelledRow], kind: str) -> NDArray[np.int8]:
    """Return 1 where the row is of the kind, -1 where it is of another, 0 where nobody said or it is half of it."""
    half = ("both",) if kind in ("complaint", "report") else ()
    return np.array(
        [1 if row.kind == kind else 0 if row.kind is None or row.kind in half else -1 for row in rows], dtype=np.int8
    )


def _signal_target(rows: Sequence[LabelledRow], signal: str) -> NDArray[np.int8]:
    """Return 1 where the row has the signal, -1 where not, 0 where nobody said."""
    return np.array([0 if row.signals is None else 1 if signal in row.signals else -1 for row in rows], dtype=np.int8)


def _route_target(rows: Sequence[LabelledRow], route: str) -> NDArray[np.int8]:
    """Return 1 where the row goes to the authority, -1 where to another, 0 where to none."""
    return np.array([0 if row.route is None else 1 if row.route == route else -1 for row in rows], dtype=np.int8)
