"""What a meeting's sheet needs of a ledger beside its rows: their clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tousu.clock.due import DueOptions, clocks_of
from tousu.errors import ColumnMissing

if TYPE_CHECKING:
    import datetime

    from tousu.clock.case import Line
    from tousu.ledger.read import Ledger


def clocks_on(ledger: Ledger, day: datetime.date) -> list[Line]:
    """Return the clocks of a ledger's cases; none where it has no column of days.

    Args:
        ledger: The ledger.
        day: The day on which they are told.
    """
    try:
        return clocks_of(ledger, DueOptions(today=day)).lines
    except ColumnMissing:
        return []
