"""Sheets as rows: where the header is, what the rows below hold."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from tousu.files.columns import named_text_columns
from tousu.files.header import find_header, names_of

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

        Args:
            wanted: Column names the user gave; a sheet whose header lacks one has none for us.
        """
        number = find_header(self.head, wanted, within=TITLE_ROWS)
        if number is not None and not set(wanted) <= set(names_of(self.head[number])):
            return None
        return number

    def names_texts(self) -> bool:
        """Return whether the sheet has a column of texts by its name, not only by what stands in it."""
        header = self.header_row(())
        return header is not None and bool(named_text_columns(names_of(self.head[header]), self.head[header + 1 :]))
