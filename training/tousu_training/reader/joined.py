"""What the encoder weighs beside the n-grams: for the domains, the facet, and each kind, signal and route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import log_softmax

from tousu.case_codes import AUTHORITIES, KINDS
from tousu.classifier.cases import HEADS, CaseCalibration, Cases
from tousu.classifier.reader.careful import with_heads
from tousu_training.evaluate_cases import evaluate_cases
from tousu_training.heads import calibrate_heads, head_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tousu.classifier.decisions import Calibration
    from tousu.classifier.tagging import Taggings
    from tousu_training.corpus import LabelledRow
    from tousu_training.labels import Labels
    from tousu_training.train import Trained

TRIED = np.arange(0.0, 2.01, 0.05)  # of what the encoder weighs in units of the n-grams' own calibration
SURER = (0.6, 0.8, 1.0)  # both together are surer than either; a common factor takes that back, as the calibration will
LEAST_POSITIVES = 10  # rows that say yes, for a weight of its own to be looked for


def weights_of(
    scores: NDArray[np.float64], logits: NDArray[np.float64], known: NDArray[np.bool_], rows: Sequence[LabelledRow],
    labels: Labels, calibration: Calibration,
) -> tuple[float, float]:  # fmt: skip
    """Return what the encoder weighs beside the n-grams' scores: where the held-out labels are likeliest.

    Args:
        scores: The n-grams' held-out scores, the facet's last, shape (rows, domains + 1).
        logits: The encoder's held-out logits, the facet's last.
        known: Whether the n-grams knew any term of each row.
        rows: The rows.
        labels: The label set.
        calibration: The n-grams' own.
    """
    primary = np.array([labels.domains.index(row.primary) for row in rows])[known]
    own = (calibration.slope * scores[:, :-1] + calibration.offset)[known]
    weight = _of_one_among(own, log_softmax(logits[:, :-1], axis=1)[known], primary) / float(calibration.slope.mean())
    asked = np.array([row.online is not None for row in rows])
    truth = np.array([bool(row.online) for row in rows])[asked]
    slope, offset, _ = (float(x) for x in calibration.facet)
    mixed = truth.any() and not truth.all()
    facet = _of_yes_or_no(slope * scores[asked, -1] + offset, logits[asked, -1], truth) / slope if mixed else 0.0
    return round(weight, 4), round(facet, 4)


@dataclass(frozen=True, slots=True)
class JoinedHeads:
    """Both readings of kinds, signals and routes together, of the rows held out.

    Attributes:
        rows: The rows.
        shares: What the encoder's logits weigh, shape (kinds + signals + routes,).
        heads: Scores of kinds and signals by both, and by the n-grams alone, each of shape (rows, kinds + signals).
        routes: And of routes, each of shape (rows, routes).
        calibrations: Of both, and of the n-grams alone.
        possible: Whether a row holds the words a signal needs, shape (rows, signals).
        known: Whether the n-grams knew any term of each row.
    """

    rows: Sequence[LabelledRow]
    shares: NDArray[np.float64]
    heads: tuple[NDArray[np.float64], NDArray[np.float64]]
    routes: tuple[NDArray[np.float64], NDArray[np.float64]]
    calibrations: tuple[CaseCalibration, CaseCalibration]
    possible: NDArray[np.bool_]
    known: NDArray[np.bool_]

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return what a reader keeps of it, by the names of its arrays."""
        fitted = self.calibrations[0]
        return {
            "head_shares": self.shares, "head_slope": fitted.slope, "head_offset": fitted.offset,
            "head_thresholds": fitted.thresholds, "route_slope": fitted.route_slope, "route_offset": fitted.route_offset,
            "head_background": fitted.background_rates,
        }  # fmt: skip

    def figures(self, said: Taggings, labels: Labels, *, careful: bool) -> dict[str, Any]:
        """Return how good kinds, routes and signals are on the rows, as ``evaluate_cases`` does.

        Args:
            said: What that reading says of the rows' domains.
            labels: The label set.
            careful: Whether both readings are asked for, or the n-grams alone.
        """
        place = 0 if careful else 1
        outside = said.primary == (labels.domains.index(labels.outside) if labels.outside else -1)
        nothing = np.full(len(self.rows), np.nan)
        cases = Cases.judged(
            self.heads[place], 0, self.routes[place], self.known, outside, nothing, self.calibrations[place]
        )
        cases.signals[~self.possible] = False
        return evaluate_cases(self.rows, cases)


def join_heads(
    trained: Trained, held: NDArray[np.int64], logits: NDArray[np.float64], rows: Sequence[LabelledRow]
) -> JoinedHeads:
    """Fit what joins both readings of kinds, signals and routes.

    Args:
        trained: The model.
        held: Which of its rows neither reading was trained on, shape (rows,).
        logits: The encoder's of kinds, signals and routes, shape (rows, kinds + signals + routes).
        rows: Those rows.
    """
    assert trained.case_calibration is not None
    heads, routes, possible = trained.held_heads[held], trained.held_routes[held], trained.possible[held]
    shares = head_shares(heads, routes, logits, rows, trained.case_calibration)
    both = with_heads(heads, routes, logits, shares)
    fitted = calibrate_heads(*both, rows, possible)
    return JoinedHeads(
        rows,
        shares,
        (both[0], heads),
        (both[1], routes),
        (fitted, trained.case_calibration),
        possible,
        trained.known[held],
    )


def head_shares(
    heads: NDArray[np.float64], routes: NDArray[np.float64], logits: NDArray[np.float64], rows: Sequence[LabelledRow],
    calibration: CaseCalibration,
) -> NDArray[np.float64]:  # fmt: skip
    """Return what the encoder weighs for each kind, signal and route: where the held-out labels are likeliest.

    Kinds share one weight and routes another, since they are weighed against each other; a signal has its own.

    Args:
        heads: The n-grams' held-out scores of kinds and signals.
        routes: And of routes.
        logits: The encoder's of all of them, shape (rows, kinds + signals + routes).
        rows: The rows.
        calibration: The n-grams' own.
    """
    told, kinds, further = head_targets(rows), len(KINDS), len(HEADS)
    own = calibration.slope * heads + calibration.offset
    shares = np.zeros(logits.shape[1])
    told_kind = (told[:, :kinds] == 1).any(axis=1)
    if told_kind.any():
        truth = np.array([KINDS.index(str(row.kind)) for row in rows if row.kind is not None])
        shares[:kinds] = _of_one_among(own[told_kind, :kinds], logits[told_kind, :kinds], truth)
        shares[:kinds] /= calibration.slope[:kinds]
    for column in range(kinds, further):
        asked = told[:, column] != 0
        truth = told[asked, column] > 0
        if truth.sum() >= LEAST_POSITIVES and not truth.all():
            weight = _of_yes_or_no(own[asked, column], logits[asked, column], truth)
            shares[column] = weight / calibration.slope[column]
    routed = np.array([row.route is not None for row in rows])
    if routed.any():
        truth = np.array([AUTHORITIES.index(str(row.route)) for row in rows if row.route is not None])
        own_routes = calibration.route_slope * routes + calibration.route_offset
        shares[further:] = _of_one_among(own_routes[routed], logits[routed, further:], truth) / calibration.route_slope
    return np.asarray(np.round(shares, 4))


def _of_one_among(own: NDArray[np.float64], told: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the weight of ``told`` beside ``own`` at which the true columns are likeliest; both of shape (rows, columns)."""
    at = np.arange(truth.size)

    def likely(weight: float) -> float:
        sums = own + weight * told
        return max(float(log_softmax(factor * sums, axis=1)[at, truth].mean()) for factor in SURER)

    return float(max(TRIED, key=likely))


def _of_yes_or_no(own: NDArray[np.float64], told: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Return the weight of ``told`` beside ``own`` at which the answers are likeliest; both of shape (rows,)."""

    def likely(weight: float) -> float:
        sums = own + weight * told
        return -float(np.logaddexp(0, np.where(truth, -sums, sums)).mean())

    return float(max(TRIED, key=likely))
