"""Who is held out together: the texts of one hand, and near-duplicates of one text, never stand on both sides."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tousu.near_duplicates import group_similar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tousu_training.corpus import LabelledRow

FOLDS = 5
LEAST_GROUPS = 3  # of series, to be held out as a whole
LARGEST = 0.5  # share of the rows a group of series may hold


@dataclass(frozen=True, slots=True)
class Folds:
    """How the rows are held out.

    Attributes:
        numbers: Fold of each row, from 0 on, shape (rows,).
        by: ``series``: whole series, those with near-duplicates of each other's texts together; ``texts``: groups of
            near-duplicates alone.
        groups: How many groups were spread over the folds.
        how: The same in Chinese, and why where series are not held out as a whole.
    """

    numbers: NDArray[np.int64]
    by: str
    groups: int
    how: str

    @property
    def count(self) -> int:
        """How many folds there are."""
        return int(self.numbers.max(initial=-1)) + 1

    def to_dict(self) -> dict[str, str | int]:
        """Return what a model's manifest says of it."""
        return {"by": self.by, "groups": self.groups, "folds": self.count}


def assign_folds(rows: Sequence[LabelledRow]) -> Folds:
    """Return the folds of the rows: five, or as many as there are groups.

    Each series (a hand or a collection) is held out as a whole, so that the held-out figures speak of texts by an
    unknown hand; series that share near-duplicate texts are held out together, and rows without a series with their
    near-duplicates. Where that leaves fewer than three groups, or one with more than half of the rows, only groups of
    near-duplicates are held out together.
    """
    leaders = np.array(group_similar([row.text for row in rows]), dtype=np.int64)
    groups = _united(leaders, rows)
    sizes = np.unique(groups, return_counts=True)[1]
    if not any(row.series for row in rows):
        why = "没有写明来源"
    elif sizes.size < LEAST_GROUPS:
        why = f"来源不到 {LEAST_GROUPS} 组"
    elif sizes.max() > LARGEST * len(rows):
        why = "一组来源占了过半的行"
    else:
        return Folds(_spread(groups, rows), "series", sizes.size, f"整个来源一起留出，共 {sizes.size} 组")
    count = np.unique(leaders).size
    return Folds(_spread(leaders, rows), "texts", count, f"{why}，只把近似的文本一起留出，共 {count} 组")


def _united(leaders: NDArray[np.int64], rows: Sequence[LabelledRow]) -> NDArray[np.int64]:
    """Return a group number for each row: one for all that series and near-duplicates tie together."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first: dict[str, int] = {}
    ends = [
        first.setdefault(row.series, leader) if row.series else leader
        for row, leader in zip(rows, leaders.tolist(), strict=True)
    ]
    ties = coo_array((np.ones(leaders.size, dtype=np.int8), (leaders, ends)), shape=(leaders.size, leaders.size))
    return np.asarray(connected_components(ties, directed=False)[1][leaders], dtype=np.int64)


def _spread(groups: NDArray[np.int64], rows: Sequence[LabelledRow]) -> NDArray[np.int64]:
    """Return each row's fold: the largest group first, each to the fold with fewest rows.

    That is scikit-learn's ``GroupKFold``, but for groups of one size: its sort takes those in an order that depends on
    the processor, here the hash of a group's first text says.
    """
    _, firsts, places, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    digests = [hashlib.sha256(rows[i].text.encode("utf-8", "surrogatepass")).digest() for i in firsts]
    load = np.zeros(min(FOLDS, sizes.size), dtype=np.int64)
    fold = np.empty(sizes.size, dtype=np.int64)
    for group in sorted(range(sizes.size), key=lambda group: (-sizes[group], digests[group])):
        fold[group] = load.argmin()
        load[fold[group]] += sizes[group]
    return fold[places]
