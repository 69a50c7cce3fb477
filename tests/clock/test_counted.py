"""How a last day was counted, in words: always up to the day the clock tells, every day told once."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clock.test_dates import CASES, RULES, dates, day, told
from tousu.clock.case import Line
from tousu.clock.counted import working_of
from tousu.clock.period import Pause, end_of
from tousu.clock.rules import load_clocks
from tousu.clock.workdays import load_calendar

ONE = datetime.timedelta(1)


def working(line):
    return working_of(line, load_clocks(), load_calendar())


def line_of(rule, start, *, extended=False, pause=None):
    end = end_of(rule, start, load_calendar(), extended=extended, pause=pause)
    return Line(
        1, None, rule.id, "", start, end.due, None, "running", provisional=end.provisional, extended=extended, pause=pause
    )  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']}{case.get('accepted', case['received'])}")
def test_it_ends_on_the_day_counted_by_hand(case):
    assert working(told(case, case["due"]))[-1].last == case["due"]


@given(st.sampled_from(RULES), dates, st.booleans(), st.none() | st.tuples(st.integers(-5, 90), st.integers(0, 60)))
def test_every_day_is_told_once_and_the_last_is_the_end(rule, start, extended, paused):
    first = start + ONE * paused[0] if paused and rule.pauses else None
    pause = Pause(first, first + ONE * paused[1]) if first and paused else None
    line = line_of(rule, start, extended=extended, pause=pause)
    steps = working(line)
    assert steps[-1].last == line.due
    assert steps[-1].said.endswith("到期")
    assert steps[0].first == start
    days = [step.first + ONE * n for step in steps[1:] for n in range((step.last - step.first).days + 1)]
    moved = any(step.said.endswith("顺延") for step in steps)
    assert sorted(set(days)) == [start + ONE * n for n in range(1, (line.due - start).days + 1)]
    assert len(days) == len(set(days)) + moved
    assert (sum((step.last - step.first).days + 1 for step in steps if step.counted) - moved) == (
        rule.days + (rule.extend if extended else 0)
    )


def test_in_words():
    accept = next(rule for rule in RULES if rule.id == "accept_decision")
    assert [f"{step.days}：{step.said}" for step in working(line_of(accept, day(2026, 9, 29)))] == [
        "2026-09-29（周二）：登记时间，当天不计；期限 7 个工作日",
        "2026-09-30（周三）：第 1 个工作日",
        "2026-10-01（周四） 至 2026-10-07（周三）：国庆节放假，不计",
        "2026-10-08（周四） 至 2026-10-09（周五）：第 2 至 3 个工作日",
        "2026-10-10（周六）：调休上班，第 4 个工作日",
        "2026-10-11（周日）：周末，不计",
        "2026-10-12（周一） 至 2026-10-14（周三）：第 5 至 7 个工作日，到期",
    ]
    mediation = next(rule for rule in RULES if rule.id == "mediation_end")
    pause = Pause(day(2026, 5, 20), day(2026, 5, 25))
    assert [f"{step.days}：{step.said}" for step in working(line_of(mediation, day(2026, 5, 6), pause=pause))] == [
        "2026-05-06（周三）：受理时间，当天不计；期限 60 日",
        "2026-05-07（周四） 至 2026-05-19（周二）：第 1 至 13 日",
        "2026-05-20（周三） 至 2026-05-24（周日）：检测鉴定，停表，不计",
        "2026-05-25（周一） 至 2026-07-10（周五）：第 14 至 60 日，到期",
    ]
    moved = working(line_of(mediation, day(2026, 8, 3)))
    assert [f"{step.days}：{step.said}" for step in moved[-3:]] == [
        "2026-10-02（周五）：末日不是工作日（国庆节放假），顺延",
        "2026-10-03（周六） 至 2026-10-07（周三）：国庆节放假",
        "2026-10-08（周四）：下一个工作日，到期",
    ]
    unknown = Line(1, None, "accept_decision", "", None, None, None, "unknown")
    assert working(unknown) == []
