"""The clocks of a ledger as a workbook: the open ones by urgency, those that cannot be told, the done ones, and how it was counted."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import xlsxwriter

from tousu.clock.due import STATE_NAMES
from tousu.files.added_columns import neutralise
from tousu.files.sink import PartFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tousu.clock.case import Line
    from tousu.clock.due import Due

HEADINGS = (
    ("状态", 8), ("台账行", 8), ("编号", 22), ("期限", 14), ("起算日", 12), ("到期日", 12), ("剩余天数", 9), ("承办人", 10),
    ("依据", 44), ("说明", 44),
)  # fmt: skip
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
    file = PartFile(output)
    try:
        data = io.BytesIO()
        book = xlsxwriter.Workbook(
            data, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        formats = _formats(book)
        told = due.urgent()
        sheets = {
            "未办结": [line for line in told if line.state != "unknown"],
            "算不出": [line for line in told if line.state == "unknown"],
            "已完成": [line for line in due.lines if line.state == "done"],
        }
        for name, lines in sheets.items():
            _sheet(book.add_worksheet(name), lines, officers, formats)
        notes = book.add_worksheet("说明")
        notes.set_column(0, 0, 110, book.add_format({"text_wrap": True}))
        counts = "，".join(f"{STATE_NAMES[state]} {count} 项" for state, count in due.counts.items())
        for number, line in enumerate([f"计算日 {due.today}：{counts}；没有期限的 {due.without} 行", *due.said, *said]):
            notes.write_string(number, 0, neutralise(line))
        book.close()
        file.write(data.getvalue())
        file.commit()
    finally:
        file.drop()


def _formats(book: Any) -> dict[str, Any]:
    """Return the formats: of the headings, and for each state of plain cells and of days."""
    formats = {"heading": book.add_format({"bold": True, "bg_color": "#DDEBF7", "bottom": 1})}
    for state, (fill, ink) in COLOURS.items():
        look = {"bg_color": fill, "font_color": ink, "border": 1, "border_color": "#D0D0D0"}
        formats[state] = book.add_format(look)
        formats[f"{state} day"] = book.add_format(look | {"num_format": "yyyy-mm-dd", "align": "left"})
    return formats


def _sheet(sheet: Any, lines: list[Line], officers: Mapping[int, str | None], formats: Mapping[str, Any]) -> None:
    """Write a sheet of lines."""
    sheet.freeze_panes(1, 0)
    for column, (name, width) in enumerate(HEADINGS):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name, formats["heading"])
    for number, line in enumerate(lines, 1):
        plain, day = formats[line.state], formats[f"{line.state} day"]
        cells = (
            STATE_NAMES[line.state], line.row, line.id, line.name, line.start, line.due, line.days_left,
            officers.get(line.row), line.basis, line.reason,
        )  # fmt: skip
        for column, value in enumerate(cells):
            if value is None:
                sheet.write_blank(number, column, None, plain)
            elif isinstance(value, str):
                sheet.write_string(number, column, neutralise(value), plain)
            elif isinstance(value, int):
                sheet.write_number(number, column, value, plain)
            else:
                sheet.write_datetime(number, column, value, day)
    if lines:
        sheet.autofilter(0, 0, len(lines), len(HEADINGS) - 1)
