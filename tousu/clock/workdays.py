"""Working days: a table of announced holidays and make-up days, and what is computed for the years beyond it."""

from __future__ import annotations

import csv
import datetime
import functools
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from tousu.clock.legal_days import SATURDAY, free_days, read_festivals
from tousu.errors import CalendarEnds, RulesError
from tousu.ledger.days import read_day
from tousu.resources import table_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

DAYS = "calendar/days.csv"
HEADER = ("日期", "安排", "节日", "来源")
OFF, ON = "休", "班"
TITLE = "工作日历"
WEEKDAYS = "一二三四五六日"
Span = tuple[datetime.date, datetime.date]


class Day(NamedTuple):
    """A day of the table: one that its weekday alone would tell wrongly, or that lies in a holiday.

    Attributes:
        plan: ``休`` (free) or ``班`` (worked).
        holiday: The holiday it belongs to.
        source: Where it was announced.
    """

    plan: str
    holiday: str
    source: str


class WorkCalendar:
    """Which days are worked.

    Args:
        announced: The days of the table.
        festivals: For each year that may be computed, its festivals, see ``legal_days.read_festivals``.
    """

    def __init__(
        self, announced: Mapping[datetime.date, Day], festivals: Mapping[int, Mapping[str, datetime.date]]
    ) -> None:
        years = {day.year for day, told in announced.items() if told.holiday != "元旦" or day.month == 1}
        self.announced = frozenset(years)
        self.computed = frozenset(set(festivals) - years)
        self.days = dict(announced)
        known = sorted(years | set(festivals))
        self._first, self._last = known[0], known[-1]
        gap = next((year for year in range(self._first, self._last) if year not in known), None)
        if gap is not None:
            raise RulesError(f"{TITLE}里没有 {gap} 年", fix=f"导入 {gap} 年的放假通知，或删去更早的年份")
        for year in self.computed:
            for day, holiday in free_days(year, festivals[year]).items():
                self.days.setdefault(day, Day(OFF, holiday, "推算"))
        self._start = datetime.date(self._first, 1, 1).toordinal()
        end = datetime.date(self._last, 12, 31).toordinal()
        self._worked = [at for at in range(self._start, end + 1) if self._is_worked(datetime.date.fromordinal(at))]
        self._end = end

    def _is_worked(self, day: datetime.date) -> bool:
        told = self.days.get(day)
        return told.plan == ON if told else day.weekday() < SATURDAY

    def _known(self, day: datetime.date) -> int:
        """Return a day's number, if the calendar reaches it.

        Raises:
            CalendarEnds: It does not.
        """
        at = day.toordinal()
        if not self.reaches(day):
            raise CalendarEnds(
                f"{TITLE}没有 {day.year} 年",
                expected=f"{self._first} 至 {self._last} 年",
                fix="用 tousu calendar import 导入放假通知",
            )
        return at

    def reaches(self, day: datetime.date) -> bool:
        """Return whether the calendar has a day."""
        return self._start <= day.toordinal() <= self._end

    def is_workday(self, day: datetime.date) -> bool:
        """Return whether a day is worked.

        Raises:
            CalendarEnds: The calendar does not reach it.
        """
        at = self._known(day)
        place = bisect_right(self._worked, at)
        return place > 0 and self._worked[place - 1] == at

    def is_holiday(self, day: datetime.date) -> bool:
        """Return whether a day lies in a holiday; a plain weekend is none."""
        told = self.days.get(day)
        return told is not None and told.plan == OFF

    def is_provisional(self, day: datetime.date) -> bool:
        """Return whether a day lies in a year whose arrangement was computed, not announced."""
        return day.year in self.computed

    def after(self, day: datetime.date, count: int) -> datetime.date:
        """Return the ``count``-th working day after a day; the day itself is not counted.

        Raises:
            CalendarEnds: The calendar does not reach it.
        """
        place = bisect_right(self._worked, self._known(day)) + count - 1
        if place >= len(self._worked):
            self._known(datetime.date(self._last + 1, 1, 1))
        return datetime.date.fromordinal(self._worked[place])

    def next_worked(self, day: datetime.date) -> datetime.date:
        """Return a day itself if it is worked, else the first after it that is.

        Raises:
            CalendarEnds: The calendar does not reach it.
        """
        return day if self.is_workday(day) else self.after(day, 1)

    def between(self, first: datetime.date, last: datetime.date) -> int:
        """Return how many working days lie after ``first`` up to ``last``; less than 0 where ``last`` is earlier.

        Raises:
            CalendarEnds: The calendar does not reach one of them.
        """
        return bisect_right(self._worked, self._known(last)) - bisect_right(self._worked, self._known(first))


def default_days() -> Path:
    """Return the path of the table of announced days: the station's own where it has one, else the shipped one.

    Raises:
        SettingsError: There is no such directory of own tables.
    """
    return table_path(DAYS)


def read_days(path: Path) -> dict[datetime.date, Day]:
    """Return the days of a table.

    Raises:
        RulesError: It cannot be read, or a line is wrong; the message names it.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return checked_days(enumerate(csv.reader(file), 1), str(path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RulesError(f"{TITLE}读不出：{path}", expected="UTF-8 的 csv", fix="检查路径与编码") from error


def checked_days(lines: Iterable[tuple[int, list[str]]], place: str) -> dict[datetime.date, Day]:
    """Return the days that the lines of a table tell, its header among them.

    Raises:
        RulesError: A line is wrong; the message names it.
    """
    days: dict[datetime.date, Day] = {}
    for number, line in lines:
        cells = [*map(str.strip, line), "", "", "", ""]
        if not any(cells) or tuple(cells[:2]) == HEADER[:2]:
            continue
        day, plan = read_day(cells[0]), cells[1]
        if not isinstance(day, datetime.date):
            raise RulesError(
                f"{TITLE} {place} 第 {number} 行：{cells[0]} {day or '不是日期'}", expected="2027-01-01 这样的日期"
            )
        if plan not in (OFF, ON):
            raise RulesError(f"{TITLE} {place} 第 {number} 行：安排写成了 {plan}", expected="休 或 班")
        if day in days:
            raise RulesError(f"{TITLE} {place} 第 {number} 行：{day} 出现了两次", fix="删去其中一行")
        days[day] = Day(OFF if plan == OFF else ON, cells[2], cells[3])
    if not days:
        raise RulesError(f"{TITLE} {place} 里没有一天", expected="、".join(HEADER))
    return days


@functools.cache
def load_calendar(path: Path | None = None) -> WorkCalendar:
    """Return the calendar of a table of announced days, that of ``default_days`` by default; the same path is read once.

    Raises:
        RulesError: A table cannot be read or is wrong.
    """
    return WorkCalendar(read_days(path or default_days()), read_festivals())
