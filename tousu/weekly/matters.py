"""What weeks and months count beside a ledger's own columns: copies of a text, firms, what is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from tousu.clock.states import ENDS, is_open
from tousu.ledger.respondents import firms_of
from tousu.near_duplicates import leaders_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def with_matters(rows: pl.DataFrame, simplified: Mapping[int, int]) -> pl.DataFrame:
    """Add ``leader`` (the first row of nearly the same text, else the row itself), ``firm`` and ``open``.

    Args:
        rows: A ledger's rows.
        simplified: The plain letter of each traditional one, by code point, as ``Classifier.simplified`` has it.
    """
    numbers, names = rows["row"].to_list(), rows["respondent"].to_list()
    leaders = leaders_of(rows["text"].to_list())
    firms = firms_of(rows, simplified)
    states = rows.select(*ENDS, "state").iter_rows(named=True)
    return rows.with_columns(
        pl.Series("leader", [row if at is None else numbers[at] for at, row in zip(leaders, numbers, strict=True)], dtype=pl.Int64),
        pl.Series("firm", [firms[name] if name else None for name in names], dtype=pl.String),
        pl.Series("open", [is_open(row) for row in states], dtype=pl.Boolean),
    )  # fmt: skip
