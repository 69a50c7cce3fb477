"""``tousu due``: from a ledger to lines, table and workbook; wrong days are told, never guessed."""

from __future__ import annotations

import datetime
import json

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from tests.cli.conftest import run  # noqa: F401 - a fixture
from tests.conftest import ROOT
from tousu.clock.due import DueOptions, clocks_of
from tousu.clock.rules import load_clocks
from tousu.clock.states import is_yes, kind_of, status_of, told_kind
from tousu.clock.workdays import load_calendar
from tousu.errors import RulesError
from tousu.ledger.read import read_ledger

KEYS = ["row", "id", "clock", "basis", "from", "due", "days_left", "state", "reason"]
HEADER = "工单编号,登记时间,受理时间,不予受理时间,立案时间,终止时间,办结时间,办理状态,类型,承办人,投诉内容"
TODAY = datetime.date(2026, 5, 13)
# One line a row: what stands in the ledger, and what must be told of it.
ROWS = [
    ("A1,2026-05-06,,,,,,待受理,投诉,李平,", "accept_decision", "2026-05-06", "2026-05-14", 1, "due_soon", ""),
    ("A2,2026-04-28,2026-05-07,,,,,调解中,投诉,李平,", "mediation_end", "2026-05-07", "2026-07-06", 54, "running", ""),
    ("A3,2026-04-10,2026-04-16,,,,,调解中,投诉,李平,", "mediation_end_old", "2026-04-16", "2026-06-23", 41, "running", "新旧规定之间"),
    ("A4,2026-04-14,,,,,,待受理,投诉,李平,", "accept_decision_old", "2026-04-14", "2026-04-23", -20, "overdue", ""),
    ("A5,2026-05-06,,,,,,核查中,举报,李平,", "verify_lead", "2026-05-06", "2026-05-26", 13, "running", ""),
    ("A6,2026-05-06,,,2026-05-11,,,已立案,举报,李平,", "verify_lead", "2026-05-06", "2026-05-26", None, "done", "2026-05-11 已完成"),
    ("A7,2026-05-06,2026-05-07,,,2026-05-11,,已终止,投诉,李平,", "mediation_end_notice", "2026-05-11", "2026-05-20", 7, "running", ""),
    ("A8,2026-05-06,2026-05-07,,,,2026-05-09,已办结,投诉,李平,", "mediation_end", "2026-05-07", "2026-07-06", None, "done", "已完成"),
    ("A9,2026-04-15,,2026-04-28,,,,不予受理,投诉,李平,", "accept_decision", "2026-04-15", "2026-04-24", None, "done", "晚于期限 4 天"),
    ("B1,2026-05-06,,,,,,已办结,投诉,李平,", "accept_decision", "2026-05-06", "2026-05-14", None, "done", "没有记日期"),
    ("B2,2062-05-06,,,,,,待受理,投诉,李平,", "accept_decision", None, None, None, "unknown", "登记时间 2062-05-06 在今天"),
    ("B3,2026-05-06,2026-05-08,,,,2026-05-07,已办结,投诉,李平,", "mediation_end", None, None, None, "unknown", "办结时间 2026-05-07 早于"),
    ("B4,2026-05-06,2026-05-05,,,,,调解中,投诉,李平,", "mediation_end", None, None, None, "unknown", "受理时间 2026-05-05 早于登记时间"),
    ("B5,26-5-6,,,,,,待受理,投诉,李平,", "accept_decision", None, None, None, "unknown", "年份只有两位"),
    ("B6,,,,,,,待受理,投诉,李平,", "accept_decision", None, None, None, "unknown", "没有登记时间"),
    ("B7,2026-05-06,,,,,,已受理,投诉,李平,", "accept_decision", None, None, None, "unknown", "没有受理时间"),
    ("B8,2026-05-06,2026-05-07,,,,2026-05-09,办理中,投诉,李平,", "mediation_end", None, None, None, "unknown", "办理状态却是“办理中”"),
    ("B9,2026-05-06,,,,,,待受理,信访,李平,", "petition_notice", "2026-05-06", "2026-05-21", 8, "running", ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    path = tmp_path_factory.mktemp("due") / "台账.csv"
    path.write_text("\n".join([HEADER, *(row for row, *_ in ROWS)]) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def lines(ledger):
    return clocks_of(read_ledger(ledger), DueOptions(today=TODAY)).lines


@pytest.mark.parametrize("number", range(len(ROWS)), ids=lambda number: ROWS[number][0][:2])
def test_each_case_has_its_clock(lines, number):
    (line,) = [line for line in lines if line.row == number + 1]
    row, clock, start, due, left, state, reason = ROWS[number]
    told = line.to_dict()
    assert list(told) == KEYS
    assert told == told | {"id": row[:2], "clock": clock, "from": start, "due": due, "days_left": left, "state": state}
    assert reason in told["reason"]
    assert ("第20号" in told["basis"]) == clock.endswith("_old")


def test_json_says_the_lines_and_names_the_columns(run, ledger, lines):  # noqa: F811
    ran = run("due", ledger, "--today", TODAY, "--json")
    assert ran.code == 0
    assert [json.loads(line) for line in ran.stdout.splitlines()] == [line.to_dict() for line in lines]
    assert "登记时间：登记时间" in ran.stderr
    assert "日期读不出　登记时间：年份只有两位，分不清是哪一年：第 14 行（26-5-6）" in ran.stderr


def test_the_table_fits_into_80_columns_and_the_workbook_says_the_same(run, ledger, lines, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("COLUMNS", "80")
    book = tmp_path / "期限.xlsx"
    ran = run("due", ledger, "--today", TODAY, "-o", book)
    assert ran.code == 0
    wide = [sum(2 if ord(sign) > 0x2E7F else 1 for sign in line) for line in ran.stdout.splitlines()[: len(lines)]]
    assert max(wide) <= 80
    assert "已超期 1 项，临期 1 项，未到期 5 项，已完成 4 项，算不出 7 项" in ran.stdout
    sheets = CalamineWorkbook.from_path(book)
    rows = []
    for name in ("未办结", "算不出", "已完成"):
        head, *below = sheets.get_sheet_by_name(name).to_python()
        rows += [{"状态": name} | dict(zip(head, row, strict=False)) for row in below]
    told = {(int(row["台账行"]), row["期限"], row["到期日"] or None, row["说明"]) for row in rows}
    assert told == {(line.row, line.name, line.due, line.reason) for line in lines}
    assert {row.get("承办人", "李平") for row in rows} == {"李平"}


def test_without_a_kind_the_text_tells_and_an_unclear_one_counts_as_a_complaint(tmp_path):
    texts = [
        "我在超市买的面包发霉，要求退款并赔偿。",
        "举报某店无证经营食品，请依法查处。",
        "谢谢",
        "举报某店无证经营，已受理。",
    ]
    path = tmp_path / "a.jsonl"
    rows = [{"编号": f"C{n}", "登记时间": "2026-05-06", "投诉内容": text} for n, text in enumerate(texts)]
    rows[3]["受理时间"] = "2026-05-07"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    due = clocks_of(read_ledger(path), DueOptions(today=TODAY))
    clocks = {row: {line.clock for line in due.lines if line.row == row} for row in (1, 2, 3, 4)}
    assert "accept_decision" in clocks[1]
    assert "verify_lead" in clocks[2]
    assert clocks[3] == {"accept_decision"}
    assert clocks[4] == {"mediation_end"}
    assert any("按投诉计时" in line for line in due.said)


def test_a_case_that_is_both_has_two_clocks_and_a_question_none(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "编号,登记时间,类型,登记渠道\n1,2026-05-06,投诉举报,12345热线\n2,2026-05-06,咨询,12345热线\n", "utf-8"
    )
    due = clocks_of(read_ledger(path), DueOptions(today=TODAY))
    assert [(line.row, line.clock) for line in due.lines] == [(1, "accept_decision"), (1, "verify_lead")]
    assert due.without == 1
    local = tmp_path / "clocks.toml"
    shipped = (read_ledger.__globals__["__file__"].rpartition("/tousu/")[0]) + "/data/clocks.toml"
    with open(shipped, encoding="utf-8") as file:
        head, _, tail = file.read().partition('id = "hotline_contact"')
    local.write_text(head + 'id = "hotline_contact"' + tail.replace("enabled = false", "enabled = true"), "utf-8")
    due = clocks_of(read_ledger(path), DueOptions(today=TODAY, clocks=local))
    assert [(line.row, line.clock, str(line.due)) for line in due.lines if line.clock.startswith("hotline")] == [
        (1, "hotline_contact", "2026-05-07"), (1, "hotline_close", "2026-05-12"),
        (2, "hotline_contact", "2026-05-07"), (2, "hotline_close", "2026-05-12"),
    ]  # fmt: skip
    assert all("未核实" in line.reason for line in due.lines if line.clock.startswith("hotline"))


def test_testing_that_has_not_ended_stops_the_clock(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "编号,登记时间,受理时间,送检时间,类型\n1,2026-05-06,2026-05-07,2026-05-08,投诉\n"
        "2,2026-05-06,2026-05-07,2026-05-20,投诉\n",
        "utf-8",
    )
    first, second = clocks_of(read_ledger(path), DueOptions(today=TODAY)).lines
    assert str(first.due) == "2026-07-13"  # 60 days end on 6 July; five days off the clock end on the 11th, a Saturday
    assert "未恢复" in first.reason
    assert (second.state, second.reason) == ("unknown", "停表日期不对：2026-05-20 至 今")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--column", "登记时间"], "写得不对"),
        (["--column", "登记时间=何时"], "没有名为 何时 的列"),
        (["-o", "a.csv"], "不是工作簿"),
        (["--clocks", "没有.toml"], "期限表读不出"),
        (["--calendar", "没有.csv"], "工作日历读不出"),
    ],
)
def test_wrong_options_are_named(run, ledger, arguments, why):  # noqa: F811
    ran = run("due", ledger, *arguments)
    assert ran.code == 1
    assert why in ran.stderr
    assert "Traceback" not in ran.said


def test_a_ledger_without_days_is_refused(run, tmp_path):  # noqa: F811
    pl.DataFrame({"投诉内容": ["面包发霉，商家不退款"], "编号": ["1"]}).write_csv(tmp_path / "a.csv")
    ran = run("due", tmp_path / "a.csv")
    assert ran.code == 1
    assert "没有认出这些列：登记时间" in ran.stderr


@pytest.mark.parametrize(
    ("state", "status"),
    [("办理中", "open"), ("未办结", "open"), ("待受理", "open"), ("已受理", "accepted"), ("调解中", "accepted"), ("不予受理", "refused"),
     ("调解未完成", "open"), ("核查未完成", "open"), ("已受理未归档", "accepted"), ("已受理待移送", "accepted"),
     ("调解中，未达成协议", "accepted"),
     ("已办结待归档", "closed"), ("已办结，回访未完成", "closed"), ("已归档", "closed"), ("已移送", "closed"), ("达成协议", "closed"),
     ("已办结", "closed"), ("已结案", "closed"), ("终止调解", "ended"), ("已立案", "filed"), ("不予立案", "not_filed"), ("其它", None),
     (None, None)],
)  # fmt: skip
def test_states_in_the_ledgers_words(state, status):
    assert status_of(state) == status


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("投诉", "complaint"),
        ("举报", "report"),
        ("投诉举报", "both"),
        ("投诉并举报", "both"),
        ("信访件", "petition"),
        ("咨询", "consult"),
        ("食品", None),
    ],
)
def test_kinds_in_the_ledgers_words(word, kind):
    assert kind_of(word) == kind


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"kind": "举报", "source": "信访局转"}, "petition"),
        ({"kind": "申诉件"}, "complaint"),
        ({"kind": "食品", "accepted": "2026-05-06"}, "complaint"),
        ({"filed": "2026-05-06"}, "report"),
        ({"ended": "2026-05-06", "not_filed": "2026-05-06"}, "both"),
        ({"kind": "食品"}, None),
    ],
)
def test_the_kind_is_told_by_source_word_and_days(told, kind):
    names = ("source", "kind", "accepted", "ended", "filed", "not_filed")
    assert told_kind(dict.fromkeys(names) | told) == kind


def test_words_for_prolonged():
    yes = ("是", "2026-05-06", "15", "已延期", "不可抗力延期15日", "无法按期核查，延期15个工作日")
    no = (
        "否",
        "",
        None,
        "未延期",
        "/",
        "-",
        "—",
        "暂无",
        "未申请",
        "未申请延期",
        "不予延期",
        "无需延期",
        "0",
        "0.0",
        "0天",
        "否，按期办结",
    )
    assert [word for word in (*yes, *no) if is_yes(word)] == list(yes)


HEAD = "编号,登记时间,受理时间,终止时间,办结时间,告知时间,送检时间,类型\n"


def line_of(tmp_path, row):
    path = tmp_path / "a.csv"
    path.write_text(f"{HEAD}{row}\n", "utf-8")
    (line,) = clocks_of(read_ledger(path), DueOptions(today=TODAY)).lines
    return line


def test_what_came_before_a_clock_began_does_not_stop_it(tmp_path):
    line = line_of(tmp_path, "1,2026-05-06,2026-05-07,2026-05-11,,2026-05-08,,投诉")
    assert (line.clock, line.state) == ("mediation_end_notice", "running")
    line = line_of(tmp_path, "1,2026-05-06,2026-05-07,2026-05-11,,2026-05-12,,投诉")
    assert (line.clock, line.state) == ("mediation_end_notice", "done")
    line = line_of(tmp_path, "1,2026-05-06,2026-05-07,2026-05-11,,2062-05-12,,投诉")
    assert (line.state, line.reason) == ("unknown", "告知时间 2062-05-12 在今天（2026-05-13）之后")


def test_testing_that_never_ended_stops_a_done_clock_no_longer_than_it_ran(tmp_path):
    line = line_of(tmp_path, "1,2026-03-02,2026-03-03,,2026-05-12,,2026-03-05,投诉")
    assert str(line.due) == "2026-07-13"
    assert "计到完成之日 2026-05-12" in line.reason
    line = line_of(tmp_path, "1,2026-03-02,2026-03-03,,2026-03-04,,2026-03-05,投诉")
    assert "停表" not in line.reason


def test_a_period_that_stands_twice_is_refused(tmp_path):
    entry = (
        '[[clock]]\nid = "mine"\nname = "本地"\ntrack = "local"\ndays = 1\nunit = "workday"\nbasis = "规定"\n'
        'from = "received"\nuntil = ["closed"]\n'
    )
    path = tmp_path / "clocks.toml"
    path.write_text(f'schema = 1\nversion = "x"\n{entry}{entry}', "utf-8")
    with pytest.raises(RulesError, match="第 13 行 clock.1.id：期限 mine 出现了两次"):
        load_clocks(path)


@pytest.fixture
def own_tables(tmp_path, monkeypatch):
    """A directory of the station's own tables; what was read of tables before and within is forgotten."""
    monkeypatch.setenv("TOUSU_TABLES_DIR", str(tmp_path))
    for cached in (load_clocks, load_calendar):
        cached.cache_clear()
    yield tmp_path
    for cached in (load_clocks, load_calendar):
        cached.cache_clear()


def test_own_clocks_and_days_reach_every_command_and_a_notice_goes_to_them(run, own_tables):  # noqa: F811
    shipped = (ROOT / "data" / "calendar" / "days.csv").read_bytes()
    clocks = (ROOT / "data" / "clocks.toml").read_text("utf-8")
    (own_tables / "clocks.toml").write_text(clocks.replace('name = "受理决定"', 'name = "本站受理"'), "utf-8")
    notice, ledger = own_tables / "2027.txt", own_tables / "a.csv"
    notice.write_text("2027年部分节假日安排\n一、元旦：1月1日至4日放假调休，共4天。1月9日（周六）上班。\n", "utf-8")
    ledger.write_text("编号,登记时间,类型\n1,2026-12-23,投诉\n", "utf-8")
    assert f"写入 {own_tables / 'calendar' / 'days.csv'}" in run("calendar", "import", notice).stdout
    assert (ROOT / "data" / "calendar" / "days.csv").read_bytes() == shipped
    assert (own_tables / "calendar" / "days.csv").exists()
    load_calendar.cache_clear()
    (line,) = clocks_of(read_ledger(ledger), DueOptions(today=datetime.date(2026, 12, 28))).lines
    assert (line.name, str(line.due)) == ("本站受理", "2027-01-05")


def test_a_notice_is_imported_by_the_command(run, tmp_path):  # noqa: F811
    notice, calendar, ledger = tmp_path / "2027.txt", tmp_path / "days.csv", tmp_path / "a.csv"
    notice.write_text("2027年部分节假日安排\n一、元旦：1月1日至4日放假调休，共4天。1月9日（周六）上班。\n", "utf-8")
    ledger.write_text("编号,登记时间,类型\n1,2026-12-23,投诉\n2,2026-12-22,投诉\n", "utf-8")
    ran = run("calendar", "import", notice, "--calendar", calendar, "--ledger", ledger, "--today", "2026-12-28")
    assert ran.code == 0, ran.stderr
    assert "2027-01-04 星期一　改为放假" in ran.stdout
    assert "2027-01-09 星期六　改为上班" in ran.stdout
    assert "到期日变了的 1 项\n第 1 行 1 受理决定：2027-01-04 → 2027-01-05" in ran.stdout
    assert "2027 年：已公布" in run("calendar", "show", "2027", "--calendar", calendar).stdout
    assert "暂定" in run("calendar", "show", "2027").stdout
