"""Sheets as rows: where the header is, what the rows below hold."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from batch.columns import is_text_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HEAD = 200
TITLE_ROWS = 30

Cells = list[Any]


class SheetRows:
    """One sheet's rows, cells by column from 0 on; the first ones can be looked at before reading.

    Attributes:
        name: The sheet's name.
        head: The first rows.
        width: Number of columns in use.
        height: Number of rows.
        merged: Merged ranges: (top, left), (bottom, right).
    """

    def __init__(self, sheet: Any) -> None:
        self.name: str = sheet.name
        start, end = sheet.start, sheet.end
        self._left = start[1] if start else 0
        self.width: int = end[1] + 1 if end else 0
        self.height: int = end[0] + 1 if end else 0
        self.merged: list[tuple[tuple[int, int], tuple[int, int]]] = list(sheet.merged_cell_ranges or ())
        rows = sheet.iter_rows() if end else iter(())
        self.head = [self._padded(row) for row in islice(rows, HEAD)]
        self._rest = rows

    def _padded(self, row: Cells) -> Cells:
        """Return a row with the empty columns left of the sheet's first one."""
        return [""] * self._left + row if self._left else row

    def __iter__(self) -> Iterator[Cells]:
        return chain(self.head, map(self._padded, self._rest))

    def header_row(self, wanted: Sequence[str]) -> int | None:
        """Return which row is the header, from 0 on, under whatever titles; None if the sheet has none.

        A row with the wanted names, or else one with a name that texts usually have; or else the first
        row that is nearly as full as any, is all words, and has rows below it.
        """
        rows = self.head[:TITLE_ROWS]
        for number, row in enumerate(rows):
            names = names_of(row)
            if wanted and all(name in names for name in wanted):
                return number
            if not wanted and len([name for name in names if name]) > 1 and any(map(is_text_name, names)):
                return number
        if wanted:
            return None
        filled = [sum(cell != "" for cell in row) for row in self.head]
        most = max(filled, default=0)
        for number, row in enumerate(rows):
            words = all(isinstance(cell, str) for cell in row)
            if most and filled[number] >= 0.6 * most and words and any(filled[number + 1 :]):
                return number
        return None


def names_of(row: Cells) -> list[str]:
    """Return a header row's cells as names, on one line each."""
    return [" ".join(str(cell).split()) for cell in row]
