"""Other workbooks as .xlsx, so that there is one way to tag them: their cells, dates and merged ranges."""

from __future__ import annotations

import datetime
import unicodedata
from typing import TYPE_CHECKING, Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from tousu.errors import FileError
from tousu.files.sheets import first_rows, read_sheets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

LONGEST_CELL = 32_767
COLUMNS, ROWS = 16_384, 1_048_576
WIDEST, NARROWEST = 60.0, 8.0
FORMATS = {
    datetime.datetime: "yyyy-mm-dd hh:mm:ss", datetime.date: "yyyy-mm-dd", datetime.time: "hh:mm:ss",
    datetime.timedelta: "[h]:mm:ss",
}  # fmt: skip
EVERY = 5000  # rows between two looks at whether the user wants to stop
NOTE = "{} 先转成 .xlsx 再标：文字、数字、日期和合并的单元格都在，公式只留结果，字体、颜色、图片和宏不在"


def convert(source: Path, target: Path, tick: Callable[[], None]) -> None:
    """Write the workbook at ``source`` to ``target`` as .xlsx.

    Args:
        source: Any workbook that is no .xlsx.
        target: Where to write; its directory takes what is needed on the way.
        tick: Called now and then; what it raises ends the work.

    Raises:
        FileError: It cannot be read, or holds more than .xlsx can.
    """
    book = xlsxwriter.Workbook(
        str(target),
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "tmpdir": str(target.parent)},
    )
    # A date that does not change makes the same input give the same bytes.
    book.set_properties({"created": datetime.datetime(2000, 1, 1)})  # noqa: DTZ001 - has no zone in the file
    formats = {kind: book.add_format({"num_format": code}) for kind, code in FORMATS.items()}
    try:
        for sheet in read_sheets(source):
            head, rows = first_rows(sheet)
            page = _page(book, sheet.name, source.name)
            for column, width in enumerate(_widths(head)):
                page.set_column(column, column, width)
            for number, row in enumerate(rows):
                if number >= ROWS or len(row) > COLUMNS:
                    raise FileError(
                        f"{source.name} 的工作表 {sheet.name} 超过 {ROWS:,} 行或 {COLUMNS:,} 列",
                        fix="拆成几个小文件再试",
                    )
                _write(page, number, row, formats, source.name)
                if number % EVERY == 0:
                    tick()
            page.merge += [[top, left, bottom, right] for (top, left), (bottom, right) in _apart(sheet.merged)]
    except BaseException:
        book.fileclosed = True  # xlsxwriter has no way to say that a workbook will not be finished
        for page in book.worksheets():
            page.row_data_fh.close()
        raise
    book.close()


def _page(book: Any, sheet: str, name: str) -> Any:
    """Return a new sheet of a name; one that Excel would not take gets another."""
    plain = "".join("_" if sign in "[]:*?/\\" or sign < " " else sign for sign in sheet).strip("'")[:31] or "Sheet"
    taken = {page.name.casefold() for page in book.worksheets()}
    free, number = plain, 2
    while free.casefold() in taken or free.casefold() == "history":
        free, number = f"{plain[:27]}_{number}", number + 1
    try:
        return book.add_worksheet(free)
    except XlsxWriterException as error:
        raise FileError(f"{name} 的工作表名 {sheet} 不合 Excel 的规定", fix="改工作表的名字，再试") from error


def _write(page: Any, number: int, row: Sequence[Any], formats: dict[type, Any], name: str) -> None:
    """Write a row: text as text, numbers as numbers, dates as dates."""
    for column, cell in enumerate(row):
        if cell == "" or cell is None:
            continue
        if isinstance(cell, bool):
            page.write_boolean(number, column, cell)
        elif isinstance(cell, (int, float)):
            page.write_number(number, column, cell) if _finite(cell) else page.write_string(number, column, str(cell))
        elif type(cell) in formats:
            _write_date(page, number, column, cell, formats)
        else:
            text = str(cell)
            if len(text) > LONGEST_CELL:
                raise FileError(
                    f"{name} 第 {number + 1} 行有一格超过 {LONGEST_CELL:,} 个字，.xlsx 容不下", fix="另存为 .csv，再标"
                )
            page.write_string(number, column, text)


def _write_date(page: Any, number: int, column: int, cell: Any, formats: dict[type, Any]) -> None:
    """Write a date or time; one before 1900, which sheets cannot tell, as text."""
    early = isinstance(cell, datetime.date) and cell.year < 1900
    if early or (isinstance(cell, datetime.timedelta) and cell.days < 0):
        page.write_string(number, column, str(cell))
    else:
        page.write_datetime(number, column, cell, formats[type(cell)])


def _finite(number: float) -> bool:
    return number == number and abs(number) != float("inf")


def _apart(merged: Sequence[Any]) -> list[Any]:
    """Return merged ranges of more than a cell that do not overlap: Excel refuses a workbook with others."""
    seen: set[tuple[int, int]] = set()
    kept = []
    for (top, left), (bottom, right) in merged:
        if (top, left) == (bottom, right) or (bottom - top + 1) * (right - left + 1) > ROWS:
            continue
        cells = {(row, column) for row in range(top, bottom + 1) for column in range(left, right + 1)}
        if not cells & seen:
            seen |= cells
            kept.append(((top, left), (bottom, right)))
    return kept


def _widths(rows: Sequence[Sequence[Any]]) -> list[float]:
    """Return sensible widths of columns as their first rows need."""
    widths: list[float] = []
    for row in rows:
        widths += [NARROWEST] * (len(row) - len(widths))
        for column, cell in enumerate(row):
            line = max(str(cell).split("\n"), key=len)[:100]
            shown = sum(2 if unicodedata.east_asian_width(sign) in "WFA" else 1 for sign in line) + 2
            widths[column] = min(WIDEST, max(widths[column], shown))
    return widths
