"""What a meeting's sheet needs of a ledger: the rows and their clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from tousu.clock.due import STATE_NAMES, DueOptions, clocks_of
from tousu.errors import ColumnMissing, UsageError
from tousu.joint.consult import Clock

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

    from tousu.ledger.read import Ledger


def cases_of(ledger: Ledger, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return some rows of a ledger, tagged, and leave only these in it.

    Args:
        ledger: The ledger.
        numbers: The data rows, from 1 on.

    Raises:
        UsageError: One is not there.
    """
    known = ledger.rows["row"].to_list()
    missing = sorted(set(numbers) - set(known))
    if missing:
        raise UsageError(
            f"{ledger.name} 里没有第 {'、'.join(map(str, missing[:10]))} 行",
            expected=f"1 至 {max(known, default=0)} 的数据行，第一行是 1", fix="改正行号",
        )  # fmt: skip
    ledger.rows = ledger.rows.filter(pl.col("row").is_in(list(numbers)))
    ledger.rows = ledger.with_tags()
    return list(ledger.rows.iter_rows(named=True))


def clocks_on(ledger: Ledger, day: datetime.date) -> list[Clock]:
    """Return the clocks of a ledger's cases; none where it has no column of days.

    Args:
        ledger: The ledger.
        day: The day on which they are told.
    """
    try:
        due = clocks_of(ledger, DueOptions(today=day))
    except ColumnMissing:
        return []
    return [
        Clock(
            line.row, line.name, line.due.isoformat() if line.due else "", STATE_NAMES[line.state],
            f"{line.basis}{f'。{line.reason}' if line.reason else ''}",
        )
        for line in due.lines
    ]  # fmt: skip
