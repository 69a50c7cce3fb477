"""Workbooks of other programs than write .xlsx, and archives of them."""

from __future__ import annotations

import datetime
import struct
import zipfile
from typing import TYPE_CHECKING

import xlwt

from tests.support import COMPLAINTS

if TYPE_CHECKING:
    from pathlib import Path

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


def _record(kind: int, data: bytes = b"") -> bytes:
    """Return a record of a part of an .xlsb: its kind and length, seven bits a byte, and what it holds."""
    head = b""
    for number, least in ((kind, 2 if kind > 127 else 1), (len(data), 1)):
        size = max(least, (number.bit_length() + 6) // 7)
        head += bytes(number >> 7 * at & 127 | 128 * (at < size - 1) for at in range(size))
    return head + data


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text.encode("utf-16-le")) // 2) + text.encode("utf-16-le")


def binary_parts(path: Path, rows: tuple[tuple[object, ...], ...] = ()) -> Path:
    """Write an .xlsb as Excel does: binary records in a package, texts shared, days as numbers of a style."""
    rows = rows or (("编号", "日期", "投诉内容"), ("甲1", DAY, A), (20260301002, DAY, B))
    texts = list(dict.fromkeys(cell for row in rows for cell in row if isinstance(cell, str)))
    lines = b""
    for number, row in enumerate(rows):
        lines += _record(0, struct.pack("<IIHBBBI2I", number, 0, 300, 0, 0, 0, 1, 0, len(row) - 1))
        for column, cell in enumerate(row):
            if cell is None:
                continue
            day = isinstance(cell, datetime.date)
            place = struct.pack("<II", column, int(day))
            if isinstance(cell, str):
                lines += _record(7, place + struct.pack("<I", texts.index(cell)))
            else:
                serial = (cell - datetime.date(1899, 12, 30)).days if isinstance(cell, datetime.date) else cell
                lines += _record(5, place + struct.pack("<d", serial))
    size = struct.pack("<4I", 0, len(rows) - 1, 0, max(map(len, rows)) - 1)
    looks = [struct.pack("<5H2BH", parent, form, 0, 0, 0, 0, 0, 0) for parent, form in ((0, 0), (0, 14))]
    counted = struct.pack("<I", 1)
    font = struct.pack("<4HBBBB8s", 220, 0, 400, 0, 0, 2, 134, 0, b"\0\xff" + bytes(6)) + b"\0" + _wide("宋体")
    link, packages = (f"http://schemas.openxmlformats.org/{kind}/2006" for kind in ("officeDocument", "package"))
    kinds = {"worksheet": "worksheets/sheet1.bin", "styles": "styles.bin", "sharedStrings": "sharedStrings.bin"}

    def links(targets: dict[str, str]) -> str:
        inner = "".join(
            f'<Relationship Id="rId{at}" Type="{link}/relationships/{kind}" Target="{target}"/>'
            for at, (kind, target) in enumerate(targets.items(), 1)
        )
        return f'<?xml version="1.0"?><Relationships xmlns="{packages}/relationships">{inner}</Relationships>'

    main, types = "application/vnd.ms-excel.", {"xl/workbook.bin": "sheet.binary.macroEnabled.main"}
    types |= {f"xl/{target}": kind for kind, target in kinds.items()}
    overrides = "".join(f'<Override PartName="/{name}" ContentType="{main}{kind}"/>' for name, kind in types.items())
    parts = {
        "[Content_Types].xml": f'<?xml version="1.0"?><Types xmlns="{packages}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{overrides}</Types>',
        "_rels/.rels": links({"officeDocument": "xl/workbook.bin"}),
        "xl/_rels/workbook.bin.rels": links(kinds),
        "xl/workbook.bin": _record(131) + _record(153, bytes(8) + _wide("")) + _record(143)
        + _record(156, struct.pack("<II", 0, 1) + _wide("rId1") + _wide("台账")) + _record(144) + _record(132),
        "xl/styles.bin": _record(278) + _record(611, counted) + _record(43, font) + _record(612)
        + _record(626, counted) + _record(47, struct.pack("<5H2BH", 0xFFFF, 0, 0, 0, 0, 0, 0, 0)) + _record(627)
        + _record(617, struct.pack("<I", 2)) + b"".join(_record(47, look) for look in looks) + _record(618) + _record(279),
        "xl/sharedStrings.bin": _record(159, struct.pack("<II", len(texts), len(texts)))
        + b"".join(_record(19, b"\0" + _wide(text)) for text in texts) + _record(160),
        "xl/worksheets/sheet1.bin": _record(129) + _record(148, size) + _record(145) + lines + _record(146) + _record(130),
    }  # fmt: skip
    return zipped(path, {name: part.encode() if isinstance(part, str) else part for name, part in parts.items()})


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def made(path: Path) -> Path:
    kind = path.stem
    if kind == "binary":
        return binary(path)
    if kind == "document":
        return open_document(path)
    if path.suffix == ".xlsb":
        return binary_parts(path)
    path.write_bytes({"html": HTML, "xml": XML, "text": TEXT}[kind].encode("gbk" if kind != "text" else "utf-16"))
    return path
