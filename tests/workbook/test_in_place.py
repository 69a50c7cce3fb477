"""A workbook is added to, not written anew: whatever is in it comes back."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import python_calamine
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from tests.support import COMPLAINTS, added, run
from tests.workbook.books import DIALECTS, picture, styled
from tests.workbook.untouched import (
    KEYS,
    assert_untouched,
    changed_parts,
    look_of,
    new_parts,
    opened,
    parts_of,
    write_parts,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

ADDED = len(KEYS)
LAST = added(5)  # of the styled ledger
# openpyxl itself does not read these, or takes a billion cells for used.
UNREAD = ("strict", "prefix", "parts at the root", "names in another case", "a styled cell at the end")


def added_cells(path: Path, sheet: str, header: int = 2) -> dict[str, object]:
    """Return the added cells of a sheet."""
    found = opened(path)[sheet]
    first = next(cell.column for cell in found[header] if cell.value == "领域代码")
    return {
        cell.coordinate: cell.value
        for row in found.iter_rows(min_row=header, min_col=first, max_col=first + ADDED - 1)
        for cell in row
        if cell.value is not None
    }


def test_a_styled_ledger_comes_back_with_the_tags_in_it(tmp_path: Path, shipped: Classifier) -> None:
    source, output = styled(tmp_path / "a.xlsx"), tmp_path / "b.xlsx"
    summary = run(shipped, source, output)
    assert (summary.tally.rows, summary.tally.rejects) == (6, 0)
    assert_untouched(source, output)
    assert changed_parts(source, output) == {"xl/worksheets/sheet1.xml"}
    assert new_parts(source, output) == {
        "xl/worksheets/sheet4.xml", "xl/worksheets/_rels/sheet4.xml.rels", "xl/drawings/drawing2.xml",
        "xl/drawings/_rels/drawing2.xml.rels", "xl/charts/chart2.xml", "xl/charts/chart3.xml",
    }  # fmt: skip
    sheet = openpyxl.load_workbook(output)["工单"]
    header, row = sheet["F2"], sheet["F3"]
    assert (header.value, row.value) == ("领域代码", "elevator")
    assert look_of(header)[2:] == look_of(sheet["E2"])[2:]
    assert (row.font.name, row.font.size, row.border.left.style) == ("仿宋", 12, "thin")
    assert sheet["I3"].number_format == "0.0000"
    assert (sheet[f"{LAST}3"].value, sheet[f"{LAST}3"].border.left.style) == (None, "thin")
    assert sheet.auto_filter.ref == f"A2:{LAST}8"
    assert sheet.column_dimensions["F"].width > 10
    version = next(cell for cell in sheet[3] if cell.value == shipped.version)
    assert sheet.column_dimensions[version.column_letter].width > len(f"{shipped.version}+reader-00000000")
    assert sheet.dimensions == f"A1:{LAST}8"


def test_a_table_takes_in_the_added_columns(tmp_path: Path, shipped: Classifier) -> None:
    source, output = styled(tmp_path / "a.xlsx", table=True), tmp_path / "b.xlsx"
    run(shipped, source, output)
    assert_untouched(source, output)
    assert changed_parts(source, output) == {"xl/worksheets/sheet1.xml", "xl/tables/table1.xml"}
    sheet = openpyxl.load_workbook(output)["工单"]
    table = sheet.tables["台账"]
    assert (table.ref, table.autoFilter.ref) == (f"A2:{LAST}8", f"A2:{LAST}8")
    assert [column.name for column in table.tableColumns] == [cell.value for cell in sheet[2]]
    assert len({column.id for column in table.tableColumns}) == len(table.tableColumns)
    assert not sheet.auto_filter.ref


def test_a_table_that_does_not_end_at_the_last_column_is_told(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    book = xlsxwriter.Workbook(source)
    sheet = book.add_worksheet("工单")
    for row, text in enumerate(COMPLAINTS, 1):
        sheet.write_row(row, 0, (f"N{row}", text, "", "旁注"))
    sheet.add_table(0, 0, 6, 1, {"columns": [{"header": "号"}, {"header": "投诉内容"}]})
    sheet.write_string(0, 3, "备注")
    book.close()
    summary = run(shipped, source, output)
    assert any("表格 Table1 不含新增的列" in note for note in summary.notes)
    after = openpyxl.load_workbook(output)["工单"]
    assert (after.tables["Table1"].ref, after["E1"].value, after.auto_filter.ref) == ("A1:B7", "领域代码", None)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the styled ledger."""
    return styled(tmp_path_factory.mktemp("plain") / "plain.xlsx")


@pytest.fixture(scope="module")
def wanted(plain: Path, shipped: Classifier) -> dict[str, object]:
    """Return what is added to the styled ledger."""
    run(shipped, plain, plain.with_name("tagged.xlsx"))
    return added_cells(plain.with_name("tagged.xlsx"), "工单")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_way_of_spelling_a_workbook_is_read(
    tmp_path: Path, shipped: Classifier, plain: Path, wanted: dict[str, object], dialect: str
) -> None:
    output = tmp_path / "b.xlsx"
    source = write_parts(tmp_path / "a.xlsx", DIALECTS[dialect](parts_of(plain)))
    summary = run(shipped, source, output)
    assert (summary.tally.rows, summary.tally.rejects) == (6, 0)
    if dialect not in UNREAD:
        assert added_cells(output, "工单") == wanted
        assert_untouched(source if "styled" in dialect else plain, output)
    rows = python_calamine.load_workbook(str(output)).get_sheet_by_name("工单").to_python()
    assert [row[2] for row in rows[2:8]] == list(COMPLAINTS)
    assert rows[2][5] == "elevator"
    kept = {name: content for name, content in parts_of(source).items() if "media" in name or "theme" in name}
    assert {name: content for name, content in parts_of(output).items() if name in kept} == kept


def test_pictures_in_cells_and_unknown_parts_stay(tmp_path: Path, shipped: Classifier) -> None:
    parts = parts_of(styled(tmp_path / "plain.xlsx"))
    relations = parts["xl/_rels/workbook.xml.rels"]
    link = b'<Relationship Id="rIdPictures" Type="http://www.wps.cn/officeDocument/2020/cellImage" Target="cellimages.xml"/>'
    parts["xl/_rels/workbook.xml.rels"] = relations.replace(b"</Relationships>", link + b"</Relationships>")
    formula = b'<f>_xlfn.DISPIMG("ID_1",1)</f><v>=DISPIMG("ID_1",1)</v></c>'
    sheet = parts["xl/worksheets/sheet1.xml"]
    cell = sheet[sheet.index(b'<c r="D3"') :].partition(b"</c>")[0] + b"</c>"
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(cell, b'<c r="D3" t="str">' + formula)
    extra = {
        "xl/cellimages.xml": b"<etc:cellImages xmlns:etc='x'/>", "xl/media/image9.png": picture(),
        "xl/richData/rdrichvalue.xml": b"<rvData/>", "customXml/item1.xml": b"<a/>", "xl/printerSettings/printerSettings1.bin": b"\0\1",
        "xl/pivotTables/pivotTable1.xml": b"<pivotTableDefinition/>",
    }  # fmt: skip
    source = write_parts(tmp_path / "a.xlsx", parts | extra)
    run(shipped, source, tmp_path / "b.xlsx")
    after = parts_of(tmp_path / "b.xlsx")
    assert {name: after[name] for name in extra} == extra
    assert formula in after["xl/worksheets/sheet1.xml"]
    assert b"cellimages.xml" in after["xl/_rels/workbook.xml.rels"]


def test_added_columns_begin_behind_pictures_beside_the_rows(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    (tmp_path / "p.png").write_bytes(picture())
    book = xlsxwriter.Workbook(source)
    sheet = book.add_worksheet("工单")
    sheet.write_column(0, 0, ["投诉内容", *COMPLAINTS])
    sheet.insert_image(2, 3, str(tmp_path / "p.png"))
    sheet.insert_image(2, 90, str(tmp_path / "p.png"))  # out of the way
    book.close()
    summary = run(shipped, source, output)
    assert openpyxl.load_workbook(output)["工单"]["E1"].value == "领域代码"
    assert any("D 列以前有图片或图表，新增的列从 E 列开始" in note for note in summary.notes)


def shown_of(cell: Any) -> tuple[Any, ...]:
    """Return what LibreOffice shows of a cell; the colour it writes behind a solid one is a guess of its own."""
    value, kind, form, font, fill, *others = look_of(cell)
    return (value, kind, form, font, fill.patternType, fill.fgColor, *others)


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_sees_the_same_cells_and_styles(tmp_path: Path, shipped: Classifier) -> None:
    pairs = {}
    for table in (False, True):
        source = styled(tmp_path / f"{table}.xlsx", table=table)
        pairs[source] = tmp_path / f"{table}-tagged.xlsx"
        run(shipped, source, pairs[source])
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "xlsx:Calc MS Excel 2007 XML",
         "--outdir", str(tmp_path / "seen"), *map(str, (*pairs, *pairs.values()))],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    for source, output in pairs.items():
        before, after = (opened(tmp_path / "seen" / path.name) for path in (source, output))
        for old in before.worksheets:
            for row in old.iter_rows():
                for cell in row:
                    if cell.value is not None:
                        assert shown_of(after[old.title][cell.coordinate]) == shown_of(cell), cell.coordinate
        assert after["工单"]["F3"].value == "elevator"
        assert len(after["标注汇总"]._charts) == 2


FONTS = st.sampled_from(["宋体", "Arial", "仿宋"])
STYLES = st.builds(
    lambda font, size, bold, colour, wrap, side: {
        "font": Font(name=font, size=size, bold=bold),
        "fill": PatternFill("solid", fgColor=colour) if colour else PatternFill(),
        "alignment": Alignment(wrap_text=wrap, horizontal=None if wrap else "center"),
        "border": Border(left=Side(style=side)) if side else Border(),
    },
    FONTS, st.integers(8, 20), st.booleans(), st.sampled_from(["", "FFEECC", "DDEEFF"]), st.booleans(),
    st.sampled_from(["", "thin", "medium"]),
)  # fmt: skip
VALUES = st.sampled_from(["甲", " 乙 ", "=1+1", "<r>&\"'", 7, 0.1, -3, True, None, "00012"])
BOOKS = st.fixed_dictionaries({
    "others": st.lists(VALUES, min_size=1, max_size=4), "styles": st.lists(STYLES, min_size=1, max_size=3), "titles": st.integers(0, 2),
    "rows": st.integers(1, 8), "widths": st.lists(st.integers(1, 60), max_size=6),
    "frozen": st.sampled_from([None, "A1", "B2", "C4"]), "hidden": st.booleans(), "filtered": st.booleans(),
    "behind": st.integers(0, 12), "merged": st.booleans(), "dialect": st.sampled_from([*DIALECTS, ""]),
})  # fmt: skip


def drawn(path: Path, told: dict) -> None:
    """Write a workbook as it was drawn."""
    book = openpyxl.Workbook()
    sheet, styles = book.worksheets[0], told["styles"]
    sheet.title = "工单"
    width = len(told["others"]) + 1
    for number in range(told["titles"]):
        sheet.cell(1 + number, 1, f"标题{number}")
        if told["merged"]:
            sheet.merge_cells(start_row=1 + number, end_row=1 + number, start_column=1, end_column=width)
    top = told["titles"] + 1
    for row in range(told["rows"] + 1):
        values = (
            ["投诉内容", *(f"列{n}名称" for n in range(width - 1))]
            if row == 0
            else [COMPLAINTS[row % 6], *told["others"]]
        )
        for column, value in enumerate([*values, *[None] * told["behind"]], 1):
            cell = sheet.cell(top + row, column, value)
            for name, style in styles[(row + column) % len(styles)].items():
                setattr(cell, name, style)
    for column, size in enumerate(told["widths"], 1):
        sheet.column_dimensions[get_column_letter(column)].width = size
    if told["hidden"]:
        sheet.column_dimensions.group("F", "XFD", hidden=True)
    if told["filtered"]:
        sheet.auto_filter.ref = f"A{top}:{get_column_letter(width)}{top + told['rows']}"
    sheet.freeze_panes = told["frozen"]
    book.create_sheet("附").append([1, "x"])
    book.save(path)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=BOOKS)
def test_any_workbook_comes_back(tmp_path: Path, shipped: Classifier, told: dict) -> None:
    plain, source, output = (tmp_path / name for name in ("plain.xlsx", "a.xlsx", "b.xlsx"))
    drawn(plain, told)
    parts = parts_of(plain)
    write_parts(source, DIALECTS[told["dialect"]](parts) if told["dialect"] else parts)
    output.unlink(missing_ok=True)
    summary = run(shipped, source, output)
    assert summary.tally.rows == told["rows"]
    assert changed_parts(source, output) <= {
        name
        for name in parts_of(source)
        if "sheet1" in name.lower() or name.endswith(("workbook.xml", ".rels", "styles.xml"))
    }
    if told["dialect"] in UNREAD:
        return
    assert_untouched(source if "styled" in told["dialect"] else plain, output)
    made = added_cells(output, "工单", told["titles"] + 1)
    assert len(made) >= ADDED * 1 + told["rows"]
    sheet = opened(output)["工单"]
    columns = sheet.column_dimensions
    first = min(cell.column for cell in sheet[told["titles"] + 1] if cell.value == "领域代码")
    for letters in map(get_column_letter, range(first, first + ADDED)):
        assert not columns[letters].hidden
    for column, size in enumerate(told["widths"], 1):
        letters = get_column_letter(column)
        if column < first and not (told["hidden"] and column > 5):
            assert columns[letters].width == size
