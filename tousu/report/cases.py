"""The figures beside the domains: kinds, whom to hand over to, signals by month, delicate open cases, professional claims."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from tousu.case_codes import LEVELS, SIGNALS
from tousu.clock.states import is_done
from tousu.ledger.days import read_day
from tousu.signals import load_authorities, load_signals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.report.figures import Names

CLAIMANT = "claimant"


def case_figures(
    rows: pl.DataFrame, every: pl.DataFrame, months: Sequence[dict[str, Any]], names: Names, top: int
) -> dict[str, Any] | None:
    """Return the figures beside the domains; None where no row says its kind.

    Args:
        rows: The rows of the period.
        every: All rows of the file, for the months.
        months: What ``figures.by_month`` returned.
        names: How domains are shown.
        top: How many open cases are listed.
    """
    told = rows.filter(pl.col("primary").is_not_null() & pl.col("kind").is_not_null())
    if told.is_empty():
        return None
    table, authorities = load_signals(), load_authorities()
    kinds, routes = _counts(told["kind"]), _counts(told["route"])
    said = _counts(told["signals"].explode())
    stations = {item.code: item.station for item in authorities.authorities}
    return {
        "told": len(told),
        "kinds": [
            {"kind": code, "name": name, "count": kinds.get(code, 0)} for code, name in table.kind_names.items()
        ],
        "routes": [
            {"route": code, "name": authorities.names.get(code, code), "count": count, "station": stations.get(code, "")}
            for code, count in sorted(routes.items(), key=lambda item: (-item[1], item[0]))
        ],
        "signals": [
            {"signal": item.code, "name": item.name, "count": said.get(item.code, 0), "station": item.station}
            for item in table.signals
        ],
        "signal_months": _by_month(every, months),
        "delicate": _delicate(told, names, top),
        "claimants": _claimants(told, names),
    }  # fmt: skip


def _counts(column: pl.Series) -> dict[str, int]:
    """Return how often each value stands in a column, nothing left out."""
    counted = column.drop_nulls().value_counts()
    return dict(counted.iter_rows())


def _by_month(every: pl.DataFrame, months: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return how often each signal was said in each of the months."""
    dated = every.filter(pl.col("date").is_not_null() & pl.col("kind").is_not_null())
    counted = (
        dated.select(pl.col("date").dt.truncate("1mo").alias("month"), "signals")
        .explode("signals")
        .drop_nulls()
        .group_by("month", "signals")
        .len()
    )
    found = {(month, signal): count for month, signal, count in counted.iter_rows()}
    return [
        {"label": month["label"], "counts": [found.get((month["first"], signal), 0) for signal in SIGNALS]}
        for month in months
    ]


def _delicate(told: pl.DataFrame, names: Names, top: int) -> dict[str, Any]:
    """Return the open cases to look at first: urgent ones, then those with most signals, the larger sum, the older."""
    knows = bool(told["closed"].count() or told["state"].count())
    looked_at = told.filter(pl.col("attention").is_in(LEVELS[1:]))
    cells = looked_at.select("state", "closed").iter_rows()
    open_rows = looked_at.filter(
        pl.Series(
            [not is_done(state) and not isinstance(read_day(day), datetime.date) for state, day in cells],
            dtype=pl.Boolean,
        )
    )
    ordered = open_rows.with_columns(
        (pl.col("attention") == LEVELS[-1]).alias("_urgent"), pl.col("signals").list.len().fill_null(0).alias("_said")
    ).sort(["_urgent", "_said", "amount", "date", "row"], descending=[True, True, True, False, False], nulls_last=True)
    signal_names = load_signals().signal_names
    lines = [
        {
            "row": row["row"], "case": row["case"], "date": row["date"], "attention": row["attention"],
            "signals": [signal_names.get(code, code) for code in row["signals"] or [] if code in signal_names],
            "name": names.name(row["primary"]), "amount": row["amount"], "respondent": row["respondent"],
        }
        for row in ordered.head(top).iter_rows(named=True)
    ]  # fmt: skip
    return {
        "knows_open": knows,
        "urgent": int((open_rows["attention"] == LEVELS[-1]).sum()),
        "watch": int((open_rows["attention"] == LEVELS[1]).sum()),
        "lines": lines,
    }


def _claimants(told: pl.DataFrame, names: Names) -> dict[str, Any]:
    """Return the cases with factors of professional claims, and each domain's count without them."""
    marked = told.with_columns(pl.col("signals").list.contains(CLAIMANT).fill_null(value=False).alias("_claimant"))
    counted = (
        marked.group_by("primary")
        .agg(pl.len().alias("count"), pl.col("_claimant").sum().alias("claimants"))
        .filter(pl.col("claimants") > 0)
        .sort(["claimants", "count", "primary"], descending=[True, True, False])
    )
    count = int(marked["_claimant"].sum())
    return {
        "count": count,
        "without": len(told) - count,
        "domains": [
            row | {"name": names.name(row["primary"]), "without": row["count"] - row["claimants"]}
            for row in counted.iter_rows(named=True)
        ],
    }
