"""``tousu report``: a tagged backlog as one page in Chinese, for a station's monthly analysis.

The page shows no complaint's text and asks nothing of any other address.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tousu.files.sink import refuse_input, target_of, write_whole
from tousu.near_duplicates import SHORTEST
from tousu.report import charts
from tousu.report.cases import case_figures
from tousu.report.changes import CHANCE, FEW, changes
from tousu.report.figures import (
    Names,
    by_domain,
    by_month,
    overview,
    repeats,
    respondents,
    with_groups,
    within,
)
from tousu.report.pages import render
from tousu.report.period import settle_period
from tousu.report.sentences import highlights, percent, signed
from tousu.report.tagged import Wanted, read_tagged, tagged_files
from tousu.taxonomy import load_taxonomy
from tousu.timezone import local, now

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from tousu.report.tagged import Tagged

TOP = 15
TRENDS = 8
CHANGES_DRAWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What a report is to be about.

    Attributes:
        since: First day; the file's first when only ``until`` is given.
        until: Last day; the file's last when only ``since`` is given.
        wanted: Columns the user named.
        taxonomy: The taxonomy the tags are from; the shipped one by default.
        title: Headline.
        top: How many respondents and groups of repeats are listed.
        name_respondents: Whether respondents are named.
    """

    since: datetime.date | None = None
    until: datetime.date | None = None
    wanted: Wanted = field(default_factory=Wanted)
    taxonomy: Path | None = None
    title: str = "投诉分类统计分析"
    top: int = TOP
    name_respondents: bool = True


def build_report(path: Path, options: ReportOptions) -> dict[str, Any]:
    """Return every figure of the report of a tagged file.

    Args:
        path: The output of ``tousu tag``, in any format.
        options: What it is to be about.

    Raises:
        FileError: The file cannot be read, or it cannot tell the period asked for.
        ColumnMissing: It has no tags, or lacks a column the user named.
    """
    tagged = read_tagged(path, options.wanted)
    names = _names(tagged, options.taxonomy)
    rows = with_groups(tagged.rows)
    days = rows["date"].drop_nulls()
    span = (days.min(), days.max()) if len(days) else None
    chosen, compared = settle_period(options.since, options.until, span)  # type: ignore[arg-type]
    here = within(rows, chosen)
    domains = by_domain(here, names)
    compare = changes(rows, compared, names) if compared else None
    before = within(rows, compare["before"]) if compare and compare["has_before"] and chosen else None
    named = tagged.respondent_column if options.name_respondents else None
    top_codes = [row["primary"] for row in domains[:TRENDS]]
    months = by_month(rows, chosen, top_codes) if span and len(here) else []
    return {
        "title": options.title,
        "file": path.name,
        "span": span,
        "period": chosen,
        "columns": {"text": tagged.text_column, "date": tagged.date_column, "respondent": tagged.respondent_column},
        "overview": overview(here, names),
        "fallback": names.fallback,
        "domains": domains,
        "month_codes": [(code, names.name(code)) for code in top_codes],
        "months": months,
        "cases": case_figures(here, rows, months, names, options.top),
        "changes": compare,
        "respondents": respondents(here, before, names, options.top) if named else None,
        "repeats": repeats(here, names, options.top) if tagged.text_column else None,
        "name_respondents": options.name_respondents,
    }


def render_page(report: dict[str, Any], *, made_at: datetime.datetime) -> str:
    """Return the figures of ``build_report`` as an HTML page.

    Args:
        report: The figures.
        made_at: When the report was made.
    """
    return render(
        "tousu.report", "page.html.j2",
        **report, made_at=local(made_at), highlights=highlights(report), charts=_charts(report),
        trend=charts.trend, few=FEW, chance=CHANCE, shortest=SHORTEST,
    )  # fmt: skip


def write_report(path: Path, output: Path, options: ReportOptions) -> dict[str, Any]:
    """Write the report of a tagged file, complete or not at all; return its figures.

    Raises:
        FileError: A file cannot be read or written, or the page would replace what it is about.
        ColumnMissing: The file has no tags, or lacks a column the user named.
    """
    for source in tagged_files(path):
        refuse_input(source, target_of(output))
    with write_whole(output) as file:
        report = build_report(path, options)
        page = render_page(report, made_at=now())
        file.write(page.encode("utf-8", "replace"))
    return report


def _names(tagged: Tagged, taxonomy: Path | None) -> Names:
    """Return how the domains of a file are shown; codes of no taxonomy keep the names the file gives."""
    loaded = load_taxonomy(taxonomy)
    known = set(loaded.codes) & set(tagged.rows["primary"].drop_nulls().unique())
    groups = {domain.code: domain.group for domain in loaded.domains}
    return Names({**tagged.names, **loaded.names}, groups, loaded.fallback if known else None)


def _charts(report: dict[str, Any]) -> dict[str, Any]:
    """Return the drawn charts by name."""
    count = report["overview"]["tagged"]
    drawn: dict[str, Any] = {
        "domains": charts.bars(
            "各领域件数",
            [
                charts.Bar(
                    row["name"], row["count"], row["review"], f"{row['count']:,}（{percent(row['count'], count)}）"
                )
                for row in report["domains"]
            ],
        ),
        "months": charts.columns(
            "逐月件数",
            [charts.Column(row["label"], row["count"], row["chosen"], row["partial"]) for row in report["months"]],
        ),
    }
    if report["changes"] and report["changes"]["has_before"]:
        moved = sorted(report["changes"]["lines"], key=lambda line: -abs(line["now"] - line["before"]))[:CHANGES_DRAWN]
        drawn["changes"] = charts.dumbbells(
            "各领域件数与上期比较",
            [
                charts.Change(
                    line["name"], line["before"], line["now"],
                    f"{line['before']:,} → {line['now']:,}（{signed(line['now'] - line['before'])}）",
                    line["verdict"] in ("up", "down"),
                )
                for line in sorted(moved, key=lambda line: line["before"] - line["now"])
            ],
        )  # fmt: skip
    return drawn
