"""The summary sheet: how many per domain, decision and month, with charts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tousu.batch.added import domain_names
from tousu.batch.workbook.write import FONT, HEADER, TITLE

if TYPE_CHECKING:
    from tousu.files.added_columns import Language

WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "sheet": "标注汇总", "title": "投诉标注汇总", "domain": "领域", "code": "代码", "count": "件数", "share": "占比",
        "auto": "自动", "review": "需复核", "online": "线上交易", "month": "月份", "decision": "处理意见", "total": "合计",
        "none": "未标", "nobody": "没有日期列，不能按月统计", "undated": "无日期",
    },
    "en": {
        "sheet": "Summary", "title": "Summary of taggings", "domain": "domain", "code": "code", "count": "rows",
        "share": "share", "auto": "auto", "review": "review", "online": "online", "month": "month",
        "decision": "decision", "total": "total", "none": "not tagged", "nobody": "no date column", "undated": "no date",
    },
}  # fmt: skip
BLUE, AMBER = "#2F75B5", "#F4B183"


@dataclass(slots=True)
class Overview:
    """Counts for the summary sheet.

    Attributes:
        auto: Rows by primary with the decision ``auto``.
        review: Rows by primary with the decision ``review``.
        online: Rows by primary with the facet.
        months: Rows by month, ``2026-01``; by nothing those without a date.
        faults: Rows without a tag.
        dated: Whether any sheet has a column of dates.
    """

    auto: Counter[str] = field(default_factory=Counter)
    review: Counter[str] = field(default_factory=Counter)
    online: Counter[str] = field(default_factory=Counter)
    months: Counter[str] = field(default_factory=Counter)
    faults: int = 0
    dated: bool = False

    def rows(self) -> list[tuple[str, int, int, int]]:
        """Return code, auto, review, online of every domain met, the most frequent first."""
        codes = sorted(set(self.auto) | set(self.review), key=lambda code: (-self.auto[code] - self.review[code], code))
        return [(code, self.auto[code], self.review[code], self.online[code]) for code in codes]


class _Page:
    """The summary sheet while it is written, row after row."""

    def __init__(self, book: Any, sheet: Any, words: dict[str, str]) -> None:
        self.sheet, self.words, self.at = sheet, words, 0
        self._head = book.add_format({**FONT, **HEADER})
        self._right = book.add_format({**FONT, **HEADER, "align": "right"})
        self._plain, self._share = book.add_format(FONT), book.add_format({**FONT, "num_format": "0.0%"})
        self._number = book.add_format({**FONT, "num_format": "#,##0"})
        self._bold = book.add_format({**FONT, "num_format": "#,##0", "bold": True, "top": 1})
        self._bold_share = book.add_format({**FONT, "num_format": "0.0%", "bold": True, "top": 1})
        self._title = book.add_format({**FONT, **TITLE, "align": "left"})

    def title(self, text: str) -> None:
        """Write the page's title and leave a row."""
        self.sheet.set_row(self.at, 26)
        self.sheet.write_string(self.at, 0, text, self._title)
        self.at += 2

    def head(self, *keys: str) -> None:
        """Write a table's header, over numbers to the right."""
        for column, key in enumerate(keys):
            self.sheet.write_string(self.at, column, self.words.get(key, ""), self._head if column < 2 else self._right)
        self.at += 1

    def line(self, *cells: str | int | float, last: bool = False) -> None:
        """Write a table's row: text, whole numbers, shares."""
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                self.sheet.write_string(self.at, column, cell, self._bold if last else self._plain)
            elif isinstance(cell, float):
                self.sheet.write_number(self.at, column, cell, self._bold_share if last else self._share)
            else:
                self.sheet.write_number(self.at, column, cell, self._bold if last else self._number)
        self.at += 1


def write_summary(book: Any, sheet: Any, overview: Overview, language: Language) -> None:
    """Fill the summary sheet: three tables one under the other, two charts beside them."""
    words = WORDS[language]
    page = _Page(book, sheet, words)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 1)
    for column, width in enumerate((31, 18, 10, 10, 10, 10, 10)):
        sheet.set_column(column, column, width)
    rows = overview.rows()
    names = domain_names(tuple(code for code, *_ in rows))
    total = sum(auto + review for _, auto, review, _ in rows)
    page.title(words["title"])
    page.head("domain", "code", "count", "share", "auto", "review", "online")
    first = page.at
    for code, auto, review, online in rows:
        page.line(names[code], code, auto + review, (auto + review) / total, auto, review, online)
    autos, reviews = overview.auto.total(), overview.review.total()
    page.line(words["total"], "", total, 1.0 if total else 0.0, autos, reviews, overview.online.total(), last=True)
    if rows:
        chart = _chart(book, sheet.name, "bar", [("auto", 4, BLUE), ("review", 5, AMBER)], first, len(rows), words)
        chart.set_title({"name": words["domain"], "name_font": {"size": 12}})
        chart.set_y_axis({"reverse": True, "num_font": {"size": 9}, "major_gridlines": {"visible": False}})
        chart.set_x_axis({"min": 0, "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9", "width": 0.5}}})
        chart.set_size({"width": 640, "height": max(260, 24 * len(rows) + 90)})
        sheet.insert_chart(2, 8, chart)
    page.at += 1
    page.head("decision", "code", "count", "share")
    everything = total + overview.faults
    for key, number in (("auto", autos), ("review", reviews), ("none", overview.faults)):
        code = key if key != "none" else ""
        page.line(words[key], code, number, number / everything if everything else 0.0)
    page.line(words["total"], "", everything, 1.0 if everything else 0.0, last=True)
    page.at += 1
    _write_months(book, page, overview, chart_row=max(page.at - 6, 5 + max(260, 24 * len(rows) + 90) // 20))


def _write_months(book: Any, page: _Page, overview: Overview, *, chart_row: int) -> None:
    """Write the table of months and its chart."""
    words = page.words
    page.head("month", "", "count", "share")
    if not overview.dated:
        page.line(words["nobody"])
        return
    first, total = page.at, overview.months.total()
    months = sorted(month for month in overview.months if month)
    for month in months:
        page.line(month, "", overview.months[month], overview.months[month] / total)
    if overview.months[""]:
        page.line(words["undated"], "", overview.months[""], overview.months[""] / total)
    if months:
        chart = _chart(book, page.sheet.name, "column", [("count", 2, BLUE)], first, len(months), words)
        chart.set_title({"name": words["month"], "name_font": {"size": 12}})
        chart.set_legend({"none": True})
        chart.set_size({"width": 640, "height": 260})
        page.sheet.insert_chart(chart_row, 8, chart)


def _chart(
    book: Any, sheet: str, kind: str, series: list[tuple[str, int, str]], first: int, rows: int, words: dict[str, str]
) -> Any:
    """Return a stacked chart over a table's rows."""
    chart = book.add_chart({"type": kind, "subtype": "stacked"})
    for key, column, colour in series:
        chart.add_series(
            {
                "name": words[key],
                "categories": [sheet, first, 0, first + rows - 1, 0],
                "values": [sheet, first, column, first + rows - 1, column],
                "fill": {"color": colour},
                "gap": 40,
            }
        )
    chart.set_legend({"position": "bottom"})
    faint = {"visible": True, "line": {"color": "#D9D9D9", "width": 0.5}}
    chart.set_y_axis({"min": 0, "major_gridlines": faint, "line": {"none": True}})
    chart.set_x_axis({"major_gridlines": {"visible": False}})
    return chart
