"""The clocks of a ledger as a workbook: the open ones by urgency, those that cannot be told, the done ones, and how it was counted."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import xlsxwriter

from tousu.clock.due import STATE_NAMES
from tousu.files.added_columns import neutralise
from tousu.files.sink import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from tousu.clock.case import Line
    from tousu.clock.due import Due

# Columns: heading, width, and what stands in it.
COLUMNS: tuple[tuple[str, int, Callable[[Line, str | None], Any]], ...] = (
    ("状态", 8, lambda line, _: STATE_NAMES[line.state]),
    ("台账行", 8, lambda line, _: line.row),
    ("编号", 22, lambda line, _: line.id),
    ("期限", 14, lambda line, _: line.name),
    ("起算日", 12, lambda line, _: line.start),
    ("到期日", 12, lambda line, _: line.due),
    ("剩余天数", 9, lambda line, _: line.days_left),
    ("承办人", 10, lambda _, officer: officer),
    ("依据", 44, lambda line, _: line.basis),
    ("说明", 44, lambda line, _: line.reason),
)
DONE = ("台账行", "编号", "期限", "起算日", "到期日", "说明")  # of a clock that is done the rest is told once or empty
# Fill and letters by state; the word stands beside, so that the colour is never alone.
COLOURS = {
    "overdue": ("#F8CBAD", "#7F1D1D"), "due_soon": ("#FFE699", "#5F4B00"), "running": ("#FFFFFF", "#000000"),
    "unknown": ("#E2E2E2", "#333333"), "done": ("#FFFFFF", "#666666"),
}  # fmt: skip


def write_workbook(due: Due, officers: Mapping[int, str | None], output: Path, said: Iterable[str]) -> None:
    """Write the clocks of a ledger as a workbook, complete or not at all.

    Args:
        due: The clocks.
        officers: Who handles each row.
        output: Where to.
        said: What else is to be told on the sheet 说明, in Chinese.

    Raises:
        FileError: It cannot be written.
    """
    with write_whole(output) as file:
        data = io.BytesIO()
        book = xlsxwriter.Workbook(
            data, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        formats = _formats(book)
        told = due.urgent()
        everything = tuple(name for name, *_ in COLUMNS)
        sheets = {
            "未办结": ([line for line in told if line.state != "unknown"], everything),
            "算不出": ([line for line in told if line.state == "unknown"], everything),
            "已完成": ([line for line in due.lines if line.state == "done"], DONE),
        }
        for name, (lines, headings) in sheets.items():
            _sheet(book.add_worksheet(name), lines, headings, officers, formats)
        notes = book.add_worksheet("说明")
        notes.set_column(0, 0, 110, book.add_format({"text_wrap": True}))
        for number, line in enumerate([f"计算日 {due.counts_said}", *due.said, *said]):
            notes.write_string(number, 0, neutralise(line))
        book.close()
        file.write(data.getvalue())


def _formats(book: Any) -> dict[str, Any]:
    """Return the formats: of the headings, and for each state of plain cells and of days."""
    formats = {"heading": book.add_format({"bold": True, "bg_color": "#DDEBF7", "bottom": 1})}
    for state, (fill, ink) in COLOURS.items():
        look = {"bg_color": fill, "font_color": ink, "border": 1, "border_color": "#D0D0D0"}
        formats[state] = book.add_format(look)
        formats[f"{state} day"] = book.add_format(look | {"num_format": "yyyy-mm-dd", "align": "left"})
    return formats


def _sheet(
    sheet: Any,
    lines: list[Line],
    headings: tuple[str, ...],
    officers: Mapping[int, str | None],
    formats: Mapping[str, Any],
) -> None:
    """Write a sheet of lines."""
    columns = [column for column in COLUMNS if column[0] in headings]
    sheet.freeze_panes(1, 0)
    for place, (name, width, _) in enumerate(columns):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, name, formats["heading"])
    takes = [(place, take) for place, (_, _, take) in enumerate(columns)]
    for number, line in enumerate(lines, 1):
        plain, day, officer = formats[line.state], formats[f"{line.state} day"], officers.get(line.row)
        for place, take in takes:
            value = take(line, officer)
            if isinstance(value, str):
                if value:
                    sheet.write_string(number, place, neutralise(value), plain)
            elif isinstance(value, int):
                sheet.write_number(number, place, value, plain)
            elif value is not None:
                sheet.write_datetime(number, place, value, day)
    if lines:
        sheet.autofilter(0, 0, len(lines), len(columns) - 1)
