"""The added cells of rows: what each shows of its tagging, in the looks of the row it joins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tousu.batch.workbook.cells import letters_of, number_cell, text_cell
from tousu.batch.workbook.styles import Look
from tousu.files.added_columns import DECISIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tousu.batch.workbook.styles import Styles

CENTRE = Look(align="center")
REVIEW = CENTRE._replace(fill="FFF2CC", colour="7F6000")
LOOKS = {
    "probability": CENTRE._replace(number="0.0000"), "decision": CENTRE, "online": CENTRE, "error": Look(colour="C00000"),
}  # fmt: skip
# Widths in characters.
WIDTHS = {
    "primary": 17, "name": 30, "codes": 30, "probability": 8, "decision": 10, "online": 10, "kind": 11, "route": 20,
    "signals": 24, "amount": 10, "attention": 30, "acceptance": 44, "history": 36, "evidence": 36,
    "model": 17, "error": 22,
}  # fmt: skip
USUAL_WIDTH = 14
PADDING = 5 / 7  # what a file adds to the width people set
LONGEST_CELL = 32_767


def width_of(key: str) -> float:
    """Return the width of an added column, as a file has it."""
    return WIDTHS.get(key, USUAL_WIDTH) + PADDING


class AddedCells:
    """Spells the added cells of a sheet.

    Args:
        prefix: What all names of the sheet's XML begin with.
        styles: The workbook's styles.
        keys: Keys of the added columns, in their order.
        first: The first of them, from 0.
    """

    def __init__(self, prefix: bytes, styles: Styles, keys: Sequence[str], first: int) -> None:
        self._prefix, self._styles = prefix.decode(), styles
        self._letters = {key: letters_of(column) for column, key in enumerate(keys, first)}
        self._review = {decisions["review"] for decisions in DECISIONS.values()}

    def header(self, number: int, style: int, names: Mapping[str, str]) -> bytes:
        """Return the cells of the header's row that name the columns."""
        cells = (text_cell(self._prefix, f"{self._letters[key]}{number}", style, name) for key, name in names.items())
        return "".join(cells).encode()

    def of(
        self, numbers: Sequence[int], bases: Sequence[int], columns: Mapping[str, Sequence[str] | Sequence[float]]
    ) -> list[bytes]:
        """Return the cells of some rows; an empty text makes no cell.

        Args:
            numbers: The rows' numbers, from 1 on.
            bases: The style each row's cells are to look like.
            columns: The values by key.
        """
        made = [self._column(key, numbers, bases, values) for key, values in columns.items()]
        return ["".join(cells).encode() for cells in zip(*made, strict=True)]

    def _column(
        self, key: str, numbers: Sequence[int], bases: Sequence[int], values: Sequence[str] | Sequence[float]
    ) -> list[str]:
        """Return one column's cells."""
        if len(set(bases)) == 1 and all(isinstance(value, str) for value in values):
            halves = {value: self._halves(key, bases[0], str(value)) for value in set(values)}
            both = [halves[value] for value in values]
            return [
                f"{before}{number}{after}" if before else ""
                for number, (before, after) in zip(numbers, both, strict=True)
            ]
        cells = []
        for number, base, value in zip(numbers, bases, values, strict=True):
            if isinstance(value, int | float):
                style = self._styles.like(base, LOOKS.get(key, Look()))
                cells.append(number_cell(self._prefix, f"{self._letters[key]}{number}", style, value))
            else:
                before, after = self._halves(key, base, str(value))
                cells.append(f"{before}{number}{after}" if before else "")
        return cells

    def _halves(self, key: str, base: int, value: str) -> tuple[str, str]:
        """Return a cell as what stands before and behind its row's number; nothing for an empty text."""
        if not value:
            return "", ""
        look = REVIEW if key == "decision" and value in self._review else LOOKS.get(key, Look())
        cell = text_cell(self._prefix, "?", self._styles.like(base, look), value[:LONGEST_CELL])
        before, _, after = cell.partition("?")
        return before + self._letters[key], after
