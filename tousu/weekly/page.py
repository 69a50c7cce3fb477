"""The week's page: topics, domains, firms, and a sheet for the talk with each firm named most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tousu.files.sink import refuse_input, target_of, write_whole
from tousu.report.charts import trend
from tousu.report.pages import render
from tousu.signals import load_signals
from tousu.taxonomy import load_taxonomy
from tousu.timezone import local, now
from tousu.weekly.build import build_week
from tousu.weekly.topics import CHANCE

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping
    from pathlib import Path

    from tousu.classifier import Classifier
    from tousu.weekly.build import WeekOptions

TITLE = "每周热点"
TOP = 30
SHEETS = 10
FEWEST = 3  # cases of a firm that gets a sheet


def render_week(figures: Mapping[str, Any], *, made_at: datetime.datetime) -> str:
    """Return the figures of ``build_week`` as an HTML page that asks nothing of any other address.

    Args:
        figures: The figures.
        made_at: When the page was made.
    """
    taxonomy, signals = load_taxonomy(), load_signals()
    bases = {
        domain.code: "；".join(
            f"《{law.title}》{articles}" for law, articles in taxonomy.laws_of(domain.legal_basis[:2])
        )
        for domain in taxonomy.domains
    }
    return render(
        "tousu.weekly", "page.html.j2", **figures, title=TITLE, made_at=local(made_at), points=points(figures),
        trend=trend, chance=CHANCE, small=small, top=TOP, kinds=signals.kind_names, signals=signals.signal_names,
        names=taxonomy.names, bases=bases,
        sheets=[firm for firm in figures["firms"] if firm["count"] >= FEWEST][:SHEETS],
    )  # fmt: skip


def write_week(
    path: Path, output: Path | None, options: WeekOptions, classifier: Classifier | None = None
) -> dict[str, Any]:
    """Return the figures of a ledger's week, written as a page where ``output`` is given, complete or not at all.

    Raises:
        FileError: A file cannot be read or written, or the page would replace the ledger.
        ColumnMissing: The ledger lacks a column.
        UsageError: There is no such week.
    """
    if output is None:
        return build_week(path, options, classifier)
    refuse_input(path, target_of(output))
    with write_whole(output) as file:
        figures = build_week(path, options, classifier)
        page = render_week(figures, made_at=now())
        file.write(page.encode("utf-8", "replace"))
    return figures


def points(figures: Mapping[str, Any]) -> list[str]:
    """Return the week's main points, each a Chinese sentence."""
    weeks, topics = figures["weeks"], figures["topics"]
    mean = sum(figures["before"]) / len(weeks) if weeks else 0
    said = [
        f"{figures['week'].label}来件 {figures['count']:,} 件"
        + (f"，前 {len(weeks)} 周平均 {mean:.1f} 件。" if weeks else "。")
    ]
    if topics:
        told = "、".join(
            f"“{topic['name']}”（{topic['count']} 件{'，新' if topic['new'] else ''}）" for topic in topics[:5]
        )
        said.append(f"明显增多的事项 {len(topics)} 个：{told}{' 等' if len(topics) > 5 else ''}。")
    elif weeks:
        said.append("没有哪一件事比前几周明显增多。")
    firms = [firm for firm in figures["firms"] if firm["count"] > 1][:3]
    if firms:
        told = "、".join(f"{firm['name']}（{firm['count']} 件，未办结 {firm['open']}）" for firm in firms)
        said.append(f"被投诉最多的是{told}。")
    return said


def small(chance: float) -> str:
    """Return a small chance in words."""
    return "低于百万分之一" if chance < 1e-6 else f"约 {chance:.1g}" if chance < 0.001 else f"{chance:.3f}"
