"""The added cells of rows: what each shows of its tagging, in the looks of the row it joins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tousu.batch.workbook.cells import empty_cell, letters_of, number_cell, text_cell
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
    "signals": 24, "amount": 10, "attention": 46, "acceptance": 44, "history": 36, "corrected": 24, "evidence": 36,
    "model": 34, "error": 22,
}  # fmt: skip
USUAL_WIDTH = 14
PADDING = 5 / 7  # what a file adds to the width people set
LONGEST_CELL = 32_767
NUMBER = "\0"  # stands for a row's number; no text holds it, as XML cannot


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
        self._nothing = {key: [""] for key in keys}
        self._review = {decisions["review"] for decisions in DECISIONS.values()}

    def header(self, number: int, style: int, names: Mapping[str, str]) -> bytes:
        """Return the cells of the header's row that name the columns."""
        cells = (text_cell(self._prefix, f"{self._letters[key]}{number}", style, name) for key, name in names.items())
        return "".join(cells).encode()

    def of(
        self, numbers: Sequence[int], bases: Sequence[int], columns: Mapping[str, Sequence[str] | Sequence[float]]
    ) -> list[bytes]:
        """Return the cells of some rows; an empty text makes a cell only where it has looks to show.

        Args:
            numbers: The rows' numbers, from 1 on.
            bases: The style each row's cells are to look like.
            columns: The values by key.
        """
        cells = [self._column(key, bases, values) for key, values in columns.items()]
        whole = map("".join, zip(*cells, strict=True))
        return [row.replace(NUMBER, str(number)).encode() for row, number in zip(whole, numbers, strict=True)]

    def fault(self, number: int, base: int, reason: str) -> bytes:
        """Return the cells of a row that could not be tagged: why, and nothing in the others."""
        (cells,) = self.of([number], [base], self._nothing | {"error": [reason]})
        return cells

    def _column(self, key: str, bases: Sequence[int], values: Sequence[str] | Sequence[float]) -> list[str]:
        """Return one column's cells, ``NUMBER`` in the place of their rows' numbers; most cells are like others."""
        wanted: list[tuple[int, str | float]] = list(zip(bases, values, strict=True))
        made = {one: self._cell(key, *one) for one in set(wanted)}
        return [made[one] for one in wanted]

    def _cell(self, key: str, base: int, value: str | float) -> str:
        """Return a cell; for an empty text nothing, or a cell with the borders and fill of the row."""
        look, place = LOOKS.get(key, Look()), self._letters[key] + NUMBER
        if value == "":
            return empty_cell(self._prefix, place, self._styles.like(base, Look())) if base else ""
        if not isinstance(value, str):
            return number_cell(self._prefix, place, self._styles.like(base, look), value)
        if key == "decision" and value in self._review:
            look = REVIEW
        return text_cell(self._prefix, place, self._styles.like(base, look), value[:LONGEST_CELL])
