"""What a file tells of a case beside its text: when it came in. The column is known by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tousu.files.dates import DATE_NAMES, day_of

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Sequence


class Facts(NamedTuple):
    """What is known of one case.

    Attributes:
        received: The day it came in; None where the file does not tell.
    """

    received: datetime.date | None = None


class FactColumns:
    """Which columns tell the facts.

    Args:
        names: The table's columns in their order.

    Attributes:
        said: Which were found, in Chinese.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._day = next((names.index(known) for known in DATE_NAMES if known in names), None)
        self.said = "没有日期列，时效按今天算" if self._day is None else f"时效按 {names[self._day]} 列算"

    @property
    def places(self) -> list[int]:
        """The places of the columns that were found."""
        return [] if self._day is None else [self._day]

    def facts(self, cell: Callable[[int], object]) -> Facts:
        """Return a row's facts; ``cell`` gives the row's cell by its place, None or nothing where there is none."""
        return Facts(None if self._day is None else day_of(cell(self._day)))
