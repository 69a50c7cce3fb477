"""The month's lists as one page, and both outputs of ``tousu monthly``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tousu.errors import UsageError
from tousu.files.sink import refuse_input, target_of, write_whole
from tousu.monthly.build import LISTS, build_month
from tousu.monthly.workbook import write_workbook
from tousu.report.pages import render
from tousu.timezone import local, now

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping
    from pathlib import Path

    from tousu.classifier import Classifier
    from tousu.monthly.build import MonthOptions

SHOWN = 20
WORKBOOK, PAGES = ".xlsx", (".html", ".htm")


def render_month(figures: Mapping[str, Any], *, made_at: datetime.datetime) -> str:
    """Return the figures of ``build_month`` as an HTML page that asks nothing of any other address.

    Args:
        figures: The figures.
        made_at: When the page was made.
    """
    return render(
        "tousu.monthly", "page.html.j2", **figures, titles=LISTS, shown=SHOWN, points=points(figures),
        made_at=local(made_at),
    )  # fmt: skip


def write_month(
    path: Path, output: Path | None, options: MonthOptions, classifier: Classifier | None = None
) -> dict[str, Any]:
    """Return the figures of a ledger's month, written as a workbook or a page, by the ending of ``output``.

    Raises:
        FileError: A file cannot be read or written, or the output would replace the ledger.
        ColumnMissing: The ledger lacks a column.
        UsageError: There is no such month, or the ending is neither a workbook's nor a page's.
    """
    if output is None:
        return build_month(path, options, classifier)
    ending = output.suffix.lower()
    if ending != WORKBOOK and ending not in PAGES:
        raise UsageError(
            f"-o 写成 {output.name}，看不出写成什么", expected="以 .xlsx（工作簿）或 .html（网页）结尾的文件名"
        )
    refuse_input(path, target_of(output))
    figures = build_month(path, options, classifier)
    if ending == WORKBOOK:
        write_workbook(figures, output)
        return figures
    with write_whole(output) as file:
        file.write(render_month(figures, made_at=now()).encode("utf-8", "replace"))
    return figures


def points(figures: Mapping[str, Any]) -> list[str]:
    """Return the month's main points, each a Chinese sentence."""
    said = [f"{figures['month'].label}来件 {figures['count']:,} 件，其中 {figures['open']:,} 件尚未办结。"]
    for name, title in LISTS.items():
        part = figures["totals"][name]
        unit = "组" if name == "repeated" else "件"
        compared = (
            f"，上月 {part['last']:,} {unit}，上月已在列 {part['staying']:,} {unit}" if figures["has_last"] else ""
        )
        said.append(f"{title} {part['now']:,} {unit}{compared}。")
    return said
