"""Who is held out together: near-duplicates of one text never stand on both sides."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from tousu.near_duplicates import group_similar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tousu_training.corpus import LabelledRow

FOLDS = 5
MOST_SERIES = 16


def assign_folds(rows: Sequence[LabelledRow]) -> NDArray[np.int64]:
    """Return the fold of each row, from 0 on.

    Where the rows come from three or more series (different hands or collections), each series is held
    out as a whole, so that the held-out figures speak of texts by an unknown hand. Elsewhere groups of
    near-duplicates are spread over five folds by a hash of their first text.
    """
    leaders = group_similar([row.text for row in rows])
    series = sorted({row.series for row in rows})
    if 3 <= len(series) <= MOST_SERIES:
        number = {name: index for index, name in enumerate(series)}
        return np.array([number[rows[leader].series] for leader in leaders])
    digests = [hashlib.sha256(rows[leader].text.encode("utf-8", "surrogatepass")).digest() for leader in leaders]
    return np.array([int.from_bytes(digest[:4], "big") % FOLDS for digest in digests])
