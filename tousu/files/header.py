"""Which row of a table names its columns: one rule for text files and sheets.

A title above a table fills few of its columns, so the header is the first row that is nearly as full as the
rows usually are. What its cells look like, and what stands below them, settles the doubtful cases. A name that
texts usually have speaks for a row but never lets a row further down win over one that looks like a header:
such words are values, too (``诉求`` is a kind of ticket).
"""

from __future__ import annotations

import enum
import math
import re
from typing import TYPE_CHECKING

from tousu.files.added_columns import NUMBER
from tousu.files.columns import is_text_name, without_brackets

if TYPE_CHECKING:
    from collections.abc import Sequence

    Row = Sequence[object]

NEARLY_FULL = 0.6
MOSTLY = 0.6
# One very wide row, whose text has unquoted commas, must not make all others look sparse.
USUAL = 0.9
LONGEST_NAME = 40
SHORTEST_PROSE = 8
# So many rows below a full row of numbers or dates may hold the header: a title as `导出时间,2026-03-01`.
DEEPEST = 5
DATE = re.compile(r"\d{2,4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:[ T]*\d{1,2}[:时]\d{1,2}.*)?|\d{1,2}:\d{2}(?::\d{2})?")
PAUSE = re.compile(r"[，。；！]")
YEAR = re.compile(r"(?:19|20)\d\d年?")
FEWEST_DIGITS = 3  # of a number such as GD0001
QUESTION = ("？", "?", "：", ":")


class Kind(enum.Enum):
    """What a cell looks like."""

    BLANK = enum.auto()
    NAME = enum.auto()
    VALUE = enum.auto()
    PROSE = enum.auto()


def kind_of(cell: object) -> Kind:
    """Return what a cell looks like: nothing, a column's name, a number or date, or a text of its own."""
    if cell is None:
        return Kind.BLANK
    if not isinstance(cell, str):
        return Kind.VALUE
    text = cell.strip()
    if not text:
        return Kind.BLANK
    if NUMBER.fullmatch(text) or DATE.fullmatch(text):
        return Kind.VALUE
    bare = without_brackets(text)
    told = len(bare) >= SHORTEST_PROSE and PAUSE.search(bare) and not bare.endswith(QUESTION)
    return Kind.PROSE if told or len(bare) > LONGEST_NAME else Kind.NAME


def names_of(row: Row) -> list[str]:
    """Return a header row's cells as names, on one line each."""
    return [" ".join(str(cell if cell is not None else "").split()) for cell in row]


def find_header(rows: Sequence[Row], wanted: Sequence[str] = (), *, within: int) -> int | None:
    """Return which row is the header, from 0 on, or None if the table seems to have none.

    Args:
        rows: The table's first rows, as far as there are some more than ``within``.
        wanted: Column names the user gave. A row that has them all is preferred where the rule leaves a doubt;
            the row returned need not have them.
        within: How many rows from the top on may be the header.
    """
    return _Search(rows, wanted, within).header()


class _Search:
    """The first rows of a table, looked through."""

    def __init__(self, rows: Sequence[Row], wanted: Sequence[str], within: int) -> None:
        self._rows, self._wanted = rows, wanted
        self._kinds = [[kind_of(cell) for cell in row] for row in rows]
        self._filled = [sum(kind is not Kind.BLANK for kind in kinds) for kinds in self._kinds]
        self._top = range(min(within, len(rows)))
        counts = sorted(count for count in self._filled if count)
        self._enough = NEARLY_FULL * counts[math.ceil(USUAL * (len(counts) - 1))] if counts else 0.0

    def header(self) -> int | None:
        """Return the header's number."""
        plain = self._by_looks()
        if not self._wanted:
            return plain
        for number in self._top:
            if not self._has_wanted(number):
                continue
            if number == plain or (plain is None and Kind.VALUE not in self._kinds[number]):
                return number
            if self._clean(number) and plain is not None and (number < plain or not self._sure(plain)):
                return number
        return plain

    def _by_looks(self) -> int | None:
        """Return the first full row, unless a row above or below it is clearly the better one."""
        first = next((n for n in self._top if self._filled[n] and self._filled[n] >= self._enough), None)
        if first is None or not self._sure(first):
            above = self._sparse_above(len(self._top) if first is None else first)
            if above is not None:
                return above
        if first is None or self._data(first):
            return None
        if not self._clean(first) and not self._named(first) and Kind.PROSE not in self._kinds[first]:
            last = min(first + 1 + DEEPEST, len(self._top))
            full = (n for n in range(first + 1, last) if self._filled[n] >= self._enough)
            below = next((n for n in full if self._clean(n) and self._contrasts(n)), None)
            if below is not None:
                return below
            if self._repeats(first):
                return None
        return first if self._named(first) or any(self._filled[first + 1 :]) else None

    def _sparse_above(self, end: int) -> int | None:
        """Return the row above ``end`` that names some columns of a table whose rows are wider than its header."""
        likely = [n for n in range(end) if self._filled[n] > 1 and self._clean(n)]
        lone = [n for n in range(end) if self._filled[n] == 1 and self._clean(n) and self._has_name(n)]
        named = [n for n in likely if self._has_name(n)]
        best = named or likely or lone
        return best[-1] if best else None

    def _sure(self, number: int) -> bool:
        """Return whether a row looks like a header and something beside its looks speaks for it."""
        return self._clean(number) and (self._named(number) or self._contrasts(number))

    def _clean(self, number: int) -> bool:
        """Return whether a row's cells are names, few of them twice."""
        names = [name for name in names_of(self._rows[number]) if name]
        return (
            bool(names)
            and not {Kind.VALUE, Kind.PROSE} & set(self._kinds[number])
            and not self._numbered(number)
            and len(set(names)) >= MOSTLY * len(names)
        )

    def _named(self, number: int) -> bool:
        """Return whether a row of several cells has a name that texts usually have, or the wanted ones."""
        return self._filled[number] > 1 and self._has_name(number)

    def _has_name(self, number: int) -> bool:
        return self._has_wanted(number) if self._wanted else any(map(is_text_name, self._rows[number]))

    def _has_wanted(self, number: int) -> bool:
        row = self._rows[number]
        return {*self._wanted} <= {*names_of(row), *(cell.strip() for cell in row if isinstance(cell, str))}

    def _contrasts(self, number: int) -> bool:
        """Return whether a name of the row stands above numbers, dates or long texts."""
        here = enumerate(self._kinds[number])
        return any(kind is Kind.NAME and self._mostly(column, number, _DATA) for column, kind in here)

    def _data(self, number: int) -> bool:
        """Return whether a row is itself one of the rows below: a long text beside a number, or above its like."""
        kinds = self._kinds[number]
        if Kind.VALUE in kinds and Kind.PROSE in kinds:
            return True
        told = (column for column, kind in enumerate(kinds) if kind is Kind.PROSE)
        return any(self._mostly(column, number, {Kind.PROSE}) for column in told)

    def _repeats(self, number: int) -> bool:
        """Return whether a row has numbers or dates above their like: a row of data; years may name columns."""
        cells = enumerate(zip(self._rows[number], self._kinds[number], strict=True))
        values = [
            column for column, (cell, kind) in cells if kind is Kind.VALUE and not YEAR.fullmatch(str(cell).strip())
        ]
        return self._numbered(number) or any(self._mostly(column, number, {Kind.VALUE}) for column in values)

    def _numbered(self, number: int) -> bool:
        """Return whether a cell of a row is a number such as GD0001 above its like."""
        for column, cell in enumerate(self._rows[number]):
            shape = _shape(cell)
            if shape.count("9") >= FEWEST_DIGITS:
                below = [_shape(row[column]) for row in self._rows[number + 1 :] if column < len(row) and row[column]]
                if below and below.count(shape) >= MOSTLY * len(below):
                    return True
        return False

    def _mostly(self, column: int, above: int, wanted: set[Kind]) -> bool:
        """Return whether the filled cells of a column below a row are mostly of some kinds."""
        below = [kinds[column] for kinds in self._kinds[above + 1 :] if column < len(kinds)]
        filled = [kind for kind in below if kind is not Kind.BLANK]
        return bool(filled) and sum(kind in wanted for kind in filled) >= MOSTLY * len(filled)


def _shape(cell: object) -> str:
    """Return what a short text looks like: 9 for a digit, A for a letter."""
    text = cell.strip() if isinstance(cell, str) else ""
    return re.sub(r"[A-Za-z]", "A", re.sub(r"\d", "9", text)) if len(text) <= LONGEST_NAME else ""


_DATA = {Kind.VALUE, Kind.PROSE}
