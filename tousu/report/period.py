"""Stretches of days: the one a report is about, and those it is compared with."""

from __future__ import annotations

import calendar
import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tousu.errors import FileError

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True, slots=True)
class Period:
    """The days from ``first`` to ``last``, both included."""

    first: datetime.date
    last: datetime.date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise FileError(f"起始日 {self.first} 晚于截止日 {self.last}", fix="改正 --since 与 --until")

    @classmethod
    def month_of(cls, day: datetime.date) -> Self:
        """Return the calendar month ``day`` lies in."""
        return cls(day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1]))

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1

    @property
    def whole_months(self) -> bool:
        """Whether it begins and ends with a month."""
        return self.first.day == 1 and self.last == Period.month_of(self.last).last

    @property
    def label(self) -> str:
        """The period in Chinese."""
        if self.whole_months and self.days <= 31:
            return f"{self.first.year} 年 {self.first.month} 月"
        if self.whole_months and self.first.year == self.last.year:
            return f"{self.first.year} 年 {self.first.month}—{self.last.month} 月"
        return f"{self.first} 至 {self.last}"

    def before(self) -> Period:
        """Return the months before whole ones, the same days of the month before, or as many days before."""
        months = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
        if self.whole_months:
            return Period(_shifted(self.first, -months), self.first - datetime.timedelta(1))
        if self.first.day == 1 and months == 1:
            return Period(_shifted(self.first, -1), _shifted(self.last, -1))
        return Period(self.first - datetime.timedelta(self.days), self.first - datetime.timedelta(1))

    def year_before(self) -> Period:
        """Return the same days of the year before."""
        last = _shifted(self.last, -12)
        return Period(_shifted(self.first, -12), Period.month_of(last).last if self.whole_months else last)


def _shifted(day: datetime.date, months: int) -> datetime.date:
    """Return the same day some months later, or that month's last."""
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return datetime.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def settle_period(
    since: datetime.date | None, until: datetime.date | None, days: tuple[datetime.date, datetime.date] | None
) -> tuple[Period | None, Period | None]:
    """Return the period a report is about (None: the whole file) and the one that is compared with an earlier one.

    Args:
        since: First day asked for.
        until: Last day asked for.
        days: First and last day in the file, None if it has no dates.

    Raises:
        FileError: A period was asked for, and the file has no dates, or it ends before it begins.
    """
    if days is None:
        if since or until:
            raise FileError(
                "文件中没有可用的日期，无法按时段统计", fix="用 --date-column 指明日期列，或去掉 --since 与 --until"
            )
        return None, None
    if since or until:
        chosen = Period(since or min(days[0], until or days[0]), until or max(days[1], since or days[1]))
        return chosen, chosen
    return None, Period(days[1].replace(day=1), days[1])
