"""Shown probabilities: rounded to four decimals, all at once, just as Python rounds one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLACES = 4


STEPS = 10**PLACES + 1


def whole_steps(shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return ``shares`` as whole steps of the last shown decimal, rounded just as Python's ``round``."""
    scaled = shares * 10**PLACES
    steps: NDArray[np.int64] = np.rint(scaled).astype(np.int64)
    # Scaling is inexact: what lies this close to the middle of two steps is left to round().
    near = np.abs(scaled - np.floor(scaled) - 0.5) < 1e-6
    steps[near] = [round(round(value, PLACES) * 10**PLACES) for value in shares[near].tolist()]
    return steps
