"""A sheet as rows of bytes: looked through once as a whole, then read again row by row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tousu.batch.workbook.cells import COLUMNS, ROWS, column_of
from tousu.batch.workbook.markup import PIECE, rewrite
from tousu.batch.workbook.spelling import CheckedStream, Odd, Places, Tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO, Protocol

    class Readable(Protocol):
        """A stream of bytes."""

        def read(self, size: int, /) -> bytes:
            """Read up to ``size`` bytes; nothing only at the end."""


HEAD = 200
LONGEST_HEAD, LONGEST_ROW, LONGEST_TAIL = 64 << 20, 64 << 20, 256 << 20
LETTERS = re.compile(rb"([A-Z]{1,3})([0-9]{1,7})\"")
KIND_STR = re.compile(rb"""\bt=["']str""")
# Cells that a formula names together; another sheet's have ! in front.
SPAN = re.compile(rb"(?<![!A-Za-z0-9_$'.:])\$?([A-Z]{1,3})\$?[0-9]{1,7}:\$?([A-Z]{1,3})\$?[0-9]{1,7}(?![A-Za-z0-9_(!])")


class TooLong(Exception):
    """A row, or what stands around the rows, is longer than an honest one."""


class _Rows:
    """Splits a sheet's bytes into what stands before, in and after its rows.

    Attributes:
        head: What stands before ``<sheetData>``.
        open: That tag.
        between: What stands behind the last row with cells: rows without any.
        tail: From ``</sheetData>`` on; where that is one tag, what stands behind it.
    """

    def __init__(self, stream: Readable, tags: Tags) -> None:
        self._stream, self._tags = stream, tags
        self.head = self.open = self.between = self.tail = b""

    def __iter__(self) -> Iterator[bytes]:
        """Yield rows with cells, some at a time, up to the last one's end tag and without it.

        Before a row stand the rows without cells above it.
        """
        tags, data = self._tags, b""
        while (found := tags.data.search(data)) is None:
            data = self._more(data, LONGEST_HEAD)
        self.head, self.open, rest = data[: found.start()], found[0], data[found.end() :]
        if self.open.endswith(b"/>"):
            self._finish(rest)
            return
        while (end := rest.find(tags.data_end)) < 0:
            rows, ended, behind = rest.rpartition(tags.row_end)
            if ended:
                yield rows
                rest = behind
            rest = self._more(rest, LONGEST_ROW)
        rows, ended, self.between = rest[:end].rpartition(tags.row_end)
        if ended:
            yield rows
        self._finish(rest[end:])

    def _more(self, data: bytes, most: int) -> bytes:
        """Return the bytes with some more behind them."""
        piece = self._stream.read(PIECE)
        if not piece:
            raise ValueError("no end of the rows")
        if len(data) + len(piece) > most:
            raise TooLong
        return data + piece

    def _finish(self, rest: bytes) -> None:
        """Read what stands behind the rows."""
        pieces, size = [rest], len(rest)
        while piece := self._stream.read(PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > LONGEST_TAIL:
                raise TooLong
        self.tail = b"".join(pieces)


class SheetScan:
    """A sheet, looked through from start to end.

    Args:
        opened: Opens the sheet's part anew.
        scratch: Gives a file for a sheet that must be spelt anew to be read.
        tick: Is called all the while.

    Attributes:
        prefix: What all names begin with.
        tags: The names of the sheet's elements.
        head: What stands before the rows.
        open: The tag that opens them.
        between: What stands behind the last row that has cells.
        tail: What stands behind the rows, the tag that closes them included.
        first: The first rows that have cells, by number from 0 on.
        used: How many columns hold values or formulas, the last one's place.
        last: Number of the last row with cells, from 1 on.
        hidden: Number of hidden rows.
        uncomputed: Number of formulas without a result.
        reach: How many columns formulas name in ranges, the last one's place.

    Raises:
        ExpatError: It is no well-formed XML.
        ValueError: It is no sheet, or a place in it is none.
        TooLong: It would fill the memory.
    """

    def __init__(
        self, opened: Callable[[], IO[bytes]], scratch: Callable[[], IO[bytes]], tick: Callable[[], None]
    ) -> None:
        self._opened, self._tick = opened, tick
        self._spelt: IO[bytes] | None = None
        try:
            self._survey()
        except Odd:
            self._spelt = scratch()
            with opened() as stream:
                rewrite(stream, self._spelt, change=Places())
            self._survey()

    def _stream(self) -> IO[bytes]:
        """Return the sheet's bytes from the start."""
        if self._spelt is None:
            return self._opened()
        self._spelt.seek(0)
        return self._spelt

    def _let_go(self, stream: IO[bytes]) -> None:
        if stream is not self._spelt:
            stream.close()

    def _survey(self) -> None:
        """Look through the sheet."""
        self.first: dict[int, bytes] = {}
        self.used = self.last = self.hidden = self.uncomputed = self.reach = 0
        self._widest = (0, b"")
        self._wider: re.Pattern[bytes] | None = None
        stream = self._stream()
        try:
            checked = CheckedStream(stream, self._tick, trusted=self._spelt is not None)
            self.prefix, self.tags = checked.prefix, Tags(checked.prefix)
            rows = _Rows(checked, self.tags)
            for some in rows:
                self._look_at(some)
        finally:
            self._let_go(stream)
        self.head, self.open, self.between, self.tail = rows.head, rows.open, rows.between, rows.tail
        self.hidden += len(self.tags.hidden.findall(rows.between))
        self.used = column_of(self._widest[1]) + 1 if self._widest[0] else 0
        if self.used > COLUMNS or self.last > ROWS:
            raise ValueError("a place outside the sheet")

    def _look_at(self, rows: bytes) -> None:
        """Take note of some rows."""
        tags = self.tags
        numbers = list(map(int, tags.number.findall(rows)))
        if self._spelt is None and (
            len(numbers) != rows.count(tags.row) or rows.count(tags.cell_r) != rows.count(tags.cell)
        ):
            raise Odd
        self.last = max(self.last, *numbers)
        split = (
            rows.split(tags.row_end) if self._wider is None or self._wider.search(rows) or min(numbers) <= HEAD else []
        )
        for row in split:
            number = self.number(row)
            if number <= HEAD:
                self.first[number - 1] = row
            self._measure(row, number)
        if tags.formula in rows:
            for row in rows.split(tags.row_end):
                if tags.formula in row:
                    self._look_at_formulas(row)
        if b"hidden=" in rows:
            self.hidden += len(tags.hidden.findall(rows))

    def _measure(self, row: bytes, number: int) -> None:
        """Take note of a row's last cell that holds anything."""
        tags = self.tags
        end = row.rfind(tags.cell_end)
        while end >= 0:
            start = row.rfind(tags.cell_r, 0, end)
            if row[row.index(b">", start) + 1 : end] not in tags.blank:
                letters = LETTERS.match(row, start + len(tags.cell_r))
                if letters is None or int(letters[2]) != number:
                    raise Odd
                if (key := (len(letters[1]), letters[1])) > self._widest:
                    self._widest = key
                    self._wider = re.compile(re.escape(tags.cell_r) + _beyond(letters[1]))
                break
            end = row.rfind(tags.cell_end, 0, start)

    def _look_at_formulas(self, row: bytes) -> None:
        """Take note of a row's formulas."""
        tags = self.tags
        for attributes, inner in tags.with_formula.findall(row):
            computed = inner.endswith(tags.value_end) and not inner.endswith(tags.no_value)
            self.uncomputed += not computed and not KIND_STR.search(attributes)
            if b":" in inner:
                for left, right in SPAN.findall(inner.partition(b"</")[0]):
                    if left != right:
                        self.reach = max(self.reach, column_of(right) + 1)

    def number(self, row: bytes) -> int:
        """Return a row's number, from 1 on."""
        at = row.rfind(self.tags.row_r) + len(self.tags.row_r)
        return int(row[at : row.index(b'"', at)])

    def rows(self) -> Iterator[list[tuple[int, bytes]]]:
        """Yield the rows with cells, some at a time: number from 1 on, bytes without the end tag.

        What stands before a row belongs to its bytes: rows without any cells.
        """
        stream = self._stream()
        try:
            for rows in _Rows(stream, self.tags):
                yield [(self.number(row), row) for row in rows.split(self.tags.row_end)]
        finally:
            self._let_go(stream)


def _beyond(letters: bytes) -> bytes:
    """Return a pattern for the letters of columns that come behind one."""
    ways = [b"[A-Z]{%d}" % (len(letters) + 1)]
    for at, letter in enumerate(letters):
        if letter < ord("Z"):
            ways.append(b"%s[%c-Z][A-Z]{%d}[0-9]" % (letters[:at], letter + 1, len(letters) - at - 1))
    return b"(?:%s)" % b"|".join(ways)
