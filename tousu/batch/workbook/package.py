"""What the cell reader does not tell of a workbook: number formats, names, links, what is not kept."""

from __future__ import annotations

import mmap
import posixpath
import re
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

from tousu.batch.workbook.scan import PIECE, SheetScan, column_of
from tousu.errors import FileError, FileSuspicious

if TYPE_CHECKING:
    from collections.abc import Iterator

# Sheets pack at 5:1 to 40:1. Below the floor nothing can do harm.
MOST_EXPANSION = 200
EXPANSION_FLOOR = 256 << 20
MOST_BYTES = 16 << 30
# What the cell reader may hold at once, and how thinly cells may be spread when there are many places.
MOST_CELLS = 200_000_000
SPARSE_FLOOR = 20_000_000
SPARSE = 50
LAST_CELL = re.compile(rb' r="([A-Z]{1,3})([0-9]{1,7})"')
# What is no .zip but begins so: a workbook before 2007, or any with a password.
OLE = b"\xd0\xcf\x11\xe0"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
DATE_NUMBERS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
DATE_CODE = re.compile(r"[ymdhs]", re.IGNORECASE)
# Parts that are not written, by the last word of their kind; sheets' first, then the workbook's.
SHEET_PARTS = {
    "comments": "批注", "threadedComment": "批注", "pivotTable": "数据透视表", "slicer": "切片器", "timeline": "日程表",
}  # fmt: skip
BOOK_PARTS = {"vbaProject": "宏", "externalLink": "外部链接", "connections": "数据连接"}
# xlsxwriter takes these names; others are for printing, or made by programs.
KEPT_NAME = re.compile(r"[^\W\d][\w.]{0,254}")
CELL_NAME = re.compile(r"[a-z]{1,3}\d+|[rc]|r\d*c\d*", re.IGNORECASE)

NumberFormat = str | int


class Name(NamedTuple):
    """A defined name, the sheet it belongs to or nothing, and what it stands for."""

    name: str
    sheet: str
    text: str


class Package:
    """An .xlsx file as the zip archive it is.

    Attributes:
        formats: Number format by cell style: a built-in one's number or its code.
        since_1904: Whether days are counted from 1904.
        macros: Whether it brings macros, and with them functions of its own.
        names: Defined names that can be written.
        lost: What the workbook, not a sheet, has that is not written, in Chinese.
        lost_names: Defined names that are not written.
    """

    def __init__(self, path: str, name: str) -> None:
        self._name = name
        self._formula_widths: dict[str, int] = {}
        try:
            self._check_ole(path, name)
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise FileError(f"{name} 不是完好的 .xlsx 文件", fix="用 Excel 打开后另存为 .xlsx，再试") from error
        try:
            self.check_expansion(name)
            self._paths = dict(self._sheet_paths())
            self.formats = list(self._formats())
            self._dates = {number for number, code in enumerate(self.formats) if _is_date(code)}
            self._look_at_workbook()
        except (KeyError, IndexError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            self._zip.close()
            raise self._broken() from error
        except FileError:
            self._zip.close()
            raise

    def _broken(self) -> FileError:
        """Return the error for a workbook whose parts do not fit together."""
        return FileError(f"{self._name} 的内部结构不合规范", fix="用 Excel 打开后另存为 .xlsx，再试")

    @staticmethod
    def _check_ole(path: str, name: str) -> None:
        """Refuse what only looks like an .xlsx file by its name."""
        with Path(path).open("rb") as file:
            if file.read(len(OLE)) != OLE:
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                locked = data.find(ENCRYPTED) >= 0
        if locked:
            raise FileError(f"{name} 有密码保护", fix="在 Excel 中去掉密码后再试")
        raise FileError(f"{name} 是旧的 .xls 格式", expected=".xlsx", fix="用 Excel 打开后另存为 .xlsx，再试")

    def close(self) -> None:
        """Close the archive."""
        self._zip.close()

    def check_expansion(self, name: str) -> None:
        """Refuse an archive that unpacks to far more than sheets do, by its own word and by reading through it.

        Raises:
            FileSuspicious: It does.
        """
        for entry in self._zip.infolist():
            most = min(MOST_BYTES, max(EXPANSION_FLOOR, MOST_EXPANSION * entry.compress_size))
            if entry.file_size > most:
                raise _suspicious(name, f"{entry.filename} 解压后有 {entry.file_size >> 20} MB")
            if entry.filename.startswith("xl/worksheets/"):
                self._check_extent(entry, name)

    def _check_extent(self, entry: zipfile.ZipInfo, name: str) -> None:
        """Refuse a sheet whose few cells lie far apart: the cell reader keeps the whole rectangle in memory.

        Reading to the end also checks the size the archive states, by its checksum.
        """
        rows = columns = cells = formulas = 0
        rest = b""
        with self._zip.open(entry) as stream:
            while piece := stream.read(PIECE):
                *whole, rest = (rest + piece).split(b"row>")
                rest = rest[-PIECE:]
                for row in whole:
                    last = LAST_CELL.search(row, max(0, row.rfind(b' r="')))
                    if last:
                        rows = max(rows, int(last[2]))
                        columns = max(columns, column_of(last[1].decode()) + 1)
                    cells += row.count(b' r="')
                    formula = max(row.rfind(b"</f>"), row.rfind(b":f>"), row.rfind(b"<f "), row.rfind(b":f "))
                    if formula >= 0 and (last := LAST_CELL.search(row, max(0, row.rfind(b' r="', 0, formula)))):
                        formulas = max(formulas, column_of(last[1].decode()) + 1)
        if rows * columns > MOST_CELLS or (rows * columns > SPARSE_FLOOR and rows * columns > SPARSE * cells):
            raise _suspicious(name, f"{entry.filename} 的单元格散布在 {rows:,} 行 × {columns:,} 列的范围内")
        self._formula_widths[entry.filename] = formulas

    def _tree(self, part: str) -> ElementTree.Element:
        """Return a small part's XML."""
        try:
            return ElementTree.fromstring(self._zip.read(part))  # noqa: S314 - expat resolves no outside entity
        except (ElementTree.ParseError, zipfile.BadZipFile, zlib.error) as error:
            raise self._broken() from error

    def _links(self, part: str) -> dict[str, tuple[str, str]]:
        """Return the kind and target of what a part refers to, by identifier."""
        folder, file = posixpath.split(part)
        place = f"{folder}/_rels/{file}.rels"
        if place not in self._zip.namelist():
            return {}
        return {
            link.get("Id", ""): (link.get("Type", "").rpartition("/")[2], link.get("Target", ""))
            for link in self._tree(place)
        }

    def _sheet_paths(self) -> Iterator[tuple[str, str]]:
        """Yield every sheet's name and the part it is in."""
        targets = self._links("xl/workbook.xml")
        for element in self._tree("xl/workbook.xml").iter():
            if _local(element.tag) == "sheet":
                link = next((value for key, value in element.items() if _local(key) == "id"), "")
                target = targets[link][1] if link in targets else ""
                yield element.get("name", ""), posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")

    def _look_at_workbook(self) -> None:
        """Take note of how days are counted, of defined names, and of what is not kept."""
        self.since_1904, self.names, self.lost_names = False, list[Name](), set[str]()
        kinds = {kind for kind, _ in self._links("xl/workbook.xml").values()}
        self.macros = "vbaProject" in kinds
        self.lost = [said for kind, said in BOOK_PARTS.items() if kind in kinds]
        sheets = list(self._paths)
        for element in self._tree("xl/workbook.xml").iter():
            kind = _local(element.tag)
            if kind == "workbookPr":
                self.since_1904 = element.get("date1904") in ("1", "true")
            elif kind == "workbookProtection" and any(element.get(key) for key in ("lockStructure", "lockWindows")):
                self.lost.append("工作簿保护")
            elif kind == "definedName" and not element.get("name", "").startswith("_xl"):
                local = element.get("localSheetId")
                name = Name(element.get("name", ""), sheets[int(local)] if local else "", element.text or "")
                if _can_be_kept(name) and element.get("function") not in ("1", "true"):
                    self.names.append(name)
                else:
                    self.lost_names.add(name.name)
        if self.lost_names:
            self.lost.append(f"名称 {'、'.join(sorted(self.lost_names))}")

    def _formats(self) -> Iterator[NumberFormat]:
        """Yield the number format of every cell style."""
        if "xl/styles.xml" not in self._zip.namelist():
            return
        tree = self._tree("xl/styles.xml")
        codes = {
            int(item.get("numFmtId", "0")): item.get("formatCode", "")
            for item in tree.iter()
            if _local(item.tag) == "numFmt"
        }
        for block in tree:
            if _local(block.tag) == "cellXfs":
                for style in block:
                    number = int(style.get("numFmtId", "0"))
                    yield codes.get(number, number)

    def scan(self, sheet: str) -> SheetScan:
        """Return a scan of a sheet's XML, from its start."""
        return SheetScan(self._zip.open(self._paths[sheet]), self._dates) if sheet in self._paths else SheetScan(None)

    def formula_width(self, sheet: str) -> int:
        """Return how many columns of a sheet hold formulas, the last one's place; some may have no result."""
        return self._formula_widths.get(self._paths.get(sheet, ""), 0)

    def targets(self, sheet: str) -> dict[str, str]:
        """Return where a sheet's hyperlinks lead, by relationship."""
        links = self._links(self._paths.get(sheet, ""))
        return {relation: target for relation, (kind, target) in links.items() if kind == "hyperlink"}

    def lost_parts(self, sheet: str) -> list[str]:
        """Return what belongs to a sheet in parts of its own that are not written, in Chinese."""
        kinds = {kind for kind, _ in self._links(self._paths.get(sheet, "")).values()}
        return sorted({said for kind, said in SHEET_PARTS.items() if kind in kinds})


def _is_date(code: NumberFormat) -> bool:
    """Return whether a number format shows a number as a date or a time."""
    if isinstance(code, int):
        return code in DATE_NUMBERS
    return bool(DATE_CODE.search(re.sub(r'"[^"]*"|\\.|\[(?!h|m|s)[^\]]*\]|_.|General', "", code, flags=re.IGNORECASE)))


def _can_be_kept(name: Name) -> bool:
    """Return whether a defined name can be written: it stands for something within the workbook."""
    fits = KEPT_NAME.fullmatch(name.name) and not CELL_NAME.fullmatch(name.name) and "!" not in name.sheet
    return bool(fits and name.text) and not any(sign in name.text for sign in "[|")


def _local(name: str) -> str:
    """Return a name without its namespace."""
    return re.sub(r"^\{.*\}", "", name)


def _suspicious(name: str, found: str) -> FileSuspicious:
    """Return the error for a workbook that would fill the memory or the disk."""
    return FileSuspicious(
        f"{name} 中的 {found}，像是压缩炸弹",
        expected="普通的工作簿",
        fix="确认来源可靠后，删去空白区域或拆成几个小文件再试",
    )
