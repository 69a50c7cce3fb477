"""A sheet's rows together with what the cell reader does not tell of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tousu.batch.workbook.rows import Cells, SheetRows
    from tousu.batch.workbook.scan import RowMarks, SheetScan


class Uncomputed(str):
    """A formula that came without a result, spelt out; programs that do not compute write such."""

    __slots__ = ()


class SheetCells:
    """One sheet's rows with their marks, also those below the last cell that has a value.

    The first rows are looked at at once; ``rows.head`` then has the formulas without a result, too.

    Attributes:
        height: Number of rows with cells, as far as read.
    """

    def __init__(self, rows: SheetRows, scan: SheetScan) -> None:
        self._rows, self._scan = rows, scan
        self.height = rows.height
        self._head = [scan.row(number) for number in range(len(rows.head))]
        for cells, marks in zip(rows.head, self._head, strict=True):
            spell_formulas(cells, marks)

    def __iter__(self) -> Iterator[tuple[int, Cells, RowMarks]]:
        number = -1
        for number, cells in enumerate(self._rows):
            if number < len(self._head):
                yield number, cells, self._head[number]
                continue
            marks = self._scan.row(number)
            spell_formulas(cells, marks)
            yield number, cells, marks
        while self._scan.more(number):
            number += 1
            marks, cells = self._scan.row(number), []
            spell_formulas(cells, marks)
            if cells or marks.formulas:
                self.height = number + 1
                yield number, cells, marks


def spell_formulas(cells: Cells, marks: RowMarks) -> None:
    """Put the formulas that have no result in their places, where the cell reader sees nothing."""
    for column, formula in marks.formulas.items():
        if formula.computed or not formula.text:
            continue
        if column >= len(cells):
            cells += [""] * (column + 1 - len(cells))
        if cells[column] == "":
            cells[column] = Uncomputed(f"={formula.text}")
