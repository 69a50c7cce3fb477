"""The parts of a report: days, respondents, periods, verdicts, charts."""

from __future__ import annotations

import datetime
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tousu.errors import FileError
from tousu.files.dates import day_of
from tousu.ledger.respondents import respondent_of
from tousu.report import charts
from tousu.report.changes import verdict
from tousu.report.period import Period, settle_period
from tousu.report.sentences import percent, signed

day = datetime.date


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("2026-03-01", day(2026, 3, 1)),
        ("2026/3/1 8:05", day(2026, 3, 1)),
        ("2026年3月1日", day(2026, 3, 1)),
        ("２０２６．０３．０１", day(2026, 3, 1)),
        ("20260301", day(2026, 3, 1)),
        ("20260301080500", day(2026, 3, 1)),
        ("2026-02-28T23:30:00Z", day(2026, 3, 1)),
        ("2026-03-01T00:30:00+08:00", day(2026, 3, 1)),
        (datetime.datetime(2026, 3, 1, 9), day(2026, 3, 1)),  # noqa: DTZ001 - sheets have no zones
        (day(2026, 3, 1), day(2026, 3, 1)),
        ("2026-13-01", None),
        ("2026-02-30", None),
        ("昨天", None),
        ("", None),
        (None, None),
        (46000, None),
        ("13820260301", None),
    ],
)
def test_days_as_people_write_them(cell, told):
    assert day_of(cell) == told


@given(st.text(max_size=40))
def test_no_cell_breaks_the_reading_of_days_and_names(cell):
    assert day_of(cell) is None or isinstance(day_of(cell), day)
    assert respondent_of(cell) is None or respondent_of(cell)


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (" 望屿 美食城(总店) ", "望屿美食城（总店）"),
        ("望屿美食城（总店）", "望屿美食城（总店）"),
        ("不详", None),
        ("N/A", None),
        ("", None),
        (None, None),
        ("老王 13800138000", "老王00000000000"),
    ],
)
def test_respondents_in_one_spelling_without_long_numbers(cell, told):
    assert respondent_of(cell) == told


@pytest.mark.parametrize(
    ("period", "before", "year", "label"),
    [
        ((day(2026, 3, 1), day(2026, 3, 31)), (day(2026, 2, 1), day(2026, 2, 28)), day(2025, 3, 31), "2026 年 3 月"),
        ((day(2026, 1, 1), day(2026, 3, 31)), (day(2025, 10, 1), day(2025, 12, 31)), day(2025, 3, 31), "2026 年 1—3 月"),
        ((day(2026, 3, 1), day(2026, 3, 10)), (day(2026, 2, 1), day(2026, 2, 10)), day(2025, 3, 10), "2026-03-01 至 2026-03-10"),
        ((day(2026, 3, 5), day(2026, 3, 14)), (day(2026, 2, 23), day(2026, 3, 4)), day(2025, 3, 14), "2026-03-05 至 2026-03-14"),
        ((day(2025, 2, 1), day(2025, 2, 28)), (day(2025, 1, 1), day(2025, 1, 31)), day(2024, 2, 29), "2025 年 2 月"),
    ],
)  # fmt: skip
def test_periods_and_those_before_them(period, before, year, label):
    now = Period(*period)
    assert now.before() == Period(*before)
    assert now.year_before().last == year
    assert now.label == label


def test_a_period_is_settled_from_what_is_asked_and_what_is_there():
    days = (day(2026, 1, 5), day(2026, 3, 9))
    assert settle_period(None, None, days) == (None, Period(day(2026, 3, 1), day(2026, 3, 9)))
    assert settle_period(day(2026, 2, 1), None, days)[0] == Period(day(2026, 2, 1), day(2026, 3, 9))
    assert settle_period(None, day(2026, 1, 31), days)[0] == Period(day(2026, 1, 5), day(2026, 1, 31))
    assert settle_period(None, None, None) == (None, None)
    with pytest.raises(FileError):
        settle_period(day(2026, 1, 1), None, None)


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        (4, 0, "few"),
        (9, 0, "few"),
        (12, 0, "up"),
        (15, 12, "even"),
        (60, 20, "up"),
        (20, 60, "down"),
        (10_400, 10_000, "up"),
    ],
)
def test_a_verdict_needs_numbers(now, before, told):
    assert verdict(now, before, 0.5) == told


def test_a_verdict_allows_for_the_days_of_each_period():
    assert verdict(90, 30, 30 / 40) == "even"


def test_shares_and_signs():
    assert (percent(1, 8), percent(1, 0), percent(1, 8, 0)) == ("12.5%", "—", "12%")
    assert (signed(1200), signed(-3), signed(0)) == ("+1,200", "−3", "0")


@pytest.mark.parametrize("count", [0, 1, 30])
def test_charts_are_sound_markup_with_words_for_listeners(count):
    name = '<"&无'
    drawn = [
        charts.bars("柱", [charts.Bar(name, n, n / 2, "1（2%）") for n in range(count)]),
        charts.columns("月", [charts.Column("2026-01", n, chosen=True, partial=n % 2 == 0) for n in range(count)]),
        charts.dumbbells("变", [charts.Change(name * 9, n, count - n, "x", sure=True) for n in range(count)]),
    ]
    for chart in drawn:
        tree = ET.fromstring(chart)
        assert tree.attrib["role"] == "img"
        assert tree[0].tag == "title"
        assert tree[1].tag == "desc"
    assert ET.fromstring(charts.trend(range(count), name)).attrib["aria-label"].startswith(name)
