"""The summary sheet: how many per domain, decision and month, with charts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tousu.batch.added import domain_names
from tousu.batch.workbook.cells import letters_of, number_cell, text_cell
from tousu.batch.workbook.charts import HEAD, Chart, Series, chart_part, drawing_part
from tousu.batch.workbook.markup import Edits, quoted
from tousu.batch.workbook.package import KINDS, MAIN, STRICT
from tousu.batch.workbook.styles import Look
from tousu.files.added_columns import free_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tousu.batch.workbook.markup import Element
    from tousu.batch.workbook.package import Package
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
BLUE, AMBER = "2F75B5", "F4B183"
WIDTHS = (31, 18, 10, 10, 10, 10, 10)
CHARTS_FROM, CHART_WIDTH, ROW_PIXELS = len(WIDTHS) + 1, 640, 20
WHOLE, SHARE = "#,##0", "0.0%"
GROUND, LINE = "D9E1F2", "7F7F7F"


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

    def __init__(self, package: Package, name: str, words: Mapping[str, str]) -> None:
        self.words, self.at = words, 0
        self._styles, self._rows = package.styles, list[str]()
        self._quoted = "'" + name.replace("'", "''") + "'"

    def _row(self, cells: list[str], more: str = "") -> None:
        self.at += 1
        self._rows.append(f'<row r="{self.at}"{more}>{"".join(cells)}</row>')

    def title(self, text: str) -> None:
        """Write the page's title and leave a row."""
        style = self._styles.like(0, Look(bold=True, size=14))
        self._row([text_cell("", "A1", style, text)], ' ht="26" customHeight="1"')
        self.at += 1

    def head(self, *keys: str) -> None:
        """Write a table's header, over numbers to the right."""
        looks = [Look(bold=True, fill=GROUND, align="" if column < 2 else "right") for column in range(len(keys))]
        self._row([
            text_cell("", f"{letters_of(column)}{self.at + 1}", self._styles.like(0, look), self.words.get(key, ""))
            for column, (key, look) in enumerate(zip(keys, looks, strict=True))
        ])  # fmt: skip

    def line(self, *cells: str | float, last: bool = False) -> None:
        """Write a table's row: text, whole numbers, shares."""
        told = []
        for column, cell in enumerate(cells):
            number = WHOLE if isinstance(cell, int) else SHARE if isinstance(cell, float) else "General"
            style = self._styles.like(0, Look(number=number, bold=last, top=LINE if last else ""))
            place = f"{letters_of(column)}{self.at + 1}"
            told.append(
                text_cell("", place, style, cell) if isinstance(cell, str) else number_cell("", place, style, cell)
            )
        self._row(told)

    def cells(self, column: int, first: int, count: int) -> str:
        """Return the name of ``count`` cells of a column, from row ``first`` (from 0) on."""
        letters = letters_of(column)
        return f"{self._quoted}!${letters}${first + 1}:${letters}${first + count}"

    def part(self, drawing: str) -> str:
        """Return the sheet's part, with its drawing's identifier or without one."""
        cols = "".join(
            f'<col min="{at}" max="{at}" width="{width + 0.71}" customWidth="1"/>' for at, width in enumerate(WIDTHS, 1)
        )
        shown = f'<drawing r:id="{drawing}"/>' if drawing else ""
        return (
            f'{HEAD}<worksheet xmlns="{MAIN[0]}" xmlns:r="{KINDS[0]}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
            '<sheetViews><sheetView showGridLines="0" workbookViewId="0"/></sheetViews><sheetFormatPr defaultRowHeight="15"/>'
            f"<cols>{cols}</cols><sheetData>{''.join(self._rows)}</sheetData>"
            f'<pageSetup paperSize="9" orientation="landscape"/>{shown}</worksheet>'
        )


def add_summary(package: Package, overview: Overview, language: Language) -> str:
    """Add the summary sheet: three tables one under the other, two charts beside them; return its name."""
    words = WORDS[language]
    wanted = words["sheet"]
    taken = [sheet.name for sheet in package.sheets]
    # Excel takes names for the same whatever their case.
    taken += [wanted for other in taken if other.casefold() == wanted.casefold()]
    name = free_name(wanted, taken)
    page = _Page(package, name, words)
    charts = _tables(page, overview)
    part = package.free("worksheets/sheet{}.xml")
    package.put(part, b"", "worksheet")
    drawing = ""
    if charts:
        place = package.free("drawings/drawing{}.xml")
        package.put(place, b"", "drawing")
        drawing = package.relate(part, "drawing", place)
        placed = []
        for chart in charts:
            own = package.free("charts/chart{}.xml")
            package.put(own, _fitting(package, chart_part(chart)), "chart")
            placed.append((package.relate(place, "chart", own), chart))
        package.put(place, _fitting(package, drawing_part(placed, CHARTS_FROM)))
    package.put(part, _fitting(package, page.part(drawing).encode()))
    _enter(package, name, package.relate(package.book, "worksheet", part))
    return name


def _fitting(package: Package, part: bytes) -> bytes:
    """Return a part in the form of the standard that the workbook is written in."""
    for common, strict in STRICT if package.strict else ():
        part = part.replace(common, strict)
    return part


def _enter(package: Package, name: str, link: str) -> None:
    """Enter the sheet into the workbook's list of sheets."""
    data, root = package.tree(package.book)
    edits = Edits(data)
    sheets = root.child("sheets")
    assert sheets is not None  # else there was no sheet to tag
    numbers = [int(sheet.get("sheetId") or "0") for sheet in sheets.children]
    p = sheets.prefix.decode()
    told = f'name="{quoted(name)}" sheetId="{max(numbers) + 1}" xmlns:tsr="{KINDS[package.strict]}" tsr:id="{link}"'
    edits.append(sheets, f"<{p}sheet {told}/>".encode())
    hidden = all(sheet.get("state", "visible") != "visible" for sheet in sheets.children)
    _show(edits, root, sheets, active=len(numbers) if hidden else None)
    package.put(package.book, edits.done())


def _show(edits: Edits, root: Element, sheets: Element, active: int | None) -> None:
    """See that the workbook has a view, which our sheets' views belong to, and that it opens on a sheet that is seen."""
    p = sheets.prefix.decode()
    views = root.child("bookViews")
    at = f' activeTab="{active}"' if active is not None else ""
    if views is None:
        edits.insert(sheets.start, f"<{p}bookViews><{p}workbookView{at}/></{p}bookViews>".encode())
    elif active is not None and views.children:
        edits.set(views.children[0], "activeTab", str(active))
        edits.set(views.children[0], "firstSheet", str(active))


def _tables(page: _Page, overview: Overview) -> list[Chart]:
    """Write the tables; return the charts of them."""
    words, rows, charts = page.words, overview.rows(), list[Chart]()
    names = domain_names(tuple(code for code, *_ in rows))
    total = sum(auto + review for _, auto, review, _ in rows)
    page.title(words["title"])
    page.head("domain", "code", "count", "share", "auto", "review", "online")
    first, height = page.at, max(260, 24 * len(rows) + 90)
    for code, auto, review, online in rows:
        page.line(names[code], code, auto + review, (auto + review) / total, auto, review, online)
    autos, reviews = overview.auto.total(), overview.review.total()
    page.line(words["total"], "", total, 1.0 if total else 0.0, autos, reviews, overview.online.total(), last=True)
    if rows:
        numbers = (
            ("auto", 4, [auto for _, auto, _, _ in rows], BLUE),
            ("review", 5, [late for _, _, late, _ in rows], AMBER),
        )
        series = [
            Series(words[key], page.cells(column, first, len(rows)), values, colour)
            for key, column, values, colour in numbers
        ]
        shown = [names[code] for code, *_ in rows]
        charts.append(
            Chart(words["domain"], True, page.cells(0, first, len(rows)), shown, series, 2, CHART_WIDTH, height)
        )
    page.at += 1
    page.head("decision", "code", "count", "share")
    everything = total + overview.faults
    for key, number in (("auto", autos), ("review", reviews), ("none", overview.faults)):
        code = key if key != "none" else ""
        page.line(words[key], code, number, number / everything if everything else 0.0)
    page.line(words["total"], "", everything, 1.0 if everything else 0.0, last=True)
    page.at += 1
    charts += _months(page, overview, row=max(page.at - 6, 5 + height // ROW_PIXELS))
    return charts


def _months(page: _Page, overview: Overview, *, row: int) -> list[Chart]:
    """Write the table of months; return its chart, if there is any month."""
    words = page.words
    page.head("month", "", "count", "share")
    if not overview.dated:
        page.line(words["nobody"])
        return []
    first, total = page.at, overview.months.total()
    months = sorted(month for month in overview.months if month)
    for month in months:
        page.line(month, "", overview.months[month], overview.months[month] / total)
    if overview.months[""]:
        page.line(words["undated"], "", overview.months[""], overview.months[""] / total)
    if not months:
        return []
    values = [overview.months[month] for month in months]
    series = Series(words["count"], page.cells(2, first, len(months)), values, BLUE)
    return [Chart(words["month"], False, page.cells(0, first, len(months)), months, [series], row, CHART_WIDTH, 260)]
