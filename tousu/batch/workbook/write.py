"""Writing a sheet: every cell as it was, formats included, and the looks of what is added."""

from __future__ import annotations

import datetime
import unicodedata
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from xlsxwriter.worksheet import CellFormulaTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.batch.workbook.formulas import FormulaRules
    from tousu.batch.workbook.package import NumberFormat
    from tousu.batch.workbook.scan import Formula, RowMarks

LONGEST_CELL = 32_767
ERRORS = {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"}
MOST_WHOLE = 1e15
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
    "": {}, "plain": {}, "header": HEADER, "added": ADDED_HEADER, "title": TITLE, "review": REVIEW, "fault": FAULT, "centre": CENTRE,
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


class Exact(float):
    """A number that is written with all its digits, where the writer would keep 16."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return repr(float(self))


class SheetWriter:
    """Writes one sheet, row after row.

    Attributes:
        cut: Whether a text of the last row was too long for a cell.
        cuts: Number of such texts.
        uncomputed: Number of formulas written that have no result.
        valued: Number of formulas of which only the result was written.
        spelled: Number of formulas written as text, having no result.
        hidden: Number of hidden rows.
    """

    def __init__(self, sheet: Any, formats: Formats, rules: FormulaRules) -> None:
        self._sheet, self._formats, self._rules = sheet, formats, rules
        self.cut = False
        self.cuts = self.uncomputed = self.valued = self.spelled = self.hidden = 0

    def header(self) -> Any:
        """Return the format of the added columns' names."""
        return self._formats.get(0, "added")

    def row(self, number: int, cells: Sequence[Any], marks: RowMarks, looks: str = "") -> None:
        """Write a row of the input: text as text, numbers, dates and errors with their number formats."""
        sheet, formats, styles, serials = self._sheet, self._formats, marks.styles, marks.serials
        self.cut = False
        if marks.shaped:
            self._shape(number, marks)
        if marks.formulas:
            cells = self._formulas(number, cells, marks, looks)
        for column, cell in enumerate(cells):
            if cell == "":
                continue
            style = formats.number(styles.get(column), looks)
            if isinstance(cell, str):
                self._text(number, column, cell, style)
            elif isinstance(cell, bool):
                sheet.write_boolean(number, column, cell, style)
            elif isinstance(cell, DATES):
                self._date(number, column, cell, serials.get(column), style or formats.get(_date_format(cell), looks))
            else:
                sheet.write_number(number, column, _exact(cell), style)
        for column, error in marks.errors.items():
            self._error(number, column, error, formats.number(styles.get(column), looks))

    def _shape(self, number: int, marks: RowMarks) -> None:
        """Give a row its height, hide it, put it into its group; the writer leaves out rows without any cell."""
        self.hidden += marks.hidden
        shape = {"hidden": marks.hidden, "level": marks.level, "collapsed": marks.collapsed}
        self._sheet.set_row(number, marks.height, None, shape)
        self._sheet.write_blank(number, 0, None, self._formats.get(0, "plain"))

    def _formulas(self, number: int, cells: Sequence[Any], marks: RowMarks, looks: str) -> list[Any]:
        """Write a row's formulas; return the cells that are left, results that stand for their formula included."""
        left = list(cells)
        for column, formula in marks.formulas.items():
            style = self._formats.number(marks.styles.get(column), looks)
            if self._rules.allow(formula):
                self._formula(number, column, formula, style)
                if column < len(left):
                    left[column] = ""
            elif not formula.computed:
                self.spelled += bool(formula.text)
            else:
                self.valued += 1
                if formula.kind == "e":
                    self._error(number, column, formula.value, style)
        return left

    def _formula(self, row: int, column: int, formula: Formula, style: Any) -> None:
        """Write a formula with the result it came with.

        Word for word and past the writer's own way, which looks for thirty functions in each and takes off braces.
        """
        sheet, result = self._sheet, _result(formula)
        self.uncomputed += not formula.computed
        if formula.array:
            sheet.write_array_formula(row, column, row, column, f"{{={formula.text}}}", style, result)
            return
        sheet._check_dimensions(row, column)
        if row > sheet.previous_row:
            sheet._write_single_row(row)
        sheet.table[row][column] = CellFormulaTuple(formula.text, style, result)

    def _date(self, row: int, column: int, cell: Any, serial: str | None, style: Any) -> None:
        """Write a date or time; by the number it is in the file, if that is known: the reader rounds it."""
        if serial is not None:
            self._sheet.write_number(row, column, _exact(float(serial)), style)
        else:
            self._sheet.write_datetime(row, column, cell, style)

    def _error(self, row: int, column: int, error: str, style: Any) -> None:
        """Write an error value; one the writer does not know as text."""
        if error in ERRORS:
            self._sheet.write_formula(row, column, f"={error}", style, error)
        else:
            self._text(row, column, error, style)

    def _text(self, row: int, column: int, text: str, style: Any) -> None:
        """Write a text; one longer than a cell may be is cut, and ``cut`` says so."""
        if len(text) > LONGEST_CELL:
            text, self.cut = text[:LONGEST_CELL], True
            self.cuts += 1
        if text.startswith("<r>") and text.endswith("</r>"):  # the writer would take it for its own XML
            text = f'<r><t xml:space="preserve">{escape(text)}</t></r>'
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


def _exact(number: float) -> float:
    """Return a number so that all its digits are written; whole ones of common size are anyway."""
    return number if isinstance(number, int) or (number.is_integer() and abs(number) < MOST_WHOLE) else Exact(number)


def _result(formula: Formula) -> Any:
    """Return a formula's result as the writer takes it: nothing, a truth, a number or a text."""
    if formula.kind == "b":
        return formula.value == "1"
    if formula.kind != "n" or not formula.value:
        return formula.value
    try:
        number = float(formula.value)
    except ValueError:
        return formula.value
    return int(number) if number.is_integer() and abs(number) < MOST_WHOLE else number


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
