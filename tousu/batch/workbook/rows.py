"""A sheet as a table: its first rows and merged ranges; how cells are added to rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tousu.batch.workbook.cells import CellReader, column_of
from tousu.batch.workbook.scan import HEAD, LETTERS

if TYPE_CHECKING:
    from tousu.batch.workbook.cells import Value
    from tousu.batch.workbook.package import Package, Sheet
    from tousu.batch.workbook.spelling import Tags

AREA = re.compile(rb'\bref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"')
SPANS = re.compile(rb'\bspans="([0-9]+):([0-9]+)"')

Area = tuple[tuple[int, int], tuple[int, int]]


class SheetRows:
    """One sheet, its first rows read.

    Attributes:
        sheet: Which it is.
        scan: A look through its XML.
        reader: Tells what its cells hold.
        head: Values of the first rows by column, those without cells included.
        merged: Merged ranges: (top, left), (bottom, right), from 0 on.
    """

    def __init__(self, package: Package, sheet: Sheet) -> None:
        self.sheet, self.scan = sheet, package.scan(sheet)
        scan = self.scan
        self.reader = CellReader(scan.prefix, package.strings, package.styles.dates, since_1904=package.since_1904)
        with package.reading(f"工作表 {sheet.name}"):
            self.head: list[list[Value]] = [
                self.reader.row(scan.first[number]) if number in scan.first else []
                for number in range(min(HEAD, max(scan.first, default=-1) + 1))
            ]
        merged = re.search(rb"<%smergeCells[\s>].*?</%smergeCells" % (scan.prefix, scan.prefix), scan.tail, re.DOTALL)
        self.merged: list[Area] = [
            ((int(top) - 1, column_of(left)), (int(bottom) - 1, column_of(right)))
            for left, top, right, bottom in (AREA.findall(merged[0]) if merged else ())
        ]

    @property
    def name(self) -> str:
        """The sheet's name."""
        return self.sheet.name


class Insertion:
    """Puts cells into rows, behind all that is there.

    Args:
        tags: The names of the sheet's elements.
        first: The first column that is added, from 0; cells that are there from it on hold nothing.
        last: The last one.
    """

    def __init__(self, tags: Tags, first: int, last: int) -> None:
        self._tags, self._first, self._last = tags, first, last
        self._cells = re.compile(
            rb'%s([A-Z]+)[0-9]+"[^>]*?(?:/>|>.*?%s)' % (re.escape(tags.cell_r), re.escape(tags.cell_end)), re.DOTALL
        )
        self._more = tags.row.replace(b"row", b"extLst")
        self._columns: dict[bytes, int] = {}

    def put(self, row: bytes, cells: bytes) -> bytes:
        """Return a row with cells added, its end tag included.

        Args:
            row: The row without its end tag, and what stands before it.
            cells: The cells.
        """
        tags = self._tags
        begin = row.rfind(tags.row_r)
        inner = row.index(b">", begin) + 1
        at = row.rfind(tags.cell_r, inner)
        if at >= 0:
            letters = LETTERS.match(row, at + len(tags.cell_r))
            if letters is None or self._column(letters[1]) >= self._first:
                return self._between(row, begin, inner, cells)
        end = row.find(self._more, inner)
        end = len(row) if end < 0 else end
        return b"".join((self._opened(row, begin, inner), row[inner:end], cells, row[end:], tags.row_end))

    def _column(self, letters: bytes) -> int:
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = column_of(letters)
        return column

    def _opened(self, row: bytes, begin: int, inner: int) -> bytes:
        """Return what stands before a row's cells; its tag may say which columns it has cells in."""
        if b"spans" not in row[begin:inner]:
            return row[:inner]
        found = SPANS.search(row, begin, inner)
        if found is None or int(found[2]) > self._last:
            return row[:inner]
        return b"%s%d%s" % (row[: found.start(2)], self._last + 1, row[found.end(2) : inner])

    def _between(self, row: bytes, begin: int, inner: int, cells: bytes) -> bytes:
        """Return a row with cells added among empty ones: one that holds anything takes the place of the one there."""
        new = [(self._column(found[1]), found[0]) for found in self._cells.finditer(cells)]
        pieces, at = [self._opened(row, begin, inner)], inner
        for found in self._cells.finditer(row, inner):
            column = self._column(found[1])
            pieces.append(row[at : found.start()])
            while new and new[0][0] < column:
                pieces.append(new.pop(0)[1])
            cell = new.pop(0)[1] if new and new[0][0] == column else b"/>"
            pieces.append(found[0] if cell.endswith(b"/>") else cell)
            at = found.end()
        return b"".join([*pieces, *(cell for _, cell in new), row[at:], self._tags.row_end])
