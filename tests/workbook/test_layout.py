"""What was hidden stays hidden, links lead where they led, and what cannot be kept is said."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import openpyxl
import pytest
import xlsxwriter
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.hyperlink import Hyperlink

from tests.support import COMPLAINTS, added, run
from tousu.errors import FileError

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

HEADER = ("工单编号", "电话", "投诉内容", "身份证号")


def sheet_of(book: xlsxwriter.Workbook, name: str = "工单") -> xlsxwriter.worksheet.Worksheet:
    """Write a sheet of six complaints."""
    sheet = book.add_worksheet(name)
    sheet.write_row(0, 0, HEADER)
    for row, text in enumerate(COMPLAINTS, 1):
        sheet.write_row(row, 0, (f"N{row}", "13800000000", text, "440300199001010000"))
    return sheet


def test_hidden_columns_and_rows_stay_hidden(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    book = xlsxwriter.Workbook(source)
    sheet = sheet_of(book)
    sheet.set_column("B:B", 12, None, {"hidden": True})
    sheet.set_column("D:D", 20, None, {"hidden": True, "level": 2})
    sheet.set_column("E:XFD", None, None, {"hidden": True})
    sheet.set_row(2, 42)
    sheet.set_row(4, None, None, {"hidden": True, "level": 1})
    sheet.set_row(5, None, None, {"collapsed": True})
    book.close()
    summary = run(shipped, source, output)
    after = openpyxl.load_workbook(output)["工单"]
    columns, rows = after.column_dimensions, after.row_dimensions
    assert columns["B"].hidden
    assert columns["D"].hidden
    assert columns["D"].outlineLevel == 2
    last = column_index_from_string(added(4))
    assert not any(columns[get_column_letter(column)].hidden for column in (1, 3, *range(5, last + 1)))
    behind = columns[get_column_letter(last + 1)]
    assert (behind.min, behind.max, behind.hidden) == (last + 1, 16384, True)
    assert rows[3].height == 42
    assert (rows[5].hidden, rows[5].outlineLevel, rows[6].collapsed) == (True, 1, True)
    assert not rows[4].hidden
    assert after["E5"].value  # tagged all the same
    assert "工作表 工单 有 1 行是隐藏的，结果中仍隐藏" in summary.notes


def test_hidden_sheets_stay_hidden_even_in_front(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    book = openpyxl.Workbook()
    book.worksheets[0].title = "字典"
    book.worksheets[0].append(["身份证号"])
    book.worksheets[0].sheet_state = "veryHidden"
    book.create_sheet("SUMMARY").sheet_state = "hidden"
    sheet = book.create_sheet("工单")
    sheet.append(HEADER)
    sheet.append(["N1", "138", COMPLAINTS[0], "44"])
    book.active = 2
    book.save(source)
    run(shipped, source, output, language="en")
    after = openpyxl.load_workbook(output)
    states = [(sheet.title, sheet.sheet_state) for sheet in after]
    assert states == [
        ("字典", "veryHidden"), ("SUMMARY", "hidden"), ("工单", "visible"), ("Summary_2", "visible")
    ]  # fmt: skip
    assert after.active.title == "工单"


def test_hyperlinks_lead_where_they_led(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "工单"
    sheet.append(HEADER)
    for text in COMPLAINTS:
        sheet.append(["N", "138", text, 5])
    targets = ["https://example.cn/a?b=1&c=%E4%B8%AD#x", "附件/a b.docx", "mailto:a@b.cn", "file:///D:\\证据\\1.jpg"]
    for row, target in enumerate(targets, 2):
        sheet.cell(row, 4).hyperlink = target
    sheet["A7"].hyperlink = Hyperlink(ref="A7", location="'工单'!A1", tooltip="回到开头")
    book.save(source)
    run(shipped, source, output)
    after = openpyxl.load_workbook(output)["工单"]
    assert [after.cell(row, 4).hyperlink.target for row in range(2, 6)] == targets
    link = after["A7"].hyperlink
    assert (link.target, link.location, link.tooltip) == (None, "'工单'!A1", "回到开头")
    assert after["D2"].value == 5


def test_a_copied_sheet_keeps_its_filter_and_its_panes(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    book = openpyxl.Workbook()
    sheet, other = book.worksheets[0], book.create_sheet("代码表")
    for row in (HEADER, ["N1", "138", COMPLAINTS[0], "44"]):
        sheet.append(row)
    sheet.freeze_panes = "C2"
    for row in ([1, 2], [3, 4], [5, 6]):
        other.append(row)
    other.freeze_panes, other.auto_filter.ref = "B2", "A1:B3"
    book.save(source)
    run(shipped, source, output)
    after = openpyxl.load_workbook(output)
    assert after.worksheets[0].freeze_panes == "C2"
    assert (after["代码表"].freeze_panes, after["代码表"].auto_filter.ref) == ("B2", "A1:B3")


def test_added_columns_begin_behind_merged_cells(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["投诉清单"])
    sheet.append(["投诉内容", "备注"])
    for text in COMPLAINTS:
        sheet.append([text, "甲"])
    sheet.merge_cells("A1:H1")  # a title above them hides nothing
    sheet.merge_cells("B3:C4")
    sheet.merge_cells("A5:A5")
    book.save(source)
    run(shipped, source, output)
    after = openpyxl.load_workbook(output).worksheets[0]
    assert after["D2"].value == "领域代码"
    assert all(after.cell(row, 4).value for row in range(3, 9))
    assert {str(area) for area in after.merged_cells.ranges} == {"A1:H1", "B3:C4"}
    assert after.auto_filter.ref == f"A2:{added(3)}8"


def test_a_sheet_too_wide_for_more_columns_is_refused(tmp_path: Path, shipped: Classifier) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet_of(book).write_string("XFA2", "x")
    book.close()
    with pytest.raises(FileError, match="16,381 列"):
        run(shipped, tmp_path / "a.xlsx", tmp_path / "b.xlsx")


def test_what_a_person_has_set_stays_set(tmp_path: Path, shipped: Classifier) -> None:
    source = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "工单"
    sheet.append(HEADER)
    sheet.append(["N1", "138", COMPLAINTS[0], "44"])
    sheet["A2"].comment = Comment("查过", "张")
    choice = DataValidation(type="list", formula1='"甲,乙"')
    choice.add("A2:A9")
    sheet.add_data_validation(choice)
    sheet.conditional_formatting.add("A2:A9", CellIsRule(operator="greaterThan", formula=["1"]))
    sheet.protection.sheet = True
    sheet.auto_filter.ref = "A1:D2"
    sheet.auto_filter.add_filter_column(0, ["N1"])
    book.security.lockStructure = True
    book.create_sheet("空")
    book.save(source)
    summary = run(shipped, source, tmp_path / "b.xlsx")
    assert not [note for note in summary.notes if "未保留" in note]
    after = openpyxl.load_workbook(tmp_path / "b.xlsx")
    kept = after["工单"]
    assert (kept["A2"].comment.text, after.security.lockStructure, kept.protection.sheet) == ("查过", True, True)
    assert [str(one.sqref) for one in kept.data_validations.dataValidation] == ["A2:A9"]
    assert [str(one.sqref) for one in kept.conditional_formatting] == ["A2:A9"]
    assert kept.auto_filter.ref == f"A1:{added(4)}2"
    assert kept.auto_filter.filterColumn[0].filters.filter == ["N1"]


def with_macros(folder: Path) -> Path:
    """Write a workbook with macros and a function of their own."""
    book = xlsxwriter.Workbook(folder / "a.xlsm")
    (folder / "vba.bin").write_bytes(b"macros")
    book.add_vba_project(str(folder / "vba.bin"))
    sheet = sheet_of(book)
    sheet.write_formula("D2", "=SUM(1,2)", None, 3)
    sheet.write_formula("D3", "=本站函数(1)", None, 4)
    book.close()
    return folder / "a.xlsm"


def test_macros_stay_in_a_workbook_that_may_have_them(tmp_path: Path, shipped: Classifier) -> None:
    summary = run(shipped, with_macros(tmp_path), tmp_path / "b.xlsm")
    assert not [note for note in summary.notes if "未保留" in note]
    with zipfile.ZipFile(tmp_path / "b.xlsm") as archive:
        assert archive.read("xl/vbaProject.bin") == b"macros"
        assert b"sheet.macroEnabled.main+xml" in archive.read("[Content_Types].xml")
    after = openpyxl.load_workbook(tmp_path / "b.xlsm", keep_vba=True)["工单"]
    assert (after["D2"].value, after["D3"].value) == ("=SUM(1,2)", "=本站函数(1)")


def test_macros_go_where_the_name_says_there_are_none(tmp_path: Path, shipped: Classifier) -> None:
    summary = run(shipped, with_macros(tmp_path), tmp_path / "b.xlsx")
    assert "工作簿的宏未保留：输出文件名以 .xlsm 结尾就能保留" in summary.notes
    with zipfile.ZipFile(tmp_path / "b.xlsx") as archive:
        assert not any("vba" in name for name in archive.namelist())
        assert b"vba" not in archive.read("xl/_rels/workbook.xml.rels")
        assert b"macroEnabled" not in archive.read("[Content_Types].xml")
    assert openpyxl.load_workbook(tmp_path / "b.xlsx")["工单"]["D2"].value == "=SUM(1,2)"


@pytest.mark.parametrize(("inside", "said"), [("EncryptedPackage", "有密码保护"), ("Workbook", "不是可读的工作簿")])
def test_an_older_or_locked_workbook_by_another_name(
    tmp_path: Path, shipped: Classifier, inside: str, said: str
) -> None:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    (tmp_path / "a.xlsx").write_bytes(head + bytes(1000) + inside.encode("utf-16-le") + bytes(500))
    with pytest.raises(FileError, match=said):
        run(shipped, tmp_path / "a.xlsx", tmp_path / "b.xlsx")


@pytest.mark.parametrize("changed", ["xl/workbook.xml", "xl/worksheets/sheet2.xml"])
def test_two_sheets_of_a_name_or_a_broken_one_are_refused(tmp_path: Path, shipped: Classifier, changed: str) -> None:
    source = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(source)
    sheet_of(book, "表a")
    sheet_of(book, "表B")
    book.close()
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[changed] = parts[changed].replace("表B".encode(), "表A".encode()).replace(b"</sheetData>", b"</sheetD>")
    with zipfile.ZipFile(source, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(FileError, match="表"):
        run(shipped, source, tmp_path / "b.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]
