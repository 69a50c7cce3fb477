"""Which rows of a sheet are cases, as people lay out their ledgers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from tests.support import COMPLAINTS, rejects, run
from tests.workbook.untouched import assert_untouched
from tousu.errors import ColumnMissing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tousu.classifier import Classifier


def made(path: Path, rows: Sequence[Sequence[Any]], *merged: str) -> Path:
    """Write a workbook of one sheet, and two empty ones."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(list(row))
    for area in merged:
        sheet.merge_cells(area)
    for name in ("Sheet2", "Sheet3"):
        book.create_sheet(name)
    book.save(path)
    return path


def codes(path: Path, header: int) -> list[str | None]:
    """Return what stands in the column of the domains' codes below the header."""
    sheet = openpyxl.load_workbook(path).worksheets[0]
    column = next(cell.column for cell in sheet[header] if cell.value == "领域代码")
    return [sheet.cell(row, column).value for row in range(header + 1, sheet.max_row + 1)]


def test_a_header_of_two_rows(tmp_path: Path, shipped: Classifier) -> None:
    rows = [["序号", "投诉信息", None, "办理情况"], [None, "被投诉人", "具体诉求", None],
            *([n, "某店", text, "已办结，双方达成一致"] for n, text in enumerate(COMPLAINTS, 1))]  # fmt: skip
    source, output = made(tmp_path / "a.xlsx", rows, "A1:A2", "B1:C1", "D1:D2"), tmp_path / "b.xlsx"
    summary = run(shipped, source, output)
    assert (summary.tally.rows, summary.tally.rejects) == (6, 0)
    assert codes(output, 2)[:2] == ["elevator", "food_safety"]
    assert_untouched(source, output)


def test_a_complaint_merged_over_rows_belongs_to_them_all(tmp_path: Path, shipped: Classifier) -> None:
    rows = [["投诉内容", "被投诉人"], [COMPLAINTS[0], "甲"], [None, "乙"], [COMPLAINTS[1], "丙"], [None, "丁"]]
    source, output = made(tmp_path / "a.xlsx", rows, "A2:A3"), tmp_path / "b.xlsx"
    summary = run(shipped, source, output)
    assert codes(output, 1) == ["elevator", "elevator", "food_safety", None]
    assert [row["line"] for row in rejects(output)] == [5]
    assert summary.tally.rows == 4


def test_a_complaint_merged_over_columns_is_read(tmp_path: Path, shipped: Classifier) -> None:
    rows = [["号", None, "投诉内容"], [COMPLAINTS[0], None, None], ["N2", None, COMPLAINTS[1]]]
    output = tmp_path / "b.xlsx"
    run(shipped, made(tmp_path / "a.xlsx", rows, "A2:C2"), output, text_columns=("投诉内容",))
    assert codes(output, 1) == ["elevator", "food_safety"]


def test_rows_that_are_no_cases_are_copied_and_counted_apart(tmp_path: Path, shipped: Classifier) -> None:
    header = ["编号", "投诉内容", "金额"]
    rows = [header, ["（必填）", "（必填，不超过500字）", "（元）"], *([f"N{n}", text, n] for n, text in enumerate(COMPLAINTS)),
            header, ["N9", COMPLAINTS[1], 3], ["合计", None, 18], ["填表人：张三"]]  # fmt: skip
    source, output = made(tmp_path / "a.xlsx", rows), tmp_path / "b.xlsx"
    summary = run(shipped, source, output)
    assert (summary.tally.rows, summary.tally.rejects, summary.tally.copied) == (7, 0, 4)
    assert [code is None for code in codes(output, 1)] == [True, *[False] * 6, True, False, True, True]
    assert_untouched(source, output)


def test_a_form_of_one_case_is_tagged_as_one(tmp_path: Path, shipped: Classifier) -> None:
    rows = [
        ["投诉登记表"],
        ["登记编号", "N1"],
        ["投诉人姓名", "张某"],
        ["投诉内容", COMPLAINTS[0]],
        ["处理结果", "已联系物业，电梯当天修好，居民满意"],
    ]
    output = tmp_path / "b.xlsx"
    summary = run(shipped, made(tmp_path / "a.xlsx", rows), output)
    assert summary.tally.rows == 1
    assert codes(output, 3) == ["elevator", None]


def test_no_header_is_asked_about_and_can_be_told(tmp_path: Path, shipped: Classifier) -> None:
    source, output = (
        made(tmp_path / "a.xlsx", [[n, "2026-10-03", text] for n, text in enumerate(COMPLAINTS)]),
        tmp_path / "b.xlsx",
    )
    with pytest.raises(ColumnMissing, match="没有表头|看不出哪一行是表头"):
        run(shipped, source, output)
    assert not output.exists()
    summary = run(shipped, source, output, no_header=True, text_columns=("#3",))
    assert summary.tally.rows == 6
    sheet = openpyxl.load_workbook(output).worksheets[0]
    assert [sheet.cell(row, 4).value for row in (1, 2)] == ["elevator", "food_safety"]
    assert sheet.freeze_panes is None


def test_what_is_asked_is_asked_of_the_sheet_with_rows(tmp_path: Path, shipped: Classifier) -> None:
    rows = [["编号", "办理结果"], *([f"N{n}", f"已联系商家，{text}"] for n, text in enumerate(COMPLAINTS))]
    with pytest.raises(ColumnMissing, match="工作表 Sheet 中.*办理结果"):
        run(shipped, made(tmp_path / "a.xlsx", rows), tmp_path / "b.xlsx")
