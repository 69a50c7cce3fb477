"""What kind of case each text is: from the scores of the heads to kinds, signals and routes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from tousu.case_codes import AUTHORITIES, KINDS, SIGNALS
from tousu.classifier.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

HEADS = (*KINDS, *SIGNALS)
OTHER, NONE = KINDS.index("other"), AUTHORITIES.index("none")
CONSULT, CLAIMANT = KINDS.index("consult"), SIGNALS.index("claimant")


class CaseCalibration(NamedTuple):
    """How the heads' scores become probabilities, and from which on a signal is said.

    Attributes:
        slope: Factor of each kind's and signal's score, shape (kinds + signals,).
        offset: Summand, of the same shape.
        thresholds: ``slope * score + offset`` from which a signal is said, shape (signals,).
        route_slope: Factor of each route's score, shape (routes,).
        route_offset: Summand, of the same shape.
        background_rates: Share of the uniform distribution in the probabilities of kinds and of routes, shape (2,).
    """

    slope: NDArray[np.float64]
    offset: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    route_slope: NDArray[np.float64]
    route_offset: NDArray[np.float64]
    background_rates: NDArray[np.float64]

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.float64]]) -> Self | None:
        """Return the calibration in a model's or reader's arrays; None for one without heads."""
        if "head_slope" not in arrays:
            return None
        return cls(
            arrays["head_slope"], arrays["head_offset"], arrays["head_thresholds"],
            arrays["route_slope"], arrays["route_offset"], arrays["head_background"],
        )  # fmt: skip


class Cases(NamedTuple):
    """What kind of case each text is, as columns.

    Attributes:
        kinds: Index in ``KINDS``, int8, shape (texts,); -1 where the model has no heads.
        routes: Index in ``AUTHORITIES``, int8, shape (texts,); -1 where the text is within the remit, or the model has none.
        signals: bool, shape (texts, signals).
        amounts: The largest sum of money in yuan, float64, shape (texts,); NaN where none is told.
        kind_logits: float64, shape (texts, kinds), empty without heads.
        route_logits: float64, shape (texts, routes), NaN within the remit, empty without heads.
    """

    kinds: NDArray[np.int8]
    routes: NDArray[np.int8]
    signals: NDArray[np.bool_]
    amounts: NDArray[np.float64]
    kind_logits: NDArray[np.float64]
    route_logits: NDArray[np.float64]

    def part(self, rows: slice) -> Self:
        """Return the cases of some of the texts."""
        return type(self)(*[column[rows] for column in self])  # type: ignore[arg-type]

    @classmethod
    def unknown(cls, amounts: NDArray[np.float64]) -> Self:
        """Return what a model without heads says: nothing but the amounts."""
        count = amounts.size
        nobody = np.full(count, -1, dtype=np.int8)
        silent = np.zeros((count, len(SIGNALS)), dtype=np.bool_)
        return cls(nobody, nobody.copy(), silent, amounts, np.empty((count, 0)), np.empty((count, 0)))

    @classmethod
    def judged(
        cls,
        scores: NDArray[np.float64],
        first: int,
        route_scores: NDArray[np.float64],
        found: NDArray[np.bool_],
        outside: NDArray[np.bool_],
        amounts: NDArray[np.float64],
        calibration: CaseCalibration,
    ) -> Self:
        """Return what the heads' scores say: the one way, for tagging as for held-out rows.

        Who asks claims nothing: a question never has the signal ``claimant``. A text without any known term is of kind ``other`` and has no signal; outside the remit its route is ``none``.

        Args:
            scores: Shape (texts, columns), a column for each kind and then for each signal from ``first`` on.
            first: Column of the first kind.
            route_scores: Shape (texts, routes).
            found: Whether any known term was found in each text, shape (texts,).
            outside: Whether each text's primary domain lies outside the remit, shape (texts,).
            amounts: Shape (texts,).
            calibration: How to judge them.
        """
        count = len(scores)
        made = cls(
            kinds=np.empty(count, dtype=np.int8),
            routes=np.empty(count, dtype=np.int8),
            signals=np.empty((count, len(SIGNALS)), dtype=np.bool_),
            amounts=amounts,
            kind_logits=np.empty((count, len(KINDS))),
            route_logits=np.empty((count, route_scores.shape[1])),
        )
        judge_cases(scores, first, route_scores, found, outside, calibration, len(KINDS), OTHER, NONE, made)
        return made

    def kind_probabilities(self, row: int, calibration: CaseCalibration) -> dict[str, float]:
        """Return the calibrated probability of each kind for one text, highest first."""
        return _shares(self.kind_logits[row].tolist(), float(calibration.background_rates[0]), KINDS)

    def route_probabilities(self, row: int, calibration: CaseCalibration) -> dict[str, float]:
        """Return the calibrated probability of each authority for one text, highest first; empty within the remit."""
        if self.routes[row] < 0:
            return {}
        return _shares(self.route_logits[row].tolist(), float(calibration.background_rates[1]), AUTHORITIES)


def _shares(logits: list[float], background: float, names: tuple[str, ...]) -> dict[str, float]:
    """Return the softmax of logits mixed with a share of the uniform distribution, highest first."""
    if not logits or math.isnan(logits[0]):
        return {}
    highest = max(logits)
    powers = [math.exp(logit - highest) for logit in logits]
    total = sum(powers)
    shares = {
        name: (1 - background) * power / total + background / len(powers)
        for name, power in zip(names, powers, strict=True)
    }
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


@compiled
def judge_cases(scores, first, route_scores, found, outside, calibration, kinds, other, none, made):
    """Fill in ``made``; see ``Cases.judged``.

    Args:
        scores: See there.
        first: See there.
        route_scores: See there.
        found: See there.
        outside: See there.
        calibration: See there.
        kinds: How many kinds there are.
        other: The kind of a text without a known term.
        none: And its route.
        made: Output, the ``Cases``.
    """
    for t in range(scores.shape[0]):
        best = 0
        for d in range(kinds):
            made.kind_logits[t, d] = calibration.slope[d] * scores[t, first + d] + calibration.offset[d]
            if made.kind_logits[t, d] > made.kind_logits[t, best]:
                best = d
        made.kinds[t] = best if found[t] else other
        for s in range(made.signals.shape[1]):
            logit = calibration.slope[kinds + s] * scores[t, first + kinds + s] + calibration.offset[kinds + s]
            asked = s == CLAIMANT and made.kinds[t] == CONSULT
            made.signals[t, s] = found[t] and logit >= calibration.thresholds[s] and not asked
        route = -1
        for d in range(route_scores.shape[1]):
            made.route_logits[t, d] = calibration.route_slope[d] * route_scores[t, d] + calibration.route_offset[d]
            if route < 0 or made.route_logits[t, d] > made.route_logits[t, route]:
                route = d
        if route >= 0 and not found[t]:
            route = none
        elif route >= 0 and math.isnan(made.route_logits[t, 0]):
            route = -1  # a careful reader saw it outside, the n-grams did not
        made.routes[t] = route if outside[t] else -1
