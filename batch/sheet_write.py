"""Writing a sheet: every cell as it was, formats included, and the looks of what is added."""

from __future__ import annotations

import datetime
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from batch.styles import NumberFormat, SheetScan

LONGEST_CELL = 32_767
FONT = {"font_name": "等线", "font_size": 11}
HEADER: dict[str, Any] = {
    "bold": True,
    "bg_color": "#D9E1F2",
    "border": 1,
    "border_color": "#B4C6E7",
    "valign": "vcenter",
}
ADDED_HEADER = HEADER | {"bg_color": "#1F4E78", "font_color": "#FFFFFF"}
TITLE = {"bold": True, "font_size": 14, "align": "center", "valign": "vcenter"}
CENTRE = {"align": "center"}
REVIEW = CENTRE | {"bg_color": "#FFF2CC", "font_color": "#7F6000"}
FAULT = {"font_color": "#C00000"}
LOOKS: dict[str, dict[str, Any]] = {
    "": {}, "header": HEADER, "added": ADDED_HEADER, "title": TITLE, "review": REVIEW, "fault": FAULT, "centre": CENTRE,
}  # fmt: skip
DATES = (datetime.datetime, datetime.date, datetime.time, datetime.timedelta)
ADDED_LOOKS = {"decision": "centre", "online": "centre", "error": "fault"}
# Widths in characters.
PADDING = 5 / 7  # what a file adds to the width people set
NARROWEST, WIDEST, TEXT_WIDTH = 8.0, 40.0, 60.0
ADDED_WIDTHS = {
    "primary": 17, "name": 30, "codes": 30, "probability": 8, "decision": 10, "online": 10, "evidence": 36,
    "model": 17, "error": 22,
}  # fmt: skip


class Formats:
    """The workbook's formats, each made once."""

    def __init__(self, book: Any, numbers: Sequence[NumberFormat]) -> None:
        self._book, self._numbers = book, numbers
        self._made: dict[tuple[NumberFormat, str], Any] = {}

    def number(self, style: int | None, looks: str = "") -> Any:
        """Return the format of an input style, None for the plain one."""
        kept = self._numbers[style] if style is not None and style < len(self._numbers) else 0
        return self.get(kept, looks)

    def get(self, number: NumberFormat, looks: str = "") -> Any:
        """Return the format with a number format and the looks called so."""
        if number in (0, "General") and not looks:
            return None
        key = (number, looks)
        if key not in self._made:
            self._made[key] = self._book.add_format({**FONT, **LOOKS[looks], "num_format": number or "General"})
        return self._made[key]


class SheetWriter:
    """Writes one sheet, row after row."""

    def __init__(self, sheet: Any, formats: Formats, scan: SheetScan) -> None:
        self._sheet, self._formats, self._scan = sheet, formats, scan
        self.cut = False

    def header(self) -> Any:
        """Return the format of the added columns' names."""
        return self._formats.get(0, "added")

    def row(self, number: int, cells: Sequence[Any], looks: str = "") -> None:
        """Write a row of the input: text as text, numbers, dates and errors with their number formats."""
        sheet, formats = self._sheet, self._formats
        styles, errors = self._scan.row(number)
        self.cut = False
        for column, cell in enumerate(cells):
            if cell == "":
                continue
            style = formats.number(styles.get(column), looks)
            if isinstance(cell, str):
                self._text(number, column, cell, style)
            elif isinstance(cell, bool):
                sheet.write_boolean(number, column, cell, style)
            elif isinstance(cell, DATES):
                sheet.write_datetime(number, column, cell, style or formats.get(_date_format(cell), looks))
            else:
                sheet.write_number(number, column, cell, style)
        for column, error in errors.items():
            sheet.write_formula(number, column, f"={error}", formats.number(styles.get(column), looks), error)

    def _text(self, row: int, column: int, text: str, style: Any) -> None:
        """Write a text; one longer than a cell may be is cut, and ``cut`` says so."""
        if len(text) > LONGEST_CELL:
            text, self.cut = text[:LONGEST_CELL], True
        self._sheet.write_string(row, column, text, style)

    def added(self, row: int, first: int, values: dict[str, Any], *, review: bool) -> None:
        """Write the added cells of a row from column ``first`` on; texts as texts, whatever they begin with."""
        for column, (key, value) in enumerate(values.items(), first):
            if value == "":
                continue
            if key == "probability":
                self._sheet.write_number(row, column, value, self._formats.get("0.0000", "centre"))
            else:
                shown = ADDED_LOOKS.get(key, "") if not (review and key == "decision") else "review"
                self._sheet.write_string(row, column, value, self._formats.get(0, shown))


def _date_format(cell: object) -> str:
    """Return a number format for a date that came without one."""
    if isinstance(cell, datetime.datetime):
        return "yyyy-mm-dd hh:mm:ss"
    if isinstance(cell, datetime.date):
        return "yyyy-mm-dd"
    return "hh:mm:ss" if isinstance(cell, datetime.time) else "[h]:mm:ss"


def shown_width(cell: object) -> float:
    """Return how many characters wide a cell is shown, Chinese ones counting two."""
    text = cell.strftime("%Y-%m-%d %H:%M:%S") if isinstance(cell, datetime.datetime) else str(cell)
    line = max(text.split("\n"), key=len)[:100]
    return sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in line)


def widths(rows: Sequence[Sequence[Any]], kept: dict[int, float], texts: Sequence[int], columns: int) -> list[float]:
    """Return sensible widths of the input's columns: as they were, else as their first rows need."""
    found = []
    for column in range(columns):
        needed = max((shown_width(row[column]) for row in rows if column < len(row)), default=0.0) + 2
        width = kept[column] - PADDING if column in kept else min(WIDEST, max(NARROWEST, needed))
        found.append(max(width, TEXT_WIDTH) if column in texts else width)
    return found
