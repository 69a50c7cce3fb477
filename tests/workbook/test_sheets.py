"""Workbooks come back with every cell as it was, formats, titles and sheets included."""

from __future__ import annotations

import datetime
import zipfile
from typing import TYPE_CHECKING

import openpyxl
import pytest
import python_calamine
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import COMPLAINTS, rejects, run
from tousu.errors import ColumnMissing, FileError, FileSuspicious
from tousu.signals import load_signals

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

HEADER = ("工单编号", "登记时间", "投诉内容", "金额", "备注")


def make(path: Path) -> Path:
    """Write a workbook as stations export them: titles, dates, long numbers as text, a second sheet."""
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("工单")
    text, money = book.add_format({"num_format": "@"}), book.add_format({"num_format": "¥#,##0.00"})
    dates = [book.add_format({"num_format": code}) for code in (14, 31, 'yyyy"年"m"月"d"日"', "yyyy-mm-dd hh:mm")]
    sheet.merge_range(0, 0, 0, 4, "投诉清单")
    sheet.write_string(1, 0, "导出时间：2026-04-01")
    sheet.write_row(3, 0, HEADER)
    for number in range(12):
        row = 4 + number
        sheet.write_string(row, 0, f"4403002026010000{number:05d}", text)
        sheet.write_datetime(
            row, 1, datetime.datetime.fromisoformat(f"2026-0{1 + number % 3}-05T08:{number:02d}"), dates[number % 4]
        )
        if number != 7:
            sheet.write_string(row, 2, COMPLAINTS[number % 6])
        sheet.write_number(row, 3, 1234.5 + number, money)
    sheet.write_string(4, 4, "=1+1")
    sheet.write_boolean(5, 4, True)
    sheet.write_formula(6, 4, "=1/0", None, "#DIV/0!")
    sheet.write_formula(7, 4, "=D5*2", None, 2469)
    sheet.merge_range(8, 4, 9, 4, "同一人")
    sheet.set_column(0, 0, 33)
    other = book.add_worksheet("说明")
    other.write_string(2, 1, "本表由系统导出")
    other.write_number(3, 1, 0.25, book.add_format({"num_format": "0%"}))
    hidden = book.add_worksheet("隐藏")
    hidden.write_number(0, 0, 1)
    hidden.hide()
    book.close()
    return path


def by_place(path: Path, sheet: str) -> dict[str, tuple[object, str]]:
    """Return value and number format of every filled cell."""
    book = openpyxl.load_workbook(path, data_only=True)
    found = {
        c.coordinate: (c.value, c.number_format) for row in book[sheet].iter_rows() for c in row if c.value is not None
    }
    book.close()
    return found


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory, shipped: Classifier):
    folder = tmp_path_factory.mktemp("tagged")
    source, output = make(folder / "a.xlsx"), folder / "b.xlsx"
    return source, output, run(shipped, source, output)


def test_every_cell_comes_back(tagged) -> None:
    source, output, _ = tagged
    for sheet in ("工单", "说明", "隐藏"):
        before, after = by_place(source, sheet), by_place(output, sheet)
        assert {place: after.get(place) for place in before} == before
    book = openpyxl.load_workbook(output)
    assert book.sheetnames == ["工单", "说明", "隐藏", "标注汇总"]
    assert book["隐藏"].sheet_state == "hidden"
    assert {str(area) for area in book["工单"].merged_cells.ranges} == {"A1:E1", "E9:E10"}
    assert book["工单"]["A5"].data_type == "s"
    assert book["工单"]["E5"].data_type == "s"
    book.close()


def test_what_is_added(tagged, shipped: Classifier) -> None:
    _, output, summary = tagged
    sheet = openpyxl.load_workbook(output)["工单"]
    names = [cell.value for cell in sheet[4]][5:]
    assert names == [
        "领域代码", "领域", "涉及领域", "概率", "处理意见", "线上交易", "诉求类型", "转办建议", "风险提示", "涉及金额",
        "关注程度", "依据词句", "模型版本", "未标原因",
    ]  # fmt: skip
    first = [cell.value for cell in sheet[5]][5:]
    tagging = shipped.tag(COMPLAINTS[0])
    assert first[0] == tagging.primary == "elevator"
    assert first[1] == "电梯维修与安全"
    assert first[3] == tagging.probabilities["elevator"]
    assert first[4] in ("自动", "需复核")
    assert first[5] == "否"
    assert first[6] == (load_signals().kind_names[tagging.kind] if tagging.kind else None)
    assert first[10].startswith(("一般", "关注", "紧急"))
    assert "电梯" in first[11]
    assert first[12] == shipped.version
    assert sheet.auto_filter.ref == "A4:S16"
    assert sheet.freeze_panes == "A5"
    assert sheet.column_dimensions["A"].width == pytest.approx(33, abs=1)
    assert summary.tally.rows == 12
    assert rejects(output) == [{"row": 8, "sheet": "工单", "line": 12, "code": "no_text", "reason": "没有投诉内容"}]
    assert sheet["S12"].value == "没有投诉内容"


def test_the_summary_adds_up(tagged) -> None:
    _, output, summary = tagged
    sheet = openpyxl.load_workbook(output)["标注汇总"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    totals = [row[2] for row in rows if row[0] == "合计"]
    assert totals == [11, 12]
    assert {row[0]: row[2] for row in rows if str(row[0]).startswith("2026-")} == {
        "2026-01": 4,
        "2026-02": 3,
        "2026-03": 4,
    }
    assert {row[1]: row[2] for row in rows if row[1] in summary.tally.domains} == dict(summary.tally.domains)
    assert len(sheet._charts) == 2


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, shipped: Classifier, tagged) -> None:
    source, output, _ = tagged
    run(shipped, source, tmp_path / "c.xlsx")
    assert (tmp_path / "c.xlsx").read_bytes() == output.read_bytes()


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufffe\uffff"), max_size=12)
VALUES = (
    WORDS
    | st.sampled_from(["=1", "_x000D_", " a ", "\r\n", "\t", "00012", "1e5", "true"])
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.integers(-(2**53), 2**53)
    | st.booleans()
    | st.datetimes(datetime.datetime.fromisoformat("1990-01-01"), datetime.datetime.fromisoformat("2090-01-01")).map(
        lambda at: at.replace(microsecond=0)
    )
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(VALUES, st.sampled_from(COMPLAINTS) | VALUES, VALUES), min_size=1, max_size=6))
def test_any_cells_come_back(tmp_path: Path, shipped: Classifier, rows) -> None:
    source, output = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    book = xlsxwriter.Workbook(source)
    sheet, date = book.add_worksheet("x"), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for number, row in enumerate([("a", "投诉内容", "b"), ("1", COMPLAINTS[0], "2"), *rows]):
        for column, value in enumerate(row):
            write = {str: sheet.write_string, bool: sheet.write_boolean, datetime.datetime: sheet.write_datetime}
            write.get(type(value), sheet.write_number)(
                number, column, value, *([date] * isinstance(value, datetime.datetime))
            )
    book.close()
    run(shipped, source, output)
    before, after = (
        python_calamine.load_workbook(str(path)).get_sheet_by_name("x").to_python() for path in (source, output)
    )
    assert [row[:3] for row in after] == [row + [""] * (3 - len(row)) for row in before]
    for made, kept in zip(after[1:], before[1:], strict=True):
        text = kept[1] if isinstance(kept[1], str) else ""
        if any(cell != "" for cell in kept):
            assert bool(made[3]) == bool(text.strip())


def test_a_workbook_with_a_prefix_and_no_styles(tmp_path: Path, shipped: Classifier) -> None:
    space = 'xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    link = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = "http://schemas.openxmlformats.org/package/2006"

    def links(kind: str, target: str) -> str:
        inner = f'<Relationship Id="r1" Type="{link}/{kind}" Target="{target}"/>'
        return f'<Relationships xmlns="{packages}/relationships">{inner}</Relationships>'

    def words(place: str, text: str) -> str:
        return f'<x:c r="{place}" t="inlineStr"><x:is><x:t>{text}</x:t></x:is></x:c>'

    header = f'<x:row r="1">{words("A1", "内容")}{words("B1", "号")}</x:row>'
    row = f'<x:row r="2">{words("A2", COMPLAINTS[0])}<x:c r="B2" t="e"><x:v>#N/A</x:v></x:c></x:row>'
    sheets = '<x:sheets><x:sheet name="表" sheetId="1" r:id="r1"/></x:sheets>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{packages}/content-types"/>',
        "_rels/.rels": links("officeDocument", "xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": links("worksheet", "/xl/worksheets/s.xml"),
        "xl/workbook.xml": f'<x:workbook {space} xmlns:r="{link}">{sheets}</x:workbook>',
        "xl/worksheets/s.xml": f"<x:worksheet {space}><x:sheetData>{header}{row}</x:sheetData></x:worksheet>",
    }
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    run(shipped, tmp_path / "a.xlsx", tmp_path / "b.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx", data_only=True)["表"]
    assert (sheet["A2"].value, sheet["B2"].value, sheet["C2"].value) == (COMPLAINTS[0], "#N/A", "elevator")


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a workbook of half a megabyte that unpacks to three hundred."""
    source = make(tmp_path_factory.mktemp("bomb") / "bomb.xlsx")
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, b" " * (300 << 20) if name == "xl/worksheets/sheet2.xml" else content)
    return source


def test_a_zip_bomb_is_refused(tmp_path: Path, shipped: Classifier, bomb: Path) -> None:
    assert bomb.stat().st_size < 1 << 20
    with pytest.raises(FileSuspicious, match="压缩炸弹"):
        run(shipped, bomb, tmp_path / "b.xlsx")


def test_an_archive_that_lies_about_its_size_is_refused(tmp_path: Path, shipped: Classifier, bomb: Path) -> None:
    data = bytearray(bomb.read_bytes())
    size = (300 << 20).to_bytes(4, "little")
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = (1000).to_bytes(4, "little")
    (tmp_path / "a.xlsx").write_bytes(data)
    with pytest.raises(FileError):
        run(shipped, tmp_path / "a.xlsx", tmp_path / "b.xlsx")


def test_cells_at_the_ends_of_the_earth_are_refused(tmp_path: Path, shipped: Classifier) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ("投诉内容", "号"))
    sheet.write_row(1, 0, (COMPLAINTS[0], "1"))
    sheet.write_string(1_048_575, 16_383, "x")
    book.close()
    with pytest.raises(FileError, match="16,384 列"):
        run(shipped, tmp_path / "a.xlsx", tmp_path / "b.xlsx")


def test_a_text_longer_than_excel_takes_comes_back_whole(tmp_path: Path, shipped: Classifier) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("x")
    sheet.append(["投诉内容", "号"])
    sheet.append(["LONG", "1"])
    book.save(tmp_path / "a.xlsx")
    parts = {}
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, content in parts.items():
        parts[name] = content.replace(b"LONG", (COMPLAINTS[0] * 2000).encode())
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    run(shipped, tmp_path / "a.xlsx", tmp_path / "b.xlsx")
    assert not rejects(tmp_path / "b.xlsx")
    with zipfile.ZipFile(tmp_path / "b.xlsx") as archive:
        parts = [archive.read(name) for name in archive.namelist()]
    assert any((COMPLAINTS[0] * 2000).encode() in part for part in parts)


def test_a_workbook_without_complaints_is_refused(tmp_path: Path, shipped: Classifier) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    book.add_worksheet().write_row(0, 0, (1, 2, 3))
    book.close()
    with pytest.raises(ColumnMissing):
        run(shipped, tmp_path / "a.xlsx", tmp_path / "b.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]
