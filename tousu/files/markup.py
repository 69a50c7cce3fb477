"""Tables in HTML and in Excel's XML of 2003, which many systems call ``.xls``."""

from __future__ import annotations

import datetime
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from tousu.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    Range = tuple[tuple[int, int], tuple[int, int]]
    Found = tuple[str, list[list[Any]], list[Range]]

AGAIN = "用 Excel 或 WPS 打开后另存为 .xlsx，再试"
MOST_COLUMNS, MOST_ROWS = 16_384, 1_048_576
DECLARED = re.compile(r"^\s*<\?xml[^>]*\?>")
SILENT = {"script", "style", "title", "xml"}


class _Grid:
    """A table being filled, cell by cell, merged ones in mind."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[list[Any]] = []
        self.merged: list[Range] = []
        self._taken: dict[tuple[int, int], None] = {}
        self.column = 0

    def begin_row(self, number: int | None = None) -> None:
        """Begin a row, the next one or one of a number from 1 on."""
        while number is not None and len(self.rows) < min(number - 1, MOST_ROWS):
            self.rows.append([])
        self.rows.append([])
        self.column = 0

    def put(self, value: Any, across: int = 1, down: int = 1, number: int | None = None) -> None:
        """Add a cell: the next one or one of a number from 1 on, as wide and high as told."""
        if not self.rows:
            self.begin_row()
        row = len(self.rows) - 1
        column = self.column if number is None else number - 1
        while (row, column) in self._taken:
            column += 1
        if column >= MOST_COLUMNS:
            return
        across, down = max(1, min(across, MOST_COLUMNS - column)), max(1, min(down, MOST_ROWS))
        cells = self.rows[-1]
        cells += [""] * (column + 1 - len(cells))
        cells[column] = value
        if across > 1 or down > 1:
            self.merged.append(((row, column), (row + down - 1, column + across - 1)))
            if down > 1 and down * across <= MOST_COLUMNS:
                self._taken.update(dict.fromkeys((row + y, column + x) for y in range(1, down) for x in range(across)))
        self.column = column + across


class _Page(HTMLParser):
    """The tables of a web page, the outermost ones."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.grids: list[_Grid] = []
        self._depth = self._silent = 0
        self._cell: list[str] | None = None
        self._spans = (1, 1)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a tag that begins."""
        if tag in SILENT:
            self._silent += 1
        elif tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.grids.append(_Grid(f"Sheet{len(self.grids) + 1}"))
        elif self._depth == 1 and tag == "tr":
            self._end_cell()
            self.grids[-1].begin_row()
        elif self._depth == 1 and tag in ("td", "th"):
            self._end_cell()
            told = {key: value or "" for key, value in attrs}
            self._spans = (_whole(told.get("colspan")), _whole(told.get("rowspan")))
            self._cell = []
        elif tag in ("br", "p", "div") and self._cell:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Take note of a tag that ends."""
        if tag in SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "table":
            if self._depth == 1:
                self._end_cell()
            self._depth = max(0, self._depth - 1)
        elif self._depth == 1 and tag in ("td", "th", "tr"):
            self._end_cell()

    def handle_data(self, data: str) -> None:
        """Take a text."""
        if self._cell is not None and not self._silent:
            self._cell.append(re.sub(r"[ \t\r\n]+", " ", data))

    def _end_cell(self) -> None:
        if self._cell is not None:
            text = "\n".join(line.strip(" \xa0") for line in "".join(self._cell).split("\n")).strip("\n")
            self.grids[-1].put(text, *self._spans)
            self._cell = None


class _Book:
    """The worksheets of Excel's XML of 2003."""

    def __init__(self) -> None:
        self.grids: list[_Grid] = []
        self._told: dict[str, str] = {}
        self._type = ""
        self._text: list[str] | None = None
        self._data = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take note of an element that begins."""
        name = tag.rpartition(":")[2]
        told = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        if name == "Worksheet":
            self.grids.append(_Grid(told.get("Name", f"Sheet{len(self.grids) + 1}")))
        elif not self.grids:
            return
        elif name == "Row":
            self.grids[-1].begin_row(_whole(told["Index"]) if "Index" in told else None)
        elif name == "Cell":
            self._told, self._type, self._data = told, "", ""
        elif name == "Data":
            self._type, self._text = told.get("Type", "String"), []

    def end(self, tag: str) -> None:
        """Take note of an element that ends."""
        name = tag.rpartition(":")[2]
        if name == "Data" and self._text is not None:
            self._data, self._text = "".join(self._text), None
        elif name == "Cell" and self.grids:
            told = self._told
            across, down = (_whole(told.get(key), 0) + 1 for key in ("MergeAcross", "MergeDown"))
            number = _whole(told["Index"]) if "Index" in told else None
            self.grids[-1].put(_typed(self._data, self._type), across, down, number)

    def text(self, data: str) -> None:
        """Take a text."""
        if self._text is not None:
            self._text.append(data)


def read_markup(text: str, name: str) -> Iterator[Found]:
    """Yield name, rows and merged ranges of the tables in a text.

    Args:
        text: HTML or XML.
        name: What to call the file in an error.

    Raises:
        FileError: There is no table in it, or the XML is broken.
    """
    head = text[:4096].lower()
    grids = _xml(text, name) if "<workbook" in head or "office:spreadsheet" in head else _html(text)
    grids = [grid for grid in grids if any(grid.rows)]
    if not grids:
        raise FileError(f"{name} 里没有表格", expected="带表头的投诉清单", fix=AGAIN)
    for grid in grids:
        yield grid.name, grid.rows, [area for area in grid.merged if area[1][0] < len(grid.rows) + 1]


def _html(text: str) -> list[_Grid]:
    page = _Page()
    page.feed(text)
    page.close()
    return page.grids


def _xml(text: str, name: str) -> list[_Grid]:
    book = _Book()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = book.start, book.end
    parser.CharacterDataHandler = book.text
    try:
        parser.Parse(DECLARED.sub("", text).encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise FileError(f"{name} 的 XML 不完整", fix=AGAIN) from error
    return book.grids


def _whole(text: str | None, default: int = 1) -> int:
    """Return a whole number that an attribute spells."""
    return int(text) if text is not None and re.fullmatch(r"\d{1,7}", text.strip()) else default


def _typed(text: str, kind: str) -> Any:
    """Return a cell's value of one of the types of 2003."""
    try:
        if kind == "Number":
            return float(text)
        if kind == "DateTime":
            return datetime.datetime.fromisoformat(text)
    except ValueError:
        return text
    return text == "1" if kind == "Boolean" else text
