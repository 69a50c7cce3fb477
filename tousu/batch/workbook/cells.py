"""Cells as their bytes: what one holds, and how an added one is spelt."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tousu.batch.workbook.strings import ESCAPED, Texts, plain_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tousu.batch.workbook.strings import SharedStrings

COLUMNS, ROWS = 16_384, 1_048_576
MOST_WHOLE, MOST_MARKS = 1e15, 10_000
PLAIN = re.compile(rb"([0-9]+)\.[0-9]+</[^<>]*>")  # a number with digits behind its point, to the end of its cell
KIND, STYLE = re.compile(rb"""\bt=["'](\w+)"""), re.compile(rb"""\bs=["']([0-9]+)""")
# What XML cannot hold, and what a reader would take for such a character.
UNSPEAKABLE = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]|_(?=x[0-9a-fA-F]{4}_)|\\r")
# The day before the first; Excel counts a 29 February 1900 that never was.
EPOCHS = {False: datetime.datetime(1899, 12, 30), True: datetime.datetime(1904, 1, 1)}  # noqa: DTZ001
NEVER_WAS = 60

Value = str | int | float | bool | datetime.datetime | datetime.time


class Uncomputed(str):
    """A formula that came without a result, spelt out; programs that do not compute write such."""

    __slots__ = ()


def column_of(letters: bytes | str) -> int:
    """Return the column, from 0, that letters such as ``AB`` name."""
    column = 0
    for letter in letters.encode() if isinstance(letters, str) else letters:
        column = column * 26 + letter - 64
    return column - 1


def letters_of(column: int) -> str:
    """Return the letters of a column, from 0."""
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


class CellReader:
    """Tells what the cells of a sheet hold.

    Args:
        prefix: What all names of the sheet's XML begin with.
        strings: The workbook's shared strings.
        dates: Cell styles that show a number as a date.
        since_1904: Whether days are counted from 1904.
    """

    def __init__(
        self, prefix: bytes, strings: SharedStrings | None, dates: Collection[int], *, since_1904: bool
    ) -> None:
        name = re.escape(prefix)
        self._strings, self._dates, self._epoch = strings, dates, EPOCHS[since_1904]
        self._texts = Texts(prefix)
        self._plain = b"<%sv>" % prefix, b"</%sv>" % prefix
        self._marks: dict[bytes, tuple[bytes, int]] = {}
        self._open, self._close = b'<%sc r="' % prefix, b"</%sc>" % prefix
        self._cell = re.compile(rb'<%sc r="([A-Z]+)[0-9]+"([^>]*?)(?:/>|>(.*?)</%sc\s*>)' % (name, name), re.DOTALL)
        self._value = re.compile(rb"<%sv(?:\s[^>]*)?(?<!/)>([^<]+)</%sv\s*>" % (name, name))
        self._formula = re.compile(rb"<%sf(?:\s[^>]*)?(?<!/)>([^<]*)</%sf\s*>" % (name, name))

    def row(self, row: bytes) -> list[Value]:
        """Return the values of a row by column, from 0 on; nothing stands for an empty cell."""
        values: list[Value] = []
        for column, value in self.filled(row):
            values += [""] * (column + 1 - len(values))
            values[column] = value
        return values

    def filled(self, row: bytes) -> Iterator[tuple[int, Value]]:
        """Yield column and value of a row's cells that hold anything."""
        for letters, attributes, inner in self._cell.findall(row):
            value = self.value(attributes, inner)
            if value != "":
                yield column_of(letters), value

    def is_blank(self, row: bytes) -> bool:
        """Return whether no cell of a row holds anything."""
        return next(self.filled(row), None) is None

    def find(self, row: bytes, place: bytes) -> tuple[bytes, bytes] | None:
        """Return attributes and content of the cell at a place such as ``B7``; None if the row has none."""
        at = row.find(b'%s%s"' % (self._open, place))
        if at < 0:
            return None
        at += len(self._open) + len(place) + 1
        end = row.find(b">", at)
        if row[end - 1 : end] == b"/":
            return row[at : end - 1], b""
        return row[at:end], row[end + 1 : row.find(self._close, end)]

    def value(self, attributes: bytes, inner: bytes) -> Value:
        """Return what a cell holds.

        Raises:
            ValueError: Its content does not fit its kind.
            IndexError: It names a shared string that is not there.
        """
        if not inner:
            return ""
        kind, style = self._marks.get(attributes) or self._read_marks(attributes)
        if kind == b"inlineStr":
            return self._texts.of(inner)
        if inner.startswith(self._plain[0]) and inner.endswith(self._plain[1]):
            raw = inner[len(self._plain[0]) : -len(self._plain[1])]
        elif value := self._value.search(inner):
            raw = value[1]
        else:
            formula = self._formula.search(inner)
            return Uncomputed(f"={plain_text(formula[1])}") if formula and formula[1] and kind != b"str" else ""
        if not raw:
            return ""
        if kind == b"s":
            if self._strings is None:
                raise IndexError("no shared strings")
            return self._strings[int(raw)]
        return self._other(kind, raw, style)

    def whole(self, attributes: bytes, inner: bytes) -> tuple[bytes, bytes]:
        """Return attributes and content of a cell; of a date's number without what stands behind its point."""
        kind, style = self._marks.get(attributes) or self._read_marks(attributes)
        serial = kind == b"n" and style in self._dates and inner.startswith(self._plain[0])
        plain = serial and PLAIN.fullmatch(inner, len(self._plain[0]))
        return attributes, plain[1] if plain else inner

    def style(self, attributes: bytes) -> int:
        """Return the number of a cell's style."""
        return (self._marks.get(attributes) or self._read_marks(attributes))[1]

    def _read_marks(self, attributes: bytes) -> tuple[bytes, int]:
        """Return a cell's kind and style; cells with the same attributes are many."""
        kind, style = KIND.search(attributes), STYLE.search(attributes)
        marks = (kind[1] if kind else b"n", int(style[1]) if style else 0)
        if len(self._marks) < MOST_MARKS:
            self._marks[attributes] = marks
        return marks

    def _other(self, kind: bytes, raw: bytes, style: int) -> Value:
        """Return a value that is spelt in its cell."""
        if kind == b"str":
            text = plain_text(raw)
            return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
        if kind == b"b":
            return raw.strip() in (b"1", b"true")
        if kind == b"e":
            return ""
        if kind == b"d":
            return datetime.datetime.fromisoformat(raw.decode().strip())
        number = float(raw)
        if style in self._dates:
            return self._date(number)
        return int(number) if number.is_integer() and abs(number) < MOST_WHOLE else number

    def _date(self, serial: float) -> Value:
        """Return the moment that a number stands for, or the number if it stands for none."""
        try:
            if 0 <= serial < 1:
                return (EPOCHS[True] + datetime.timedelta(days=serial)).time()
            early = serial < NEVER_WAS and self._epoch is EPOCHS[False]
            return self._epoch + datetime.timedelta(days=serial + early)
        except (OverflowError, ValueError):
            return serial


def spelt(text: str) -> str:
    """Return a text as it stands in XML, what XML cannot hold in Excel's own spelling."""
    if not text.isprintable() or "_x" in text:
        text = UNSPEAKABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    return escape(text)


def text_cell(prefix: str, place: str, style: int, text: str) -> str:
    """Return a cell that holds a text, which nothing takes for a formula."""
    space = ' xml:space="preserve"' if text[:1].isspace() or text[-1:].isspace() else ""
    p = prefix
    return f'<{p}c r="{place}" s="{style}" t="inlineStr"><{p}is><{p}t{space}>{spelt(text)}</{p}t></{p}is></{p}c>'


def number_cell(prefix: str, place: str, style: int, number: float) -> str:
    """Return a cell that holds a number."""
    return f'<{prefix}c r="{place}" s="{style}"><{prefix}v>{number!r}</{prefix}v></{prefix}c>'


def empty_cell(prefix: str, place: str, style: int) -> str:
    """Return a cell that holds nothing but its looks."""
    return f'<{prefix}c r="{place}" s="{style}"/>'
