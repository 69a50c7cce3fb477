"""Workbooks as people and their programs make them."""

from __future__ import annotations

import datetime
import io
import re
import struct
import zlib
from typing import TYPE_CHECKING

import openpyxl
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image
from openpyxl.formatting.rule import CellIsRule, ColorScaleRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table, TableStyleInfo

from tests.support import COMPLAINTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEADER = ("工单编号", "登记时间", "投诉内容", "金额", "状态")
THIN = Side(style="thin", color="999999")
Parts = dict[str, bytes]


def picture() -> bytes:
    """Return a small picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes([200, 30, 30]) * 40 for _ in range(30))
    head = struct.pack(">2I5B", 40, 30, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def styled(path: Path, *, table: bool = False) -> Path:
    """Write a ledger as a clerk keeps it: a title, coloured header, borders, pictures, lists to choose from, a chart."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "工单"
    sheet["A1"] = "2026年3月投诉举报台账"
    sheet.merge_cells("A1:E1")
    sheet["A1"].font, sheet["A1"].alignment = Font(name="黑体", size=18, bold=True), Alignment(horizontal="center")
    sheet.row_dimensions[1].height = 32
    for column, name in enumerate(HEADER, 1):
        cell = sheet.cell(2, column, name)
        cell.font = Font(name="黑体", size=11, bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="2F5597")
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        cell.border = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
    for number, text in enumerate(COMPLAINTS):
        row = 3 + number
        values = (
            f"4403{number:014}",
            datetime.datetime.fromisoformat(f"2026-03-0{1 + number}T09:00"),
            text,
            12.5 * number,
            ("待办", "已办")[number % 2],
        )
        for column, value in enumerate(values, 1):
            cell = sheet.cell(row, column, value)
            cell.font = Font(name="仿宋", size=12)
            cell.border = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
            cell.alignment = Alignment(vertical="center", wrap_text=column == 3)
        sheet.cell(row, 2).number_format, sheet.cell(row, 4).number_format = "yyyy-mm-dd", "¥#,##0.00"
    for letters, width in zip("ABCDE", (22, 14, 46, 12, 10), strict=True):
        sheet.column_dimensions[letters].width = width
    sheet["C3"].comment = Comment("已核实", "张")
    choice = DataValidation(type="list", formula1='"待办,已办"')
    choice.add("E3:E20")
    sheet.add_data_validation(choice)
    sheet.conditional_formatting.add(
        "E3:E20", CellIsRule(operator="equal", formula=['"待办"'], fill=PatternFill("solid", bgColor="FFC7CE"))
    )
    sheet.conditional_formatting.add(
        "D3:D20", ColorScaleRule(start_type="min", start_color="FFFFFF", end_type="max", end_color="63BE7B")
    )
    sheet.freeze_panes = "B3"
    sheet.sheet_properties.tabColor = "C00000"
    sheet.page_setup.orientation, sheet.oddFooter.center.text = "landscape", "第 &P 页"
    sheet.print_title_rows = "2:2"
    if table:
        kept = Table(displayName="台账", ref=f"A2:E{2 + len(COMPLAINTS)}")
        kept.tableStyleInfo = TableStyleInfo(name="TableStyleMedium2", showRowStripes=True)
        sheet.add_table(kept)
    else:
        sheet.auto_filter.ref = f"A2:E{2 + len(COMPLAINTS)}"
    other = book.create_sheet("统计")
    for row in (["状态", "件数"], ["待办", "=COUNTIF(工单!E3:E20,A2)"], ["已办", 3]):
        other.append(row)
    chart = BarChart()
    chart.add_data(Reference(other, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    other.add_chart(chart, "D2")
    other.add_image(Image(io.BytesIO(picture())), "A8")
    book.create_sheet("字典").sheet_state = "hidden"
    book["字典"]["A1"] = "待办"
    book.save(path)
    return path


def _sheet(change: Callable[[str], str], only: str = "sheet") -> Callable[[Parts], Parts]:
    """Return a change of the XML of every sheet, or of one."""

    def changed(parts: Parts) -> Parts:
        return {
            name: change(content.decode()).encode() if name.startswith(f"xl/worksheets/{only}") else content
            for name, content in parts.items()
        }

    return changed


def _everywhere(old: str, new: str) -> Callable[[Parts], Parts]:
    return lambda parts: {
        name: content.replace(old.encode(), new.encode()) if name.endswith((".xml", ".rels")) else content
        for name, content in parts.items()
    }


def _strict(parts: Parts) -> Parts:
    for old, new in (
        ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"),
        (
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            "http://purl.oclc.org/ooxml/officeDocument/relationships",
        ),
    ):
        parts = _everywhere(old, new)(parts)
    return parts


def _prefixed(xml: str) -> str:
    xml = re.sub(r"<(/?)([A-Za-z])", r"<\1x:\2", xml)
    return xml.replace('xmlns="', 'xmlns:x="')


def _moved(parts: Parts) -> Parts:
    """Return the workbook with its parts at the root of the package."""
    moved = {name.removeprefix("xl/"): content for name, content in parts.items()}
    return {
        name: content.replace(b"/xl/", b"/").replace(b'"xl/', b'"')
        if name.endswith((".rels", "Types].xml"))
        else content
        for name, content in moved.items()
    }


def _absolute(parts: Parts) -> Parts:
    place, found = "xl/_rels/workbook.xml.rels", rb'Target="(worksheets|theme|styles|sharedStrings)'
    return parts | {place: re.sub(found, rb'Target="/xl/\1', parts[place])}


def _renamed(old: str, new: str) -> Callable[[Parts], Parts]:
    return lambda parts: {
        name if name.startswith("[") else name.replace(old, new): content for name, content in parts.items()
    }


def _in_utf_16(xml: str) -> str:
    return re.sub(r"<\?xml.*?\?>\s*", "", xml)


def utf_16(parts: Parts) -> Parts:
    """Return the workbook with its sheets in UTF-16."""
    return {
        name: ('<?xml version="1.0" encoding="UTF-16"?>' + _in_utf_16(content.decode())).encode("utf-16")
        if name.startswith("xl/worksheets/sheet") else content
        for name, content in parts.items()
    }  # fmt: skip


# Ways in which programs spell the same workbook.
DIALECTS: dict[str, Callable[[Parts], Parts]] = {
    "no dimension": _sheet(lambda xml: re.sub(r"<dimension[^>]*/>", "", xml)),
    "wrong dimension": _sheet(lambda xml: re.sub(r'<dimension ref="[^"]*"', '<dimension ref="A0:B0"', xml)),
    "rows without r": _sheet(lambda xml: re.sub(r'<row r="\d+"', "<row", xml)),
    "cells without r": _sheet(lambda xml: re.sub(r'<c r="[A-Z]+\d+"', "<c", xml)),
    "neither has r": _sheet(lambda xml: re.sub(r'<(c|row) r="[A-Z]*\d+"', r"<\1", xml)),
    "single quotes": _sheet(lambda xml: re.sub(r'(<(?:c|row)\b[^>]*>)', lambda tag: tag[1].replace('"', "'"), xml)),
    "r behind the others": _sheet(lambda xml: re.sub(r'<c (r="\w+")((?: \w+="\w*")+)', r"<c\2 \1", xml)),
    "empty attributes": _sheet(lambda xml: re.sub(r'<c r="(D[3-9])" (s="\d+")(?: t="n")?(?! t=)', r'<c r="\1" \2 t=""', xml), "sheet1"),
    "comments and white space": _sheet(lambda xml: xml.replace("<row", "\n  <!-- <row> --><row").replace("</row>", "\n</row >")),
    "blank ends of tags": _sheet(lambda xml: re.sub(r'"/>', '" />', xml).replace("</c>", "</c\n>")),
    "prefix": _sheet(_prefixed),
    "strict": _strict,
    "absolute targets": _absolute,
    "backslashes": _renamed("/", "\\"),
    "parts at the root": _moved,
    "names in another case": _renamed("xl/worksheets/sheet", "xl/worksheets/Sheet"),
    "utf-16": utf_16,
    "spans": _sheet(lambda xml: re.sub(r'<row (r="\d+")', r'<row \1 spans="1:5"', xml)),
    "a styled cell at the end": _sheet(
        lambda xml: xml.replace("</sheetData>", '<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>')
    ),
    "styled cells behind each row": _sheet(
        lambda xml: re.sub(r'(<row r="(\d+)".*?)</row>', r'\1<c r="G\2" s="1"/><c r="Z\2" s="1"></c></row>', xml)
    ),
}  # fmt: skip
