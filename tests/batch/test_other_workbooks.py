"""Workbooks of other programs, what only calls itself one, and archives: all come out as .xlsx with their tags."""

from __future__ import annotations

import datetime
import io
import json
import shutil
import zipfile
from typing import TYPE_CHECKING

import openpyxl
import pytest
import xlwt

from tests.support import COMPLAINTS, run
from tousu.batch.folder import tag_folder
from tousu.batch.options import TagOptions
from tousu.errors import FileError, FileSuspicious, FormatUnknown
from tousu.files.formats import format_of
from tousu.files.markup import read_markup
from tousu.files.sheets import read_sheets
from tousu.files.tables import read_file

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

A, B = COMPLAINTS[:2]
DAY = datetime.date(2026, 3, 1)

HTML = f"""<html><head><meta charset="gbk"><style>td {{ mso-number-format:"@" }}</style></head><body>
<table border=1><tr><th colspan=3>一季度台账</th></tr><tr><td>编号<td>日期<td>投诉内容</tr>
<tr><td rowspan=2>甲1</td><td>2026-03-01</td><td>{A}</td></tr><tr><td>2026-03-02</td><td>{B[:6]}<br>{B[6:]}&nbsp;</td></tr></table>
"""
XML = f"""<?xml version="1.0" encoding="GBK"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet ss:Name="台账"><Table><Row ss:Index="2"><Cell><Data ss:Type="String">编号</Data></Cell>
<Cell><Data ss:Type="String">日期</Data></Cell><Cell><Data ss:Type="String">投诉内容</Data></Cell></Row>
<Row><Cell><Data ss:Type="Number">1</Data></Cell><Cell><Data ss:Type="DateTime">2026-03-01T00:00:00.000</Data></Cell>
<Cell ss:MergeAcross="1"><Data ss:Type="String">{A}</Data></Cell></Row>
<Row><Cell ss:Index="3"><Data ss:Type="String">{B}</Data></Cell></Row>
</Table></Worksheet></Workbook>"""
TEXT = f"编号\t日期\t投诉内容\n甲1\t2026-03-01\t{A}\n甲2\t2026-03-02\t{B}\n"


def binary(path: Path) -> Path:
    book = xlwt.Workbook()
    sheet = book.add_sheet("台账")
    dated = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    sheet.write_merge(0, 0, 0, 2, "一季度台账")
    for row, cells in enumerate([("编号", "日期", "投诉内容"), (20260301001.0, DAY, A), ("甲2", DAY, B)], 1):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell, dated if cell is DAY else xlwt.Style.default_style)
    book.save(str(path))
    return path


def open_document(path: Path) -> Path:
    def row(*cells: str) -> str:
        made = "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in cells
        )
        return f"<table:table-row>{made}</table:table-row>"

    spaces = " ".join(
        f'xmlns:{key}="urn:oasis:names:tc:opendocument:xmlns:{key}:1.0"' for key in ("office", "table", "text")
    )
    rows = row("编号", "投诉内容") + row("甲1", A) + row("甲2", B)
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="台账">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", content)
    return path


def made(path: Path) -> Path:
    kind = path.stem
    if kind == "binary":
        return binary(path)
    if kind == "document":
        return open_document(path)
    path.write_bytes({"html": HTML, "xml": XML, "text": TEXT}[kind].encode("gbk" if kind != "text" else "utf-16"))
    return path


@pytest.mark.parametrize(
    "name", ["binary.xls", "binary.et", "document.ods", "html.xls", "xml.xls", "text.xls", "binary.xlsx"]
)
def test_other_workbooks_come_out_as_xlsx(tmp_path: Path, shipped: Classifier, name: str) -> None:
    source, output = made(tmp_path / name), tmp_path / "out" / "b.xlsx"
    output.parent.mkdir()
    before = source.read_bytes()
    summary = run(shipped, source, output)
    assert (summary.tally.rows, summary.tally.rejects) == (2, 0)
    assert any("先转成 .xlsx 再标" in note for note in summary.notes)
    sheet = openpyxl.load_workbook(output).worksheets[0]
    rows = [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]
    header = next(row for row in rows if "投诉内容" in row)
    assert "领域代码" in header
    tagged = [row for row in rows if "elevator" in row or "food_safety" in row]
    assert len(tagged) == 2
    assert A in tagged[0]
    assert source.read_bytes() == before
    assert [path.name for path in output.parent.iterdir()] == ["b.xlsx"]


def test_dates_numbers_and_merged_cells_come_over(tmp_path: Path, shipped: Classifier) -> None:
    run(shipped, binary(tmp_path / "a.xls"), tmp_path / "b.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx").worksheets[0]
    assert sheet["A3"].value == 20260301001
    assert sheet["B3"].value.date() == DAY
    assert "A1:C1" in [str(area) for area in sheet.merged_cells.ranges]


def test_markup_is_read_as_people_see_it() -> None:
    ((_, rows, merged),) = read_markup(HTML, "a.xls")
    assert rows[1:] == [["编号", "日期", "投诉内容"], ["甲1", "2026-03-01", A], ["", "2026-03-02", f"{B[:6]}\n{B[6:]}"]]
    assert merged == [((0, 0), (0, 2)), ((2, 0), (3, 0))]
    ((name, rows, _),) = read_markup(XML.replace(' encoding="GBK"', ""), "a.xls")
    assert (name, rows[0], rows[2][1]) == ("台账", [], datetime.datetime(2026, 3, 1))  # noqa: DTZ001
    for text in ("<html><p>无表</p></html>", "<?xml version='1.0'?><Workbook><Worksheet>"):
        with pytest.raises(FileError, match="另存为"):
            list(read_markup(text, "a.xls"))


def test_the_reader_of_tables_reads_them_too(tmp_path: Path) -> None:
    for name in ("binary.xls", "document.ods", "html.xls"):
        (table,) = read_file(made(tmp_path / name))
        text = table.column("投诉内容")
        assert next(text(cells) for _, cells in table.rows) == A
    (sheet,) = read_sheets(made(tmp_path / "xml.xls"))
    assert sheet.name == "台账"


def test_their_output_has_another_name() -> None:
    assert format_of("a.xls", "b.xlsx", None) == ".xlsx"
    with pytest.raises(FormatUnknown, match="b.xlsx"):
        format_of("a.xls", "b.xls", None)
    with pytest.raises(FormatUnknown, match="格式相同"):
        format_of("a.xls", "b.csv", None)


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def files(tmp_path: Path) -> dict[str, bytes]:
    table = f"投诉内容\n{A}\n".encode()
    return {
        "三月/a.csv": table, "b.xls": binary(tmp_path / "x.xls").read_bytes(), "图.png": b"\x89PNG", "说明.docx": b"PK",
        "__MACOSX/a.csv": b"x",
        "c.zip": b"PK",
    }  # fmt: skip


def test_an_archive_is_a_directory(tmp_path: Path, shipped: Classifier) -> None:
    archive = zipped(tmp_path / "三月.zip", files(tmp_path))
    folder = tag_folder(str(archive), str(tmp_path / "out"), shipped, TagOptions())
    assert folder.failed == {}
    assert set(folder.passed) == {"图.png", "说明.docx", "c.zip"}
    assert folder.unread == {"说明.docx", "c.zip"}
    assert (tmp_path / "out" / "三月" / "a.csv").exists()
    assert (tmp_path / "out" / "b.xls.xlsx").exists()
    folder = tag_folder(str(archive), str(tmp_path / "out.zip"), shipped, TagOptions())
    with zipfile.ZipFile(tmp_path / "out.zip") as made:
        assert sorted(made.namelist()) == ["b.xls.xlsx", "三月/a.csv"]
    assert not list(tmp_path.glob(".*"))


def test_a_directory_names_what_it_passes_over(tmp_path: Path, shipped: Classifier) -> None:
    (tmp_path / "in").mkdir()
    zipped(tmp_path / "in" / "二月.zip", files(tmp_path))
    for name, data in {
        "a.numbers": b"PK",
        "b.rar": b"Rar!",
        "c.pdf": b"%PDF",
        "d.jpg": b"x",
        "Thumbs.db": b"x",
        "~$a.xlsx": b"x",
    }.items():
        (tmp_path / "in" / name).write_bytes(data)
    folder = tag_folder(str(tmp_path / "in"), str(tmp_path / "out"), shipped, TagOptions())
    assert set(folder.passed) == {
        "a.numbers",
        "b.rar",
        "c.pdf",
        "d.jpg",
        "二月.zip/图.png",
        "二月.zip/说明.docx",
        "二月.zip/c.zip",
    }
    assert folder.unread == set(folder.passed) - {"d.jpg", "二月.zip/图.png"}
    whole = folder.total("in", "out", "m")
    assert any("b.rar 略过：不能读 .rar 压缩包，先解压" in note for note in whole.notes)
    assert (tmp_path / "out" / "二月" / "三月" / "a.csv").exists()
    (tmp_path / "none").mkdir()
    shutil.copy(tmp_path / "in" / "b.rar", tmp_path / "none" / "b.rar")
    with pytest.raises(FormatUnknown, match="没有能标的文件；b.rar：不能读"):
        tag_folder(str(tmp_path / "none"), str(tmp_path / "out2"), shipped, TagOptions())


def test_archives_that_do_harm_are_refused(tmp_path: Path, shipped: Classifier) -> None:
    table = f"投诉内容\n{A}\n".encode()
    climbing = zipped(tmp_path / "a.zip", {"../../x.csv": table, "b.csv": table})
    folder = tag_folder(str(climbing), str(tmp_path / "out"), shipped, TagOptions())
    assert folder.passed == {"../../x.csv": "文件名指到压缩包外面"}
    bomb = zipped(tmp_path / "b.zip", {"a.csv": b"x" * (300 << 20)})
    with pytest.raises(FormatUnknown, match="像是压缩炸弹"):
        tag_folder(str(bomb), str(tmp_path / "out3"), shipped, TagOptions())
    (tmp_path / "c.zip").write_bytes(b"PK\x03\x04nothing")
    with pytest.raises(FormatUnknown, match="不是完好的压缩包"):
        tag_folder(str(tmp_path / "c.zip"), str(tmp_path / "out4"), shipped, TagOptions())
    assert FileSuspicious.code == "file_suspicious"


def test_names_in_gbk_are_read(tmp_path: Path, shipped: Classifier) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("abcd.csv", f"投诉内容\n{A}\n")
    raw = data.getvalue().replace(b"abcd.csv", "三月".encode("gbk") + b".csv")
    (tmp_path / "a.zip").write_bytes(raw)
    folder = tag_folder(str(tmp_path / "a.zip"), str(tmp_path / "out"), shipped, TagOptions())
    assert [json.dumps(one.output, ensure_ascii=False) for one in folder.files] == [f'"{tmp_path}/out/三月.csv"']
