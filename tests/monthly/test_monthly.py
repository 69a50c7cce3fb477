"""``tousu monthly``: each list as counted by hand, the same figures in JSON, workbook and page."""

from __future__ import annotations

import csv
import datetime
import json
import re
import shutil
import subprocess
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from tousu.errors import ColumnMissing, FileError, UsageError
from tousu.monthly.build import LISTS, MonthOptions, build_month, to_json
from tousu.monthly.difficult import difficult_reasons, dissatisfied_reason
from tousu.monthly.page import write_month
from tousu.monthly.repeated import person_of

# What the lists must hold was counted by hand. Row 1 is the first below the names:
# 1-3 one caller about one gym under three spellings, the second after the first was closed · 4-5 one caller about two firms: no
# repeat · 6 accepted too late, open at the end of May · 7 closed in June: in May open, and overdue · 8 hurt: urgent · 9 open since
# January · 10 dissatisfied by its words · 11-12 one text twice from nobody · 13 its day cannot be read · 14 June is not yet.
LEDGER = Path(__file__).with_name("ledger.csv")
TODAY = datetime.date(2026, 6, 10)
MAY = MonthOptions(month="2026-05", today=TODAY)


def read_rows():
    """Return the names of the columns, and the rows."""
    with LEDGER.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    return head, rows


def write_ledger(path, rows, head=None):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head or read_rows()[0], *rows])
    return path


@pytest.fixture(scope="module")
def ledger():
    return LEDGER


@pytest.fixture(scope="module")
def figures(ledger, shipped):
    return build_month(ledger, MAY, shipped)


def rows_of(figures, name):
    return [item["rows"] for item in to_json(figures)[name]]


def test_lists_are_those_counted_by_hand(figures):
    assert list(to_json(figures)) == ["repeated", "difficult", "dissatisfied", "overdue"]
    assert rows_of(figures, "repeated") == [[1, 2, 3], [11, 12]]
    assert rows_of(figures, "dissatisfied") == [[2], [10]]
    overdue = {row for rows in rows_of(figures, "overdue") for row in rows}
    assert {6, 7, 9} <= overdue
    assert not overdue & {1, 2, 4, 5, 8, 13, 14}
    difficult = {item["rows"][0]: item["reason"] for item in to_json(figures)["difficult"]}
    assert "办结后又来" in difficult[2]
    assert "紧急" in difficult[8]
    assert difficult[9] == "141 天未办结"
    assert not difficult.keys() & {4, 5, 6, 13, 14}


def test_every_entry_has_its_reason(figures):
    told = to_json(figures)
    assert all(item["reason"] and item["rows"] for items in told.values() for item in items)
    assert told["repeated"][0]["reason"] == "同一投诉人、同一企业，28 天内 3 件，前件办结后又来"
    assert "超期" in told["overdue"][0]["reason"]


def test_the_month_is_judged_as_it_stood_at_its_end(ledger, shipped):
    later = build_month(ledger, MonthOptions(month="2026-05", today=datetime.date(2026, 11, 1)), shipped)
    now = build_month(ledger, MAY, shipped)
    assert to_json(later) == to_json(now)


def test_what_comes_after_its_end_opens_no_case_again(shipped, tmp_path):
    head = ["工单编号", "登记时间", "办结时间", "告知时间", "投诉内容"]
    rows = [
        ["T1", "2026-05-06", "2026-05-28", "2026-06-02", "健身房办的年卡不给退"],
        ["T2", "2026-05-06", "2026-06-01", "2026-06-02", "菜单没有标价，结账多收二十元"],
    ]
    assert build_month(write_ledger(tmp_path / "a.csv", rows, head), MAY, shipped)["open"] == 1


def test_texts_that_say_nothing_are_no_repeats(shipped, tmp_path):
    rows = [["T1", "2026-05-06", "详见附件"], ["T2", "2026-05-07", "详见附件"]]
    path = write_ledger(tmp_path / "a.csv", rows, ["工单编号", "登记时间", "投诉内容"])
    assert rows_of(build_month(path, MAY, shipped), "repeated") == []


def test_no_other_classifier_is_loaded_than_the_one_given(shipped, tmp_path, monkeypatch):
    monkeypatch.setattr("tousu.classifier.Classifier.load", lambda: pytest.fail("loaded"))
    rows = [["T1", "2026-01-06", "健身房办的年卡不给退"], ["T2", "2026-05-07", "菜单没有标价，结账多收二十元"]]
    path = write_ledger(tmp_path / "a.csv", rows, ["工单编号", "登记时间", "投诉内容"])
    assert "overdue" in build_month(path, MAY, shipped)["lists"]
    with pytest.raises(FileError):
        build_month(tmp_path / "none.csv", MAY)


def test_what_is_difficult_is_told_by_one_reading_of_each_text(shipped):
    class Counting:
        read = 0

        def tag_many(self, texts):
            self.read += len(texts)
            return shipped.tag_many(texts)

    counting = Counting()
    text = "吃了这家的凉菜上吐下泻，一家三口住院挂水，要求赔医药费"
    here = pl.DataFrame(
        {"row": [1, 2], "day": [TODAY] * 2, "text": [text, None], "tousu_attention": ["urgent", "urgent"], "open": [True] * 2,
         "state": [None, "退回重办"]},
    )  # fmt: skip
    told = difficult_reasons(here, here, set(), TODAY, counting)
    assert told[1][0].startswith("紧急：")
    assert told[2] == ["办理状态：退回重办"]
    assert counting.read == 1


def test_it_is_compared_with_last_month(figures):
    assert figures["count"] == 10
    assert figures["count_last"] == 1
    assert figures["totals"]["overdue"]["staying"] >= 1, "row 9 was overdue in April too"
    assert figures["totals"]["repeated"] == {"now": 2, "last": 0, "staying": 0}
    assert figures["undated"] == 1


def test_who_handles_them_is_counted(figures):
    who = {one["officer"]: one for one in figures["officers"]}
    assert set(who) == {"张", "李", "王"}
    assert (who["王"]["repeated"], who["张"]["repeated"], who["李"]["repeated"]) == (1, 1, 1)
    assert who["张"]["dissatisfied"] == 2


def test_the_workbook_says_the_same(ledger, shipped, tmp_path):
    output = tmp_path / "督查.xlsx"
    figures = write_month(ledger, output, MAY, shipped)
    book = openpyxl.load_workbook(output)
    assert book.sheetnames == ["汇总", *LISTS.values()]
    for name, title in LISTS.items():
        lines = list(book[title].iter_rows(min_row=2, values_only=True))
        assert [line[1] for line in lines] == [row for item in figures["lists"][name] for row in item.rows]
        assert [line[8] for line in lines] == [item.reason for item in figures["lists"][name] for _ in item.rows]
        assert all(line[6] in {"张", "李", "王"} for line in lines)
    summary = list(book["汇总"].iter_rows(values_only=True))
    told = {line[0]: line[1:3] for line in summary[4:8]}
    assert told == {LISTS[name]: (part["now"], part["last"]) for name, part in figures["totals"].items()}


def test_the_page_says_the_same_and_asks_nobody(ledger, shipped, tmp_path):
    output = tmp_path / "督查.html"
    figures = write_month(ledger, output, MAY, shipped)
    text = output.read_text("utf-8")
    assert not re.search(r"""(?:src|href)\s*=|https?://|@import|url\((?!#)""", text)
    for name, items in figures["lists"].items():
        assert f"{LISTS[name]}<b>{len(items)}</b>" in text
        assert all(item.reason in text for item in items)
    assert "健身房办的年卡不给退" not in text


@pytest.mark.skipif(shutil.which("soffice") is None, reason="no LibreOffice")
def test_libreoffice_opens_the_workbook(ledger, shipped, tmp_path):
    output = tmp_path / "督查.xlsx"
    write_month(ledger, output, MAY, shipped)
    made = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,2"
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", made, "--outdir", tmp_path, output]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    told = (tmp_path / "督查-重复.csv").read_text("utf-8")
    assert "T1" in told
    assert "同一投诉人、同一企业" in told


@pytest.mark.parametrize(
    ("name", "telephone", "told"),
    [
        ("赵明远", "138-0000-1111", "13800001111"),
        ("赵明远", "", "赵明远"),
        ("王先生", "", None),
        ("匿名", None, None),
        (None, None, None),
        ("", "0", None),
        ("赵明远", "138****1111", "1381111|赵明远"),
        ("王女士", "11111111", None),
    ],
)
def test_a_person_is_known_by_telephone_or_whole_name(name, telephone, told):
    assert person_of(name, telephone) == told


@pytest.mark.parametrize(
    ("satisfaction", "state", "text", "told"),
    [
        ("非常不满意", None, "", True),
        ("满意", None, "电梯坏了", False),
        ("基本满意", None, None, False),
        ("回访：对办理结果不认可", None, None, True),
        ("2星", None, None, True),
        ("5", None, None, False),
        (None, None, "多次向市场监管所反映，一直推诿，不作为", True),
        (None, None, "商家服务态度差，不满意他的道歉", False),
        (None, "群众不满意退回", "x", True),
    ],
)
def test_who_is_dissatisfied(satisfaction, state, text, told):
    assert bool(dissatisfied_reason(satisfaction, state, text)) is told


def test_wrong_asks_are_told(ledger, shipped, tmp_path):
    for month in ("2026-13", "0001-01", "9999-12"):
        with pytest.raises(UsageError, match=month):
            build_month(ledger, MonthOptions(month=month), shipped)
    with pytest.raises(UsageError, match=r"\.xlsx"):
        write_month(ledger, tmp_path / "督查.docx", MAY, shipped)
    book = tmp_path / "台账.xlsx"
    book.write_bytes(b"a ledger")
    with pytest.raises(FileError):
        write_month(book, book, MAY, shipped)
    assert book.read_bytes() == b"a ledger"
    empty = write_ledger(tmp_path / "a.csv", [["T1", "某日", *[""] * 9, "电梯坏了三天没人修"]])
    with pytest.raises(FileError, match="日期"):
        build_month(empty, MAY, shipped)
    with pytest.raises(ColumnMissing, match="投诉内容"):
        build_month(write_ledger(tmp_path / "b.csv", [["T1", "2026-05-01"]], ["工单编号", "登记时间"]), MAY, shipped)


def test_no_cell_becomes_a_formula(shipped, tmp_path):
    rows = read_rows()[1][1:3]
    for row in rows:
        row[0] = "=1+1"
        row[7] = "@SUM(A1)"
    output = tmp_path / "a.xlsx"
    write_month(write_ledger(tmp_path / "a.csv", rows), output, MAY, shipped)
    cells = [cell for sheet in openpyxl.load_workbook(output) for line in sheet.iter_rows() for cell in line]
    assert all(cell.data_type != "f" for cell in cells)


def test_the_command(ledger, tousu, tmp_path):
    done = tousu("monthly", ledger, "--month", "2026-05", "--today", "2026-06-10", "--json", "-o", tmp_path / "m.xlsx")
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == {"repeated", "difficult", "dissatisfied", "overdue"}
    assert "26/5/24" in done.stderr
    assert (tmp_path / "m.xlsx").stat().st_size > 5_000
