"""The month's lists as a workbook: a summary, a sheet for each list, and how they were made."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import xlsxwriter

from tousu.files.added_columns import neutralise
from tousu.files.sink import write_whole
from tousu.monthly.build import LISTS
from tousu.report.sentences import signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

LINE_HEIGHT, A_LINE = 16, 34  # points, and how many letters stand in the six columns of the summary
HEADINGS = (
    ("序号", 6), ("台账行", 8), ("编号", 20), ("登记日", 12), ("领域", 20), ("被投诉方", 26), ("承办人", 10), ("状态", 14), ("原因", 52),
    ("上月在列", 9),
)  # fmt: skip


def write_workbook(figures: Mapping[str, Any], output: Path) -> None:
    """Write the lists of ``build_month`` as a workbook, complete or not at all.

    Raises:
        FileError: It cannot be written.
    """
    with write_whole(output) as file:
        data = io.BytesIO()
        book = xlsxwriter.Workbook(data, {"strings_to_formulas": False, "strings_to_urls": False})
        line = {"border": 1, "border_color": "#D0D0D0", "valign": "top", "text_wrap": True}
        formats = {
            "heading": book.add_format({"bold": True, "bg_color": "#DDEBF7", "bottom": 1}),
            "plain": book.add_format(line),
            "day": book.add_format(line | {"num_format": "yyyy-mm-dd", "align": "left"}),
            "title": book.add_format({"bold": True, "font_size": 16}),
            "note": book.add_format({"text_wrap": True, "font_color": "#56636f"}),
        }
        _summary(book.add_worksheet("汇总"), figures, formats)
        for name, title in LISTS.items():
            _sheet(book.add_worksheet(title), figures["lists"][name], figures["cases"], formats)
        book.close()
        file.write(data.getvalue())


def _summary(sheet: Any, figures: Mapping[str, Any], formats: Mapping[str, Any]) -> None:
    """Write the counts, who handles how many, and what was taken for granted."""
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 5, 11)
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, f"{figures['month'].label}督查", formats["title"])
    sheet.write_string(
        1, 0, f"来件 {figures['count']} 件，上月 {figures['count_last']} 件；按 {figures['judged_on']} 的情况"
    )
    _table(
        sheet, 3, ("清单", "本月", "上月", "增减", "上月已在列"),
        (
            (title, part["now"], part["last"], signed(part["now"] - part["last"]), part["staying"])
            for title, part in ((LISTS[name], figures["totals"][name]) for name in LISTS)
        ), formats,
    )  # fmt: skip
    row = _table(
        sheet, 10, ("承办人", *LISTS.values()), ((one["officer"], *(one[name] for name in LISTS)) for one in figures["officers"]),
        formats,
    )  # fmt: skip
    for line in (figures["columns"], *figures["unread"]):
        row += 1
        sheet.merge_range(row + 1, 0, row + 1, 5, neutralise(line), formats["note"])
        sheet.set_row(row + 1, LINE_HEIGHT * (1 + len(line) // A_LINE))


def _table(
    sheet: Any, at: int, headings: Iterable[str], lines: Iterable[tuple[Any, ...]], formats: Mapping[str, Any]
) -> int:
    """Write a small table; return the row behind it."""
    for column, name in enumerate(headings):
        sheet.write_string(at, column, name, formats["heading"])
    for line in lines:
        at += 1
        for column, value in enumerate(line):
            _cell(sheet, at, column, value, formats)
    return at + 1


def _sheet(
    sheet: Any, items: Iterable[Any], cases: Mapping[int, Mapping[str, Any]], formats: Mapping[str, Any]
) -> None:
    """Write one list: a line for each row of the ledger, the entries numbered."""
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    for column, (name, width) in enumerate(HEADINGS):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name, formats["heading"])
    at = 0
    for number, item in enumerate(items, 1):
        for row in item.rows:
            at += 1
            case = cases[row]
            state = case["state"] or ("未办结" if case["open"] else "已办结")
            line = (
                number, row, case["case"], case["day"], case["domain"], case["firm"], case["officer"], state, item.reason,
                "是" if item.before else "",
            )  # fmt: skip
            for column, value in enumerate(line):
                _cell(sheet, at, column, value, formats)
    if at:
        sheet.autofilter(0, 0, at, len(HEADINGS) - 1)


def _cell(sheet: Any, row: int, column: int, value: Any, formats: Mapping[str, Any]) -> None:
    if value is None:
        sheet.write_blank(row, column, None, formats["plain"])
    elif isinstance(value, str):
        sheet.write_string(row, column, neutralise(value), formats["plain"])
    elif isinstance(value, int):
        sheet.write_number(row, column, value, formats["plain"])
    else:
        sheet.write_datetime(row, column, value, formats["day"])
