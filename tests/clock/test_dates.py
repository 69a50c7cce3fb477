"""Due dates against a table worked out by hand, and what must hold of every period."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tousu.clock.case import Judge
from tousu.clock.legal_days import legal_days, read_festivals
from tousu.clock.notice import imported, moved_days, notice_days, write_days
from tousu.clock.period import Pause, end_of
from tousu.clock.rules import load_clocks
from tousu.clock.states import kind_of
from tousu.clock.workdays import WorkCalendar, default_days, load_calendar, read_days
from tousu.errors import CalendarEnds, RulesError
from tousu.ledger.fields import DAYS, OTHERS

day = datetime.date
CASES = tomllib.loads((Path(__file__).parent / "hand_worked.toml").read_text("utf-8"))["case"]
RULES = [rule for stages in load_clocks().stages.values() for stage in stages for rule in stage]
dates = st.dates(day(2020, 1, 1), day(2033, 12, 31))
NOTICE = """国务院办公厅关于2027年部分节假日安排的通知
各省、自治区、直辖市人民政府：
一、元旦：1月1日（周五）至3日（周日）放假，共3天。
二、春节：2月5日（农历除夕、周五）至11日（农历正月初六、周四）放假调休，共7天。1月31日（周日）、2月20日（周六）上班。
三、清明节：4月3日（周六）至5日（周一）放假，共3天。
四、劳动节：5月1日（周六）至5日（周三）放假调休，共5天。4月25日（周日）上班。
五、端午节：6月9日（周三）放假1天，不调休。
六、中秋节：9月15日（周三）放假1天。
七、国庆节：10月1日（周五）至7日（周四）放假调休，共7天。9月26日（周日）、10月9日（周六）上班。
节假日期间，各地区、各部门要妥善安排好值班和安全、保卫等工作。
"""  # invented: the real one was not out when this was written


def told(case, today):
    """Return the one line of a case as the whole product tells it."""
    row = (
        dict.fromkeys([*DAYS, *OTHERS])
        | {"row": 1}
        | {key: value for key, value in case.items() if key in (*DAYS, "extended")}
    )
    (line,) = Judge(load_clocks(), load_calendar(), today).lines(row, kind_of(case["kind"]), {})
    return line


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']}{case.get('accepted', case['received'])}")
def test_due_as_counted_by_hand(case):
    line = told(case, case["due"])
    assert line.due == case["due"], case["counted"]
    assert (line.state, line.days_left) == ("due_soon", 0)
    assert line.provisional == case.get("provisional", False)
    assert ("暂定" in line.reason) == line.provisional
    after = told(case, case["due"] + datetime.timedelta(1))
    assert (after.state, after.days_left) == ("overdue", -1)


@pytest.mark.parametrize(
    ("kind", "begun", "said"), [("信访", "accepted", "已延长 30 日"), ("举报", "received", "已延长 15 个工作日")]
)
def test_how_long_it_was_prolonged_is_told_in_its_days(kind, begun, said):
    case = {"kind": kind, "received": day(2026, 5, 6), begun: day(2026, 5, 6), "extended": "是"}
    assert said in told(case, day(2026, 5, 7)).reason.split("；")


def test_the_table_is_as_large_as_promised():
    assert len(CASES) >= 60
    assert {case["due"].year for case in CASES} >= {2025, 2026, 2027}


@given(st.sampled_from(RULES), dates, st.booleans(), st.integers(0, 90), st.integers(0, 60))
def test_no_period_ends_on_a_free_day_where_the_rule_says_so(rule, start, extended, offset, length):
    calendar = load_calendar()
    first = start + datetime.timedelta(offset)
    pause = Pause(first, first + datetime.timedelta(length)) if length else None
    due = end_of(rule, start, calendar, extended=extended, pause=pause).due
    assert due > start
    if rule.unit == "workday" or rule.moves == "nonworking":
        assert calendar.is_workday(due)


@given(st.sampled_from(RULES), dates, st.integers(0, 40))
def test_beginning_later_never_ends_earlier(rule, start, later):
    calendar = load_calendar()
    assert end_of(rule, start, calendar).due <= end_of(rule, start + datetime.timedelta(later), calendar).due


@given(st.sampled_from(RULES), dates, st.integers(0, 90), st.integers(0, 60), st.integers(0, 30))
def test_a_longer_pause_never_ends_earlier(rule, start, offset, length, longer):
    calendar, first = load_calendar(), start + datetime.timedelta(offset)
    ends = [
        end_of(rule, start, calendar, pause=Pause(first, first + datetime.timedelta(days))).due
        for days in (0, length, length + longer)
    ]
    assert ends == sorted(ends)
    assert ends[0] == end_of(rule, start, calendar).due


@given(dates, st.integers(1, 60))
def test_working_days_counted_there_and_back(start, count):
    calendar = load_calendar()
    end = calendar.after(start, count)
    assert calendar.between(start, end) == count
    worked = [start + datetime.timedelta(n) for n in range(1, (end - start).days + 1)]
    assert sum(map(calendar.is_workday, worked)) == count


def test_thirteen_legal_days_each_year_and_spring_begins_the_day_before():
    for year, festivals in read_festivals().items():
        days = legal_days(year, festivals)
        assert len(days) == 13
        assert all(told.year == year for told, _ in days)
        assert (festivals["春节"] - datetime.timedelta(1), "春节") in days


def test_a_year_computed_is_like_the_announced_one_in_length():
    calendar, festivals = load_calendar(), read_festivals()
    for year in (2025, 2026):
        days = {when: plan for when, plan in read_days(default_days()).items() if when.year != year}
        computed = WorkCalendar(days, festivals)
        assert year in computed.computed
        first, last = day(year - 1, 12, 31), day(year, 12, 31)
        assert abs(computed.between(first, last) - calendar.between(first, last)) <= 1


def test_beyond_the_calendar_is_told_not_guessed():
    with pytest.raises(CalendarEnds, match="没有 2036 年"):
        load_calendar().after(day(2035, 12, 20), 30)
    assert (
        told({"kind": "投诉", "received": day(2018, 5, 1)}, day(2026, 5, 6)).reason == "2018-05-01 没有适用的期限规定"
    )


def test_a_notice_is_imported_and_what_moved_is_told(tmp_path):
    days = read_days(default_days())
    before = WorkCalendar(days, read_festivals())
    table = imported(days, notice_days(NOTICE, "通知"))
    write_days(table, tmp_path / "days.csv")
    after = load_calendar(tmp_path / "days.csv")
    assert not after.is_provisional(day(2027, 2, 8))
    moved = dict(moved_days(before, after))
    assert moved == {
        day(2027, 1, 31): True, day(2027, 2, 11): False, day(2027, 2, 20): True, day(2027, 4, 25): True, day(2027, 5, 5): False,
        day(2027, 9, 26): True, day(2027, 10, 6): False, day(2027, 10, 7): False, day(2027, 10, 9): True,
    }  # fmt: skip
    assert [when for when in table if when.year == 2026] == [when for when in days if when.year == 2026]


@pytest.mark.parametrize(
    ("notice", "why"),
    [
        ("一、元旦：1月1日放假1天。", "看不出是哪一年"),
        (NOTICE.replace("共7天", "共8天"), "与所写的天数不合"),
        (NOTICE.replace("2月5日", "2月30日"), "日历上没有 2027-2-30"),
        ("2027年部分节假日安排：另行通知", "没有认出放假的日子"),
    ],
)
def test_a_notice_that_contradicts_itself_is_refused(notice, why):
    with pytest.raises(RulesError, match=why):
        notice_days(notice, "通知")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2027-02-30,休,春节,我", "日历上没有这一天"),
        ("2027-02-05,放假,春节,我", "安排写成了 放假"),
        ("27-2-5,休,,", "年份只有两位"),
    ],
)
def test_a_wrong_line_of_the_calendar_is_named(tmp_path, line, why):
    path = tmp_path / "days.csv"
    path.write_text(f"日期,安排,节日,来源\n2027-01-01,休,元旦,我\n{line}\n", "utf-8")
    with pytest.raises(RulesError, match=f"第 3 行.*{why}"):
        read_days(path)
