"""``tousu weekly``: a ledger's week in JSON and as a page, the same figures in both; wrong ledgers are told."""

from __future__ import annotations

import csv
import datetime
import json
import re

import pytest

from tests.weekly.outbreaks import judged, ledger
from tousu.errors import ColumnMissing, FileError, UsageError
from tousu.weekly.build import WeekOptions, build_week, to_json
from tousu.weekly.page import write_week

WEEK = "2026-W21"
HEAD = ["工单编号", "登记时间", "投诉内容", "被投诉方", "办理状态", "承办人"]
VARIANTS = ("{}", "{}有限公司", "{}（个体工商户）")
HIDDEN = {20: [1, 2, 6, 8, 9, 11]}


def write_ledger(path, rows, head=HEAD):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Write a ledger of 9,000 rows; return it and the outbreak of each of its rows."""
    rows = sorted(ledger(HIDDEN, seed=2, rows=9_000, weeks=22), key=lambda row: (row.week, row.text))
    monday = datetime.date.fromisocalendar(2026, 1, 1)
    lines = [
        [f"T{n:05}", monday + datetime.timedelta(7 * row.week + n % 7), row.text,
         VARIANTS[n % 3].format(row.firm) if row.firm else "不详", "已办结" if n % 3 else "办理中", "张王李"[n % 3]]
        for n, row in enumerate(rows)
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("week") / "台账.csv"
    return write_ledger(path, lines), [row.outbreak for row in rows]


@pytest.fixture(scope="module")
def page(made, shipped, tmp_path_factory):
    """Return the page of the week and its figures."""
    output = tmp_path_factory.mktemp("page") / "周.html"
    figures = write_week(made[0], output, WeekOptions(week=WEEK), shipped)
    return output.read_text("utf-8"), figures


def test_topics_are_those_that_were_hidden(made, page):
    told = to_json(page[1])
    assert list(told) == ["week", "topics", "firms"]
    assert told["week"] == WEEK
    keys = ["name", "domain", "count", "before", "new", "p", "rows", "firms"]
    assert all(list(topic) == keys for topic in told["topics"])
    right, false = judged([[made[1][row - 1] for row in topic["rows"]] for topic in told["topics"]])
    assert len(right) >= 5
    assert false == 0
    for topic in told["topics"]:
        assert topic["count"] == len(topic["rows"]) == len(set(topic["rows"]))
        assert len(topic["before"]) == 8
        assert topic["new"]
    assert [topic["p"] for topic in told["topics"]] == sorted(topic["p"] for topic in told["topics"])


def test_firms_are_counted_over_their_spellings(page):
    firms = {firm["name"]: firm for firm in to_json(page[1])["firms"]}
    assert all(
        list(firm) == ["name", "spellings", "count", "distinct", "open", "domains", "rows"] for firm in firms.values()
    )
    firm = next(firm for name, firm in firms.items() if "颐寿堂" in name)
    assert firm["count"] == firm["distinct"] == len(firm["rows"]) == 30
    assert sorted(firm["spellings"]) == sorted(v.format("颐寿堂") for v in VARIANTS)
    assert sum(firm["domains"].values()) == 30
    assert 0 < firm["open"] < 30


def test_the_page_says_the_same_and_asks_nobody(page):
    text, figures = page
    assert not re.search(r"""(?:src|href)\s*=|https?://|@import|url\((?!#)""", text)
    for topic in figures["topics"]:
        assert topic["name"] in text
        assert f"{topic['count']:,} 件（去重后 {topic['distinct']:,} 件）" in text
        assert all(example in text for example in topic["examples"])
    assert f"<b>{figures['count']:,}</b>" in text
    assert "约谈提纲：" in text
    assert "并入：" in text


def test_names_of_firms_are_only_text_on_the_page(tmp_path, shipped):
    rows = [[f"T{n}", "2026-05-20", f"买到的东西坏了第{n}次要求退款", "<script>x</script>", "", ""] for n in range(4)]
    output = tmp_path / "x.html"
    write_week(write_ledger(tmp_path / "a.csv", rows), output, WeekOptions(), shipped)
    assert "<script" not in output.read_text("utf-8")


def test_copies_count_once_where_chance_is_judged(tmp_path, shipped):
    rows = [
        [f"B{n}", f"2026-05-{4 + n % 7:02}", f"小区门口早点摊占道经营油烟扰民第{n * 7}号", "", "", ""]
        for n in range(40)
    ]
    copy = "本人购买的商品外包装未标注生产日期与配料表，依据食品安全法要求退一赔十并书面答复处理结果。"
    rows += [[f"C{n}", "2026-05-13", copy, "好邻居超市", "", ""] for n in range(30)]
    figures = build_week(write_ledger(tmp_path / "a.csv", rows), WeekOptions(), shipped)
    assert (figures["week"].name, figures["count"], figures["distinct"]) == ("2026-W20", 30, 1)
    assert figures["topics"] == []
    assert [(firm["count"], firm["distinct"]) for firm in figures["firms"]] == [(30, 1)]


def test_one_week_alone_has_no_topics_and_says_why(tmp_path, shipped):
    rows = [["T1", "2026-05-13", "电梯坏了三天没人修", "", "", ""], ["T2", "2062-05-13", "电梯又坏了", "", "", ""]]
    output = tmp_path / "x.html"
    figures = write_week(write_ledger(tmp_path / "a.csv", rows), output, WeekOptions(), shipped)
    assert figures["week"].name == "2026-W20"
    assert figures["topics"] == []
    assert "没有比本周更早的周" in output.read_text("utf-8")


def test_wrong_days_are_listed_and_not_guessed(tmp_path, shipped):
    rows = [["T1", "2026-05-13", "电梯坏了三天没人修", "", "", ""], ["T2", "26/5/13", "健身房关门不退钱", "", "", ""]]
    figures = build_week(write_ledger(tmp_path / "a.csv", rows), WeekOptions(), shipped)
    assert (figures["count"], figures["undated"]) == (1, 1)
    assert any("26/5/13" in line for line in figures["unread"])


@pytest.mark.parametrize(
    ("head", "error", "words"),
    [
        (["工单编号", "天气", "投诉内容", "被投诉方", "办理状态", "承办人"], ColumnMissing, "登记时间"),
        (["工单编号", "登记时间", "甲", "被投诉方", "办理状态", "承办人"], ColumnMissing, "投诉内容"),
    ],
)
def test_missing_columns_are_named(tmp_path, shipped, head, error, words):
    path = write_ledger(tmp_path / "a.csv", [["T1", "2026-05-13", "", "", "", ""]], head)
    with pytest.raises(error, match=words):
        build_week(path, WeekOptions(), shipped)


def test_a_ledger_without_days_and_a_week_that_is_none_are_told(tmp_path, shipped):
    path = write_ledger(tmp_path / "a.csv", [["T1", "某日", "电梯坏了三天没人修", "", "", ""]])
    with pytest.raises(FileError, match="日期"):
        build_week(path, WeekOptions(), shipped)
    path = write_ledger(tmp_path / "b.csv", [["T1", "2026-05-13", "电梯坏了三天没人修", "", "", ""]])
    with pytest.raises(UsageError, match="2026-W99"):
        build_week(path, WeekOptions(week="2026-W99"), shipped)


def test_texts_that_say_nothing_are_no_copies_of_one_another(tmp_path, shipped):
    rows = [
        [f"T{n}", "2026-05-13", text, "", "", ""]
        for n, text in enumerate(["详见附件", "详见附件", "138 0000 1111", "139 1"])
    ]
    figures = build_week(write_ledger(tmp_path / "a.csv", rows), WeekOptions(), shipped)
    assert (figures["count"], figures["distinct"]) == (4, 4)


def test_a_day_that_cannot_be_read_is_told_though_every_row_counts(tmp_path, shipped):
    head = [*HEAD, "办结时间"]
    rows = [["T1", "2026-05-13", "电梯坏了三天没人修", "", "", "", "26/5/15"]]
    output = tmp_path / "x.html"
    write_week(write_ledger(tmp_path / "a.csv", rows, head), output, WeekOptions(), shipped)
    page = output.read_text("utf-8")
    assert "<h2>读不出的日期</h2>" in page
    assert "26/5/15" in page
    assert "没有计入" not in page


def test_a_wrong_path_is_told_before_the_model_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr("tousu.classifier.Classifier.load", lambda: pytest.fail("loaded"))
    with pytest.raises(FileError):
        build_week(tmp_path / "a.csv", WeekOptions())


def test_the_page_never_replaces_the_ledger(tmp_path, shipped):
    path = write_ledger(tmp_path / "a.csv", [["T1", "2026-05-13", "电梯坏了三天没人修", "", "", ""]])
    before = path.read_bytes()
    with pytest.raises(FileError):
        write_week(path, path, WeekOptions(), shipped)
    assert path.read_bytes() == before


def test_the_command(made, tousu, tmp_path):
    done = tousu("weekly", made[0], "--week", WEEK, "--json", "-o", tmp_path / "w.html")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["week"] == WEEK
    assert "登记时间" in done.stderr
    assert (tmp_path / "w.html").stat().st_size > 10_000
