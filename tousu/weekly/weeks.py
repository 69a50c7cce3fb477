"""Calendar weeks as ``2026-W20`` (ISO 8601: Monday to Sunday)."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from tousu.errors import UsageError

WEEK = re.compile(r"((?:19|20)\d\d)-?[Ww](\d{1,2})")


@dataclass(frozen=True, slots=True)
class Week:
    """A week.

    Attributes:
        first: Its Monday.
    """

    first: datetime.date

    @classmethod
    def of(cls, day: datetime.date) -> Week:
        """Return the week ``day`` lies in."""
        return cls(day - datetime.timedelta(day.weekday()))

    @classmethod
    def named(cls, name: str) -> Week:
        """Return the week of a name.

        Raises:
            UsageError: It names none.
        """
        found = WEEK.fullmatch(name.strip())
        try:
            return cls(datetime.date.fromisocalendar(int(found[1]), int(found[2]), 1))  # type: ignore[index]
        except (TypeError, ValueError) as error:
            raise UsageError(f"没有 {name} 这一周", expected="年-W周，如 2026-W20", fix="改正 --week") from error

    @property
    def last(self) -> datetime.date:
        """Its Sunday."""
        return self.first + datetime.timedelta(6)

    @property
    def name(self) -> str:
        """Its name, as ``2026-W20``."""
        year, number, _ = self.first.isocalendar()
        return f"{year}-W{number:02}"

    @property
    def label(self) -> str:
        """Its name in Chinese."""
        year, number, _ = self.first.isocalendar()
        return f"{year} 年第 {number} 周"

    def back(self, weeks: int) -> Week:
        """Return the week so many weeks before."""
        return Week(self.first - datetime.timedelta(7 * weeks))
