"""What grew and what shrank against the period before, with a caution about small numbers."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl

from tousu.report.figures import ends, within

if TYPE_CHECKING:
    from tousu.report.figures import Names
    from tousu.report.period import Period

FEW = 10
CHANCE = 0.01
TRUST_START = 3
Counts: TypeAlias = "dict[str, dict[str, int]]"


def changes(rows: pl.DataFrame, now: Period, names: Names) -> dict[str, Any]:
    """Compare a period with the one before it, domain by domain.

    Near-identical texts count once in the test, since copies are no independent complaints.
    """
    dated = rows.filter(pl.col("date").is_not_null() & pl.col("primary").is_not_null())
    before, year = now.before(), now.year_before()
    parts = {"now": within(dated, now), "before": within(dated, before), "year": within(dated, year)}
    start = ends(dated)[0]
    known = {
        key: _covered(start, period) and len(parts[key]) > 0 for key, period in (("before", before), ("year", year))
    }
    counted = {key: dict(part.group_by("primary").len().iter_rows()) for key, part in parts.items()}
    once = {key: dict(_distinct(part).group_by("primary").len().iter_rows()) for key, part in parts.items()}
    exposure = now.days / (now.days + before.days)
    lines = [
        {
            "code": code,
            "name": names.name(code),
            **{key: counted[key].get(code, 0) for key in parts},
            "once_now": once["now"].get(code, 0),
            "once_before": once["before"].get(code, 0),
            "verdict": _judged(code, counted, once, exposure),
        }
        for code in counted["now"].keys() | counted["before"].keys()
    ]
    lines.sort(key=lambda line: (line["before"] - line["now"], line["code"]))
    return {
        "now": now,
        "before": before,
        "year": year,
        "has_before": known["before"],
        "has_year": known["year"],
        "totals": {key: len(part) for key, part in parts.items()},
        "lines": lines,
    }


def _judged(code: str, counted: Counts, once: Counts, exposure: float) -> str:
    """Return the verdict of distinct complaints, ``copies`` if only with their copies they would be ``up``."""
    whole, distinct = (
        verdict(part["now"].get(code, 0), part["before"].get(code, 0), exposure) for part in (counted, once)
    )
    return "copies" if whole == "up" and distinct != "up" else distinct


def verdict(now: int, before: int, exposure: float) -> str:
    """Return ``few``, ``up``, ``down`` or ``even``: whether a change is more than chance alone brings.

    Args:
        now: Complaints of the period.
        before: Complaints of the one before.
        exposure: The period's part of the days of both.
    """
    from scipy.stats import binomtest

    if now + before < FEW:
        return "few"
    if binomtest(now, now + before, exposure).pvalue >= CHANCE:
        return "even"
    return "up" if now / exposure > before / (1 - exposure) else "down"


def _covered(start: datetime.date, period: Period) -> bool:
    """Return whether a file whose first day is ``start`` holds a period whole, a few quiet days forgiven."""
    return start <= period.first + datetime.timedelta(max(TRUST_START, period.days // 10))


def _distinct(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row of each group of near-identical texts, and every row that is in none."""
    return rows.with_columns(pl.col("leader").fill_null(-pl.col("row"))).unique(
        "leader", keep="first", maintain_order=True
    )
