"""Which row is the header: titles stand above it, values below it may be called like columns."""

from __future__ import annotations

import csv
import datetime
import io
from typing import TYPE_CHECKING

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import COMPLAINTS, cells, run
from tousu.errors import ColumnMissing
from tousu.files.columns import TEXT_NAMES
from tousu.files.header import find_header

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

A, B, C = COMPLAINTS[:3]
DAY = datetime.date(2026, 3, 1)
KINDS = (("编号", "市民反映情况", "工单类型"), ("1", A, "咨询"), ("2", B, "诉求"), ("3", C, "内容"))


def csv_of(path: Path, rows) -> Path:
    table = io.StringIO()
    csv.writer(table).writerows(rows)
    path.write_text(table.getvalue(), "utf-8")
    return path


def workbook_of(path: Path, rows) -> Path:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("表")
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()
    return path


WRITERS = {"csv": csv_of, "xlsx": workbook_of}


@pytest.mark.parametrize(
    ("rows", "at"),
    [
        (KINDS, 0),
        ([["2026年3月台账", "", ""], ["序号", "情况", "日期"], ["1", A, "2026-03-01"]], 1),
        ([["2026年3月台账"], ["序号", "情况", "日期"], ["1", A, "2026-03-01"]], 1),
        ([["台账"], [], ["制表：张三", "", "", "三月"], ["号", "情况", "日期", "备注"], ["1", A, DAY, "无"]], 3),
        ([["导出时间", "2026-03-01", ""], ["序号", "情况", "日期"], ["1", A, "2026-03-01"]], 1),
        ([["序号", "情况", "2025"], ["1", A, "2"], ["2", B, "3"]], 0),
        ([["号", "备注", "备注", "描述"], ["甲", "乙", "丙", "丁"], ["甲", "诉求", "丙", "己"]], 0),
        ([["编号", "情况", "类型"], ["1", "电梯", "坏了", "没人修", "诉求"], ["2", "停水", "无人", "管", "咨询"]], 0),
        ([["编号", "情况", "类型"], ["1", A, "诉求"], *[["2", *"甲乙丙丁戊己"]], *[["3", B, "咨询"]] * 12], 0),
        ([["基本信息", "", "诉求", ""], ["编号", "姓名", "情况", "日期"], ["1", "张三", A, "2026-03-01"]], 1),
        ([["您的姓名", "您要反映什么，请尽量写清楚？"], ["张三", A], ["李四", B]], 0),
        ([["id", "text"]], 0),
        ([["1", A, "诉求"], ["无", "电梯坏了", "内容"], ["3", C, "诉求"]], None),
        ([[A], [B]], None),
        ([[1, 2, 3]], None),
        ([], None),
    ],
)
def test_the_header_is_found(rows, at: int | None) -> None:
    assert find_header(rows, within=20) == at


def test_a_wanted_name_finds_its_row_but_no_row_of_data() -> None:
    assert find_header(KINDS, ["诉求"], within=20) == 0
    assert find_header([["一", "二"], ["甲", "乙"], ["丙", "丁"]], ["乙"], within=20) == 1
    assert find_header([["请写下，您要说的话"], [A], [B]], ["请写下，您要说的话"], within=20) == 0


@pytest.mark.parametrize("form", WRITERS)
def test_a_value_called_like_a_column_is_no_header(tmp_path: Path, shipped: Classifier, form: str) -> None:
    source, output = WRITERS[form](tmp_path / f"a.{form}", KINDS), tmp_path / f"b.{form}"
    summary = run(shipped, source, output)
    assert (summary.tally.rows, summary.tally.rejects) == (3, 0)
    assert any("内容列：市民反映情况（按列名判断" in note for note in summary.notes)


@pytest.mark.parametrize("title", ["2026年3月台账,,", "2026年3月台账"])
def test_a_title_as_excel_saves_it(tmp_path: Path, shipped: Classifier, title: str) -> None:
    source, output = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_text(f"{title}\n序号,情况,日期\n1,{A},2026-03-01\n2,{B},2026-03-02\n", "utf-8")
    summary = run(shipped, source, output)
    rows = cells(output)
    assert summary.tally.rows == 2
    assert rows[0] == title.split(",")
    assert rows[1][:4] == ["序号", "情况", "日期", "tousu_primary"]
    assert rows[2][3] == "elevator"
    assert any("表头在第 2 行" in note for note in summary.notes)


def test_a_file_without_a_header_is_refused(tmp_path: Path, shipped: Classifier) -> None:
    source = csv_of(tmp_path / "a.csv", KINDS[1:])
    with pytest.raises(ColumnMissing, match="哪一行是表头.*列名"):
        run(shipped, source, tmp_path / "b.csv")


NAMES = st.sampled_from(TEXT_NAMES)
VALUE = (
    NAMES
    | st.sampled_from(["", "张三", "咨询", "2026-03-01", "7", "=1", *COMPLAINTS])
    | st.text("甲乙丙丁a1 ", max_size=9)
)
TABLES = st.integers(1, 5).flatmap(
    lambda width: st.tuples(
        st.lists(
            NAMES | st.text("编号姓名日期类别", min_size=1, max_size=4), min_size=width, max_size=width, unique=True
        ),
        st.lists(st.lists(VALUE, min_size=width, max_size=width), max_size=9),
        st.integers(0, 2) if width > 1 else st.just(0),
    )
)


@pytest.mark.parametrize("form", WRITERS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=TABLES)
def test_no_row_is_lost_whatever_its_values_are_called(tmp_path: Path, shipped: Classifier, form: str, table) -> None:
    names, rows, titles = table
    names = [*names, "来文"]
    rows = [[*row, COMPLAINTS[number % 6]] for number, row in enumerate(rows)] + [["1"] * len(names[:-1]) + [A]]
    above = [[f"台账{number}", *[""] * (len(names) - 1)] for number in range(titles)]
    source, output = WRITERS[form](tmp_path / f"a.{form}", [*above, names, *rows]), tmp_path / f"b.{form}"
    output.unlink(missing_ok=True)
    asked = ""
    try:
        summary = run(shipped, source, output)
    except ColumnMissing as error:
        asked = str(error)
    if asked:  # two columns of complaints; nothing is written
        assert "不敢替您选" in asked
        assert not output.exists()
        return
    assert summary.tally.rows == len(rows)
    assert summary.tally.decisions.total() + summary.tally.rejects == len(rows)


@pytest.mark.parametrize("order", [1, -1])
def test_sheets_of_explanation_stay_as_they_are(tmp_path: Path, shipped: Classifier, order: int) -> None:
    sheets = {
        "工单": [("编号", "投诉内容"), ("1", A), ("2", B)],
        "填写说明": [("项目", "要求"), ("内容", "请如实填写投诉的经过，写明时间、地点和金额，不少于二十个字")],
        "备注": [("序号", "说明文字"), (1, "本表由系统每日导出，包含上一日全部来件，不含已经撤回的来件")],
    }
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    for name, rows in list(sheets.items())[::order]:
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()
    summary = run(shipped, tmp_path / "a.xlsx", tmp_path / "b.xlsx")
    assert (summary.tally.rows, summary.tally.rejects) == (2, 0)
    assert sum("照抄" in note for note in summary.notes) == 2
    made = openpyxl.load_workbook(tmp_path / "b.xlsx")
    assert [made[name].max_column for name in ("填写说明", "备注")] == [2, 2]
    asked = run(shipped, tmp_path / "a.xlsx", tmp_path / "c.xlsx", text_columns=("要求",))
    assert asked.tally.rows == 1


def test_sheets_guessed_by_content_are_tagged_where_none_has_a_name(tmp_path: Path, shipped: Classifier) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    for name in ("一月", "二月"):
        sheet = book.add_worksheet(name)
        for number, row in enumerate([("号", "市民来文"), (1, A), (2, B)]):
            sheet.write_row(number, 0, row)
    book.close()
    assert run(shipped, tmp_path / "a.xlsx", tmp_path / "b.xlsx").tally.rows == 4
