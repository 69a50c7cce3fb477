"""The figures of a report, from the columns of a tagged file."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from tousu.near_duplicates import leaders_of
from tousu.report.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping

MONTHS_SHOWN = 13
QUIET = datetime.timedelta(2)  # a month may begin or end with days without complaints


@dataclass(frozen=True, slots=True)
class Names:
    """How domains are shown.

    Attributes:
        names: Chinese name by code.
        groups: Group by code.
        fallback: Code of what is outside the remit, or None if the labels have none.
    """

    names: Mapping[str, str]
    groups: Mapping[str, str]
    fallback: str | None

    def name(self, code: str) -> str:
        """Return a domain's Chinese name, its code if it has none."""
        return self.names.get(code, code)


def with_groups(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``leader``: the row number of the first near-identical text, None for texts too short to tell."""
    numbers = rows["row"].to_list()
    leaders = [None if place is None else numbers[place] for place in leaders_of(rows["text"].to_list())]
    return rows.drop("text").with_columns(pl.Series("leader", leaders, dtype=pl.Int64))


def within(rows: pl.DataFrame, period: Period | None) -> pl.DataFrame:
    """Return the rows of a period, all of them for None."""
    return rows if period is None else rows.filter(pl.col("date").is_between(period.first, period.last))


def overview(rows: pl.DataFrame, names: Names) -> dict[str, Any]:
    """Return totals and shares; shares are of the tagged rows."""
    tagged = rows.filter(pl.col("primary").is_not_null())
    count = len(tagged)
    remit = count - int((tagged["primary"] == names.fallback).sum()) if names.fallback else None
    return {
        "rows": len(rows),
        "tagged": count,
        "untagged": len(rows) - count,
        "undated": int(rows["date"].null_count()),
        "remit": remit,
        "online": int(tagged["online"].sum()),
        "review": int(tagged["review"].sum()),
        "models": sorted(tagged["model"].drop_nulls().unique()),
    }


def by_domain(rows: pl.DataFrame, names: Names) -> list[dict[str, Any]]:
    """Return for each domain its count, what of it is online and for review, most frequent first."""
    counted = (
        rows.filter(pl.col("primary").is_not_null())
        .group_by("primary")
        .agg(pl.len().alias("count"), pl.col("online").sum(), pl.col("review").sum())
        .sort(["count", "primary"], descending=[True, False])
    )
    return [
        row | {"name": names.name(row["primary"]), "group": names.groups.get(row["primary"], "")}
        for row in counted.iter_rows(named=True)
    ]


def by_month(rows: pl.DataFrame, chosen: Period | None, codes: list[str]) -> list[dict[str, Any]]:
    """Return the months up to the end of the period, at most ``MONTHS_SHOWN``, gaps as months without rows.

    Args:
        rows: All rows of the file.
        chosen: The period the report is about.
        codes: Domains to count apart.
    """
    dated = rows.filter(pl.col("date").is_not_null() & pl.col("primary").is_not_null())
    first, last = ends(dated)
    counts = {
        (row["month"], row["primary"]): row
        for row in dated.group_by(pl.col("date").dt.truncate("1mo").alias("month"), "primary")
        .agg(pl.len().alias("count"), pl.col("online").sum(), pl.col("review").sum())
        .iter_rows(named=True)
    }
    months: list[dict[str, Any]] = []
    month = Period.month_of(min(last, chosen.last) if chosen else last)
    while month.last >= first and len(months) < MONTHS_SHOWN:
        here = [row for (start, _), row in counts.items() if start == month.first]
        months.append(
            {
                "first": month.first,
                "label": f"{month.first:%Y-%m}",
                "count": sum(row["count"] for row in here),
                "online": sum(row["online"] for row in here),
                "review": sum(row["review"] for row in here),
                "chosen": chosen is None or (month.last >= chosen.first and month.first <= chosen.last),
                "partial": first > month.first + QUIET or last < month.last - QUIET,
                "domains": [counts.get((month.first, code), {"count": 0})["count"] for code in codes],
            }
        )
        month = Period.month_of(month.first - datetime.timedelta(1))
    return months[::-1]


def respondents(rows: pl.DataFrame, before: pl.DataFrame | None, names: Names, top: int) -> dict[str, Any]:
    """Return the most named respondents of the period and how often they were named before."""
    named = rows.filter(pl.col("respondent").is_not_null())
    earlier = dict(before.group_by("respondent").len().iter_rows()) if before is not None else {}
    counted = (
        named.group_by("respondent")
        .agg(
            pl.len().alias("count"),
            pl.col("leader").fill_null(-pl.col("row")).n_unique().alias("once"),
            pl.col("online").sum(),
            pl.col("primary").drop_nulls().mode().sort().first().alias("domain"),
            (pl.col("primary") == pl.col("primary").drop_nulls().mode().sort().first()).sum().alias("of_domain"),
        )
        .filter(pl.col("count") > 1)
        .sort(["count", "once", "respondent"], descending=[True, True, False])
    )
    return {
        "named": len(named),
        "different": named["respondent"].n_unique(),
        "lines": [
            row | {"name": names.name(row["domain"] or ""), "before": earlier.get(row["respondent"], 0)}
            for row in counted.head(top).iter_rows(named=True)
        ],
    }


def repeats(rows: pl.DataFrame, names: Names, top: int) -> dict[str, Any]:
    """Return how many rows repeat another of the period, and the largest groups."""
    compared = rows.filter(pl.col("leader").is_not_null())
    groups = (
        compared.group_by("leader")
        .agg(
            pl.len().alias("count"),
            pl.col("row").min(),
            pl.col("date").min().alias("first"),
            pl.col("date").max().alias("last"),
            pl.col("primary").drop_nulls().mode().sort().first().alias("domain"),
            pl.col("respondent").drop_nulls().unique().sort().alias("who"),
        )
        .filter(pl.col("count") > 1)
        .sort(["count", "row"], descending=[True, False])
    )
    return {
        "compared": len(compared),
        "repeated": int(groups["count"].sum()),
        "groups": len(groups),
        "lines": [row | {"name": names.name(row["domain"] or "")} for row in groups.head(top).iter_rows(named=True)],
    }


def ends(dated: pl.DataFrame) -> tuple[datetime.date, datetime.date]:
    """Return the first and last day of rows that have one."""
    first, last = dated["date"].min(), dated["date"].max()
    assert isinstance(first, datetime.date)
    assert isinstance(last, datetime.date)
    return first, last
