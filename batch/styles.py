"""What the cell reader does not tell of a workbook: number formats, error values, column widths."""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.parsers import expat

from classifier.errors import FileError, FileSuspicious

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

PIECE = 1 << 18
# Sheets pack at 5:1 to 40:1. Below the floor nothing can do harm.
MOST_EXPANSION = 200
EXPANSION_FLOOR = 256 << 20
MOST_BYTES = 16 << 30
# What the cell reader may hold at once, and how thinly cells may be spread when there are many places.
MOST_CELLS = 200_000_000
SPARSE_FLOOR = 20_000_000
SPARSE = 50
DIGITS = "0123456789"
LAST_CELL = re.compile(rb' r="([A-Z]{1,3})([0-9]{1,7})"')

NumberFormat = str | int


class Package:
    """An .xlsx file as the zip archive it is.

    Attributes:
        formats: Number format by cell style: a built-in one's number or its code.
    """

    def __init__(self, path: str, name: str) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise FileError(f"{name} 不是完好的 .xlsx 文件", fix="用 Excel 打开后另存为 .xlsx，再试") from error
        try:
            self.check_expansion(name)
            self._paths = dict(self._sheet_paths())
            self.formats = list(self._formats())
        except (KeyError, ElementTree.ParseError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            self._zip.close()
            raise FileError(f"{name} 的内部结构不合规范", fix="用 Excel 打开后另存为 .xlsx，再试") from error
        except FileSuspicious:
            self._zip.close()
            raise

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
        rows = columns = cells = 0
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
        if rows * columns > MOST_CELLS or (rows * columns > SPARSE_FLOOR and rows * columns > SPARSE * cells):
            raise _suspicious(name, f"{entry.filename} 的单元格散布在 {rows:,} 行 × {columns:,} 列的范围内")

    def _tree(self, part: str) -> ElementTree.Element:
        """Return a small part's XML."""
        return ElementTree.fromstring(self._zip.read(part))  # noqa: S314 - expat resolves no outside entity

    def _sheet_paths(self) -> Iterator[tuple[str, str]]:
        """Yield every sheet's name and the part it is in."""
        targets = {
            link.get("Id"): link.get("Target", "") for link in self._tree("xl/_rels/workbook.xml.rels")
        }  # fmt: skip
        for element in self._tree("xl/workbook.xml").iter():
            if _local(element.tag) == "sheet":
                link = next((value for key, value in element.items() if _local(key) == "id"), "")
                yield (
                    element.get("name", ""),
                    posixpath.normpath(posixpath.join("/xl", targets.get(link, ""))).lstrip("/"),
                )

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
        """Return a scan of a sheet's styles, from its start."""
        return SheetScan(self._zip.open(self._paths[sheet])) if sheet in self._paths else SheetScan(None)


class SheetScan:
    """Reads a sheet's XML beside the cell reader, row by row.

    Attributes:
        widths: Width in characters by column, as far as the sheet sets it; known after the first row.
        formulas: Whether a formula was met so far.
    """

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._stream = stream
        self._rows: dict[int, dict[int, int]] = {}
        self._styles: dict[int, int] = {}
        self._errors: dict[int, dict[int, str]] = {}
        self._row = self._column = -1
        self._columns: dict[str, int] = {}
        self._prefix = ""
        self._caught: list[str] | None = None
        self.widths: dict[int, float] = {}
        self.formulas = False
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._root

    def row(self, number: int) -> tuple[dict[int, int], dict[int, str]]:
        """Return a row's styles and error values by column; rows must be asked for in order, from 0 on."""
        while self._stream and self._row <= number:
            piece = self._stream.read(PIECE)
            try:
                self._parser.Parse(piece, not piece)
            except expat.ExpatError as error:
                raise FileError("工作表的 XML 已损坏", fix="用 Excel 打开后另存为 .xlsx，再试") from error
            if not piece:
                self.close()
        return self._rows.pop(number, {}), self._errors.pop(number, {})

    def close(self) -> None:
        """Close the stream."""
        if self._stream:
            self._stream.close()
            self._stream = None

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        """Take note of the prefix all names have, if any."""
        del attributes
        self._prefix = name[: -len("worksheet")]
        self._cell_name, self._row_name = f"{self._prefix}c", f"{self._prefix}row"
        self._parser.StartElementHandler = self._start

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == self._cell_name:
            place = attributes.get("r", "")
            column = self._column_of(place) if place else self._column + 1
            self._column = column
            style = attributes.get("s")
            if style is not None:
                self._styles[column] = int(style)
            if attributes.get("t") == "e":
                self._catch()
        elif name == self._row_name:
            self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
            self._column = -1
            self._styles = self._rows.setdefault(self._row, {})
        elif name == f"{self._prefix}f":
            self.formulas = True
            if self._caught is not None:
                self._caught.clear()
        elif name == f"{self._prefix}v" and self._caught is not None:
            self._caught.clear()
        elif name == f"{self._prefix}col" and "width" in attributes:
            last = min(int(attributes["max"]), int(attributes["min"]) + 1000)
            for column in range(int(attributes["min"]) - 1, last):
                self.widths[column] = float(attributes["width"])

    def _column_of(self, place: str) -> int:
        """Return the column, from 0, of a place such as ``AB12``."""
        letters = place.rstrip(DIGITS)
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = column_of(letters)
        return column

    def _catch(self) -> None:
        """Catch the error value of the cell that has begun."""
        caught: list[str] = []
        self._caught = caught
        row, column = self._row, self._column

        def ended(name: str) -> None:
            if name == self._cell_name:
                self._errors.setdefault(row, {})[column] = "".join(caught)
                self._caught = None
                self._parser.CharacterDataHandler = self._parser.EndElementHandler = None

        self._parser.CharacterDataHandler = caught.append
        self._parser.EndElementHandler = ended


def _local(name: str) -> str:
    """Return a name without its namespace."""
    return re.sub(r"^\{.*\}", "", name)


def column_of(letters: str) -> int:
    """Return the column, from 0, that letters such as ``AB`` name."""
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1


def _suspicious(name: str, found: str) -> FileSuspicious:
    """Return the error for a workbook that would fill the memory or the disk."""
    return FileSuspicious(
        f"{name} 中的 {found}，像是压缩炸弹",
        expected="普通的工作簿",
        fix="确认来源可靠后，删去空白区域或拆成几个小文件再试",
    )
