"""When a period ends: the first day is not counted, time off the clock is not, an end on a free day may move."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, NamedTuple

from tousu.clock.legal_days import ONE

if TYPE_CHECKING:
    from tousu.clock.rules import Rule
    from tousu.clock.workdays import WorkCalendar


class Pause(NamedTuple):
    """Time off the clock: from ``first`` on, up to the day before ``until``, on which the clock runs again."""

    first: datetime.date
    until: datetime.date


class End(NamedTuple):
    """The end of a period.

    Attributes:
        due: Its last day.
        provisional: Whether that rests on a year whose holidays are computed, not announced.
    """

    due: datetime.date
    provisional: bool


def end_of(
    rule: Rule, start: datetime.date, calendar: WorkCalendar, *, extended: bool = False, pause: Pause | None = None
) -> End:
    """Return when a period ends.

    Args:
        rule: The period.
        start: The day it begins with, which is not counted.
        calendar: The working days.
        extended: Whether it was prolonged as far as it may be.
        pause: Time off the clock; without effect where the period ends before it begins.

    Raises:
        CalendarEnds: The calendar does not reach that far.
    """
    days = rule.days + (rule.extend if extended else 0)
    if rule.unit == "workday":
        due = _worked(start, days, calendar, pause)
        return End(due, any(year in calendar.computed for year in range(start.year, due.year + 1)))
    due = start + ONE * days
    if pause is not None and pause.first <= due:
        due += max(pause.until - max(pause.first, start + ONE), datetime.timedelta(0))
    if rule.moves == "nonworking" or (rule.moves == "holiday" and calendar.is_holiday(due)):
        due = calendar.next_worked(due)
    return End(due, rule.moves != "never" and calendar.is_provisional(due))


def _worked(start: datetime.date, days: int, calendar: WorkCalendar, pause: Pause | None) -> datetime.date:
    """Return the ``days``-th working day after ``start`` that is not in the pause."""
    due = calendar.after(start, days)
    if pause is None or pause.first > due or pause.until <= start + ONE:
        return due
    before = max(calendar.between(start, pause.first - ONE), 0)
    return calendar.after(max(pause.until - ONE, start), days - before)
