"""Formulas come back as formulas; one without a result is said to have none."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.table import Table

from tests.support import COMPLAINTS, added, rejects, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tousu.classifier import Classifier


def made(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    """Write a workbook as programs do that do not compute: formulas without a result."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "工单"
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def formulas(path: Path, sheet: str = "工单") -> dict[str, Any]:
    """Return what every filled cell holds, a formula as such."""
    book = openpyxl.load_workbook(path)
    return {cell.coordinate: cell.value for row in book[sheet].iter_rows() for cell in row if cell.value is not None}


def patched(path: Path, *changes: tuple[str, str]) -> Path:
    """Change the first sheet's XML."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    xml = parts["xl/worksheets/sheet1.xml"].decode()
    for old, new in changes:
        assert old in xml
        xml = xml.replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, xml if name == "xl/worksheets/sheet1.xml" else content)
    return path


def test_formulas_without_a_result_come_back(tmp_path: Path, shipped: Classifier) -> None:
    rows: list[list[Any]] = [
        ["投诉内容", "单价", "合计", "备注", None],
        [COMPLAINTS[0], 2, "=B2*2", None, '=B2&{"元"}'],
    ]
    source = made(tmp_path / "a.xlsx", [*rows, [COMPLAINTS[1], 3, "=B3*2"], ["", "", ""], [None, None, "=SUM(C2:C3)"]])
    summary = run(shipped, source, tmp_path / "b.xlsx")
    before, after = formulas(source), formulas(tmp_path / "b.xlsx")
    assert {place: after.get(place) for place in before} == before
    assert (after["F1"], after["F2"]) == ("领域代码", "elevator")
    assert after[f"{added(5)}5"] == "没有投诉内容"
    assert "工作表 工单 有 4 个公式没有计算结果，公式已保留，用 Excel 打开时会计算" in summary.notes
    unread = openpyxl.load_workbook(tmp_path / "b.xlsx", data_only=True)["工单"]
    assert unread["C2"].value is None


def test_a_complaint_that_is_a_formula_without_a_result_is_listed(tmp_path: Path, shipped: Classifier) -> None:
    rows = [["投诉内容", "号"], *([f'=CONCATENATE("{text}","！")', number] for number, text in enumerate(COMPLAINTS))]
    source, output = made(tmp_path / "a.xlsx", rows), tmp_path / "b.xlsx"
    run(shipped, source, output)
    assert [(row["line"], row["code"]) for row in rejects(output)] == [(line, "no_result") for line in range(2, 8)]
    assert all("公式没有计算结果" in row["reason"] for row in rejects(output))
    after = formulas(output)
    assert after["A2"] == f'=CONCATENATE("{COMPLAINTS[0]}","！")'
    assert after[f"{added(2)}2"].startswith("公式没有计算结果")


def test_results_come_back_with_their_formulas(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    book = xlsxwriter.Workbook(source)
    sheet, day = book.add_worksheet("工单"), book.add_format({"num_format": "yyyy-mm-dd"})
    cells = [("=B2+1", None, 0.1 + 0.2), ("=TODAY()", day, 46113), ('="电"&"梯"', None, "电梯"), ("=1=1", None, True),
             ("=1/0", None, "#DIV/0!"), ('=IF(TRUE,"")', None, "x"), ("=ROUND(A1,2)", None, 123456789012)]  # fmt: skip
    sheet.write_row(0, 0, ("投诉内容", *"abcdefg"))
    sheet.write_formula(1, 0, '="小区电梯"&"困人"', None, "小区电梯困人，物业不修")
    for column, cell in enumerate(cells, 1):
        sheet.write_formula(1, column, *cell)
    sheet.write_array_formula(2, 1, 2, 1, "{=SUM(B2:B2*B2:B2)}", None, 4)
    book.close()
    summary = run(shipped, source, output)
    assert summary.tally.rejects == 1  # the row without a text
    for only in (False, True):
        before, after = (openpyxl.load_workbook(path, data_only=only)["工单"] for path in (source, output))
        for place in ("A2", "B2", "C2", "D2", "E2", "F2", "G2", "H2", "C2"):
            assert (after[place].value, after[place].number_format) == (
                before[place].value,
                before[place].number_format,
            )
        if not only:
            assert after["B3"].value.text == before["B3"].value.text
    assert after["I2"].value == "elevator"


def test_a_shared_formula_stays_shared(tmp_path: Path, shipped: Classifier) -> None:
    rows = [["投诉内容", "单价", "合计"], *([COMPLAINTS[number], number, f"=B{number + 2}*2"] for number in range(3))]
    source = patched(
        made(tmp_path / "a.xlsx", rows), ("<f>B2*2</f>", '<f t="shared" ref="C2:C4" si="0">B2*$B$2&amp;"B2"</f>'),
        ("<f>B3*2</f>", '<f t="shared" si="0"/>'), ("<f>B4*2</f>", '<f t="shared" si="0"/>'),
    )  # fmt: skip
    run(shipped, source, tmp_path / "b.xlsx")
    assert '<f t="shared" si="0"/>' in _xml(tmp_path / "b.xlsx")
    after = formulas(tmp_path / "b.xlsx")
    assert [after[f"C{row}"] for row in (2, 3, 4)] == ['=B2*$B$2&"B2"', '=B3*$B$2&"B2"', '=B4*$B$2&"B2"']


def test_formulas_that_speak_of_other_things_stay_as_they_are(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "工单"
    cells = ["=单价*2", "=[1]表!A1", "=外部+1", "=SUM(T[号])", '="[1]"&A2']
    for row in (["投诉内容", "号", *"abcde"], [COMPLAINTS[0], 1, *cells]):
        sheet.append(row)
    book.create_sheet("表").append(["x"])
    book["表"].append([1])
    book["表"].add_table(Table(displayName="T", ref="A1:A2"))
    sheet["J2"] = ArrayFormula("J2:J3", "=B1:B2")
    for name, text in (("单价", "工单!$B$2"), ("外部", "[1]表!$A$1")):
        book.defined_names[name] = DefinedName(name, attr_text=text, function=False)
    book.save(source)
    run(shipped, source, output)
    found = openpyxl.load_workbook(output)
    after = [(cell.data_type, cell.value) for cell in found["工单"][2][2:7]]
    assert after == [("f", cell) for cell in cells]
    array = found["工单"]["J2"].value
    assert (array.ref, array.text) == ("J2:J3", "=B1:B2")
    assert {name: one.attr_text for name, one in found.defined_names.items()} == {
        "单价": "工单!$B$2",
        "外部": "[1]表!$A$1",
    }


@pytest.mark.parametrize(("formula", "begins"), [("=SUM(A2:Z2)", "AA1"), ("=SUM(表!A2:Z2)", "D1"), ("=SUM(C$1:C$9)", "D1"),
                                                 ("=COUNTA($A2:ZZ2)", "D1")])  # fmt: skip
def test_added_columns_change_no_result(tmp_path: Path, shipped: Classifier, formula: str, begins: str) -> None:
    source, output = (
        made(tmp_path / "a.xlsx", [["投诉内容", "号", "合计"], [COMPLAINTS[0], 1, formula]]),
        tmp_path / "b.xlsx",
    )
    summary = run(shipped, source, output)
    after = formulas(output)
    assert (after[begins], after["C2"]) == ("领域代码", formula)
    assert any("Z 列以前有公式引用，新增的列从 AA 列开始" in note for note in summary.notes) == (begins == "AA1")


def _xml(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read("xl/worksheets/sheet1.xml").decode()


@pytest.mark.parametrize("since_1904", [False, True])
def test_days_and_numbers_keep_all_their_digits(tmp_path: Path, shipped: Classifier, since_1904: bool) -> None:
    source, output = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    book = xlsxwriter.Workbook(source, {"date_1904": since_1904})
    sheet, day = book.add_worksheet("工单"), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.write_row(0, 0, ("投诉内容", "时间", "数"))
    for row, (serial, number) in enumerate(
        [(0, 1e300), (-1, 0.5), (60, 2**53), (0.25, 7), (45000.123456789, -1 / 4)], 1
    ):
        sheet.write_string(row, 0, COMPLAINTS[row])
        sheet.write_number(row, 1, serial, day)
        sheet.write_number(row, 2, number)
    sheet.write_number(6, 2, 0.5)
    book.close()
    patched(source, ("<v>-0.25</v>", "<v>0.30000000000000004</v>"))
    run(shipped, source, output)
    for place, value in {"B2": 0, "B3": -1, "B4": 60, "B6": 45000.123456789, "C6": 0.1 + 0.2, "C4": 2**53}.items():
        spelt = _xml(output).partition(f'r="{place}"')[2].partition("<v>")[2].partition("</v>")[0]
        assert float(spelt) == value
    assert openpyxl.load_workbook(output).epoch.year == (1904 if since_1904 else 1899)


def test_a_text_that_looks_like_xml_stays_a_text(tmp_path: Path, shipped: Classifier) -> None:
    odd = "<r>&</x></r>"
    source = made(tmp_path / "a.xlsx", [["投诉内容", "备注"], [COMPLAINTS[0], odd]])
    run(shipped, source, tmp_path / "b.xlsx")
    assert formulas(tmp_path / "b.xlsx")["B2"] == odd
