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

from tests.batch.other_books import DAY, HTML, XML, A, B, binary, made, zipped
from tests.support import run
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


@pytest.mark.parametrize(
    "name", ["binary.xls", "binary.et", "document.ods", "parts.xlsb", "html.xls", "xml.xls", "text.xls", "binary.xlsx"]
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
