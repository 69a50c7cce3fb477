"""How the end of a period was counted, day by day, in words: which days count, which do not and why, whether the end moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tousu.clock.legal_days import ONE, SATURDAY
from tousu.clock.workdays import WEEKDAYS
from tousu.ledger.fields import TITLES
from tousu.taxonomy import UNITS

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator

    from tousu.clock.case import Line
    from tousu.clock.rules import Clocks, Rule
    from tousu.clock.workdays import WorkCalendar


class Step(NamedTuple):
    """Days one after the other of which the same is told.

    Attributes:
        first: The first of them.
        last: The last of them.
        said: What is told of them, in Chinese.
        counted: Whether they count.
    """

    first: datetime.date
    last: datetime.date
    said: str
    counted: bool

    @property
    def days(self) -> str:
        """The days in Chinese, with their places in the week."""
        return named(self.first) if self.first == self.last else f"{named(self.first)} 至 {named(self.last)}"


class _Day(NamedTuple):
    day: datetime.date
    why: str
    number: int  # its number among those that count, 0 for one that does not


def working_of(line: Line, clocks: Clocks, calendar: WorkCalendar) -> list[Step]:
    """Return how a clock's last day was counted; the last step ends with that day; none for a clock that cannot be told.

    Args:
        line: The clock, as ``Judge`` tells it.
        clocks: The clocks in use.
        calendar: The working days.
    """
    rule = _rule(line.clock, clocks)
    if rule is None or line.start is None or line.due is None:
        return []
    days = rule.days + (rule.extend if line.extended else 0)
    unit = UNITS[rule.unit]
    length = f"期限 {days} {unit}" + (f"（含延长 {rule.extend} {unit}）" if line.extended else "")
    steps = [Step(line.start, line.start, f"{TITLES[rule.starts]}，当天不计；{length}", counted=False)]
    steps += _runs(list(_days(line, rule, days, calendar)), unit)
    last = steps[-1].last
    if last < line.due:
        steps.append(Step(last, last, f"末日不是工作日（{_off(last, calendar)}），顺延", counted=False))
        if last + ONE < line.due:
            steps += _runs([_Day(day, _off(day, calendar), 0) for day in _between(last + ONE, line.due - ONE)], unit)
        steps.append(Step(line.due, line.due, "下一个工作日，到期", counted=True))
    else:
        steps[-1] = steps[-1]._replace(said=f"{steps[-1].said}，到期")
    return steps


def named(day: datetime.date) -> str:
    """Return a day with its place in the week."""
    return f"{day.isoformat()}（周{WEEKDAYS[day.weekday()]}）"


def _rule(code: str, clocks: Clocks) -> Rule | None:
    """Return the period of a code."""
    rules = (rule for stages in clocks.stages.values() for stage in stages for rule in stage)
    return next((rule for rule in rules if rule.id == code), None)


def _days(line: Line, rule: Rule, days: int, calendar: WorkCalendar) -> Iterator[_Day]:
    """Yield the days behind the beginning up to the one that is the last by its number."""
    assert line.start is not None
    number, day = 0, line.start
    while number < days:
        day += ONE
        if line.pause is not None and line.pause.first <= day < line.pause.until:
            yield _Day(day, "检测鉴定，停表，不计", 0)
        elif rule.unit == "workday" and not calendar.is_workday(day):
            yield _Day(day, f"{_off(day, calendar)}，不计", 0)
        else:
            number += 1
            yield _Day(day, _on(day, calendar) if rule.unit == "workday" else "", number)


def _runs(days: list[_Day], unit: str) -> list[Step]:
    """Return days as steps, those of which the same is told in one."""
    steps: list[Step] = []
    begin = 0
    for place in range(1, len(days) + 1):
        here = days[begin]
        if place < len(days) and (days[place].why, bool(days[place].number)) == (here.why, bool(here.number)):
            continue
        last = days[place - 1]
        said = here.why
        if here.number:
            span = f"{here.number}" if here.number == last.number else f"{here.number} 至 {last.number}"
            said += f"第 {span} {unit}"
        steps.append(Step(here.day, last.day, said, bool(here.number)))
        begin = place
    return steps


def _between(first: datetime.date, last: datetime.date) -> Iterator[datetime.date]:
    return (first + ONE * count for count in range((last - first).days + 1))


def _off(day: datetime.date, calendar: WorkCalendar) -> str:
    """Return why a day is not worked."""
    if calendar.is_holiday(day):
        return f"{calendar.days[day].holiday}放假" + ("（推算，暂定）" if calendar.is_provisional(day) else "")
    return "周末"


def _on(day: datetime.date, calendar: WorkCalendar) -> str:
    """Return what is to be told of a day that is worked: that it was made one in the place of a holiday."""
    return "调休上班，" if day.weekday() >= SATURDAY and day in calendar.days else ""
