"""``tousu weekly``: what piles up in a week of a ledger, and the firms named most; every figure comes from here."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from tousu.ledger.dated import dated_rows, last_day
from tousu.ledger.read import read_ledger
from tousu.ledger.tags import shipped_classifier, with_tags
from tousu.timezone import today
from tousu.weekly.matters import with_matters
from tousu.weekly.names import words_of
from tousu.weekly.terms import collect
from tousu.weekly.topics import find_topics, vectors_of
from tousu.weekly.weeks import Week

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tousu.classifier import Classifier
    from tousu.ledger.read import Ledger
    from tousu.weekly.topics import Topic

BACK = 8  # weeks a week is compared with, where the ledger reaches so far
EXAMPLES = 5
NEW = 0.15  # of this week's number, what a new matter may have had in a week before: its own share of strange texts
NAMED = 3
CASE = (
    "case", "row", "day", "tousu_primary", "tousu_signals", "state", "officer", "open", "respondent", "leader",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekOptions:
    """What a week's page is to be about.

    Attributes:
        week: Which week, as ``2026-W20``; the ledger's last by default.
        wanted: Columns the user named, by field.
        back: How many weeks before it is compared with.
        careful: Whether the model's encoder compares the texts too; some 40 ms a text.
    """

    week: str | None = None
    wanted: Mapping[str, str] = field(default_factory=dict)
    back: int = BACK
    careful: bool = False


def build_week(path: Path, options: WeekOptions, classifier: Classifier | None = None) -> dict[str, Any]:
    """Return every figure of a week of a ledger.

    Args:
        path: The ledger.
        options: Which week, and how it is read.
        classifier: What tags rows without tags; the shipped one by default.

    Raises:
        FileError: The ledger cannot be read, or has no day that can be read.
        ColumnMissing: It has no column of texts or of days.
        UsageError: There is no such week.
    """
    ledger = read_ledger(path, options.wanted)
    figures = week_figures(ledger, options, classifier or shipped_classifier())
    return figures | {"file": path.name, "columns": ledger.said, "unread": ledger.unread()}


def week_figures(ledger: Ledger, options: WeekOptions, classifier: Classifier) -> dict[str, Any]:
    """Return the figures of a week of a ledger that was read; see ``build_week``."""
    dated = dated_rows(ledger)
    week = Week.named(options.week) if options.week is not None else Week.of(last_day(dated, today()))
    first = dated["day"].min()
    weeks = [week.back(number) for number in range(options.back, 0, -1)]
    weeks = [one for one in weeks if isinstance(first, datetime.date) and one.last >= first]
    rows = dated.filter(pl.col("day").is_between(week.back(options.back).first, week.last))
    rows = with_matters(with_tags(rows, classifier), classifier.simplified).with_columns(
        ((pl.lit(week.first) - pl.col("day")).dt.total_days().add(6) // 7).alias("ago")  # weeks before this one
    )
    now, before = rows.filter(pl.col("ago") == 0), rows.filter(pl.col("ago") > 0)
    topics = _topics(now, before, len(weeks), options, classifier) if weeks else []
    return {
        "week": week,
        "weeks": weeks,
        "count": len(now),
        "before": _by_week(before, len(weeks)),
        "undated": len(ledger.rows) - len(dated),
        "distinct": now["leader"].n_unique(),
        "open": int(now["open"].sum()),
        "domains": _domains(now, before, len(weeks)),
        "topics": topics,
        "firms": _firms(now, before, len(weeks), topics),
        "has_firms": "respondent" in ledger.columns,
    }


def to_json(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures as the JSON contract names them."""
    topics = ("name", "domain", "count", "before", "new", "p", "rows", "firms")
    firms = ("name", "spellings", "count", "distinct", "open", "domains", "rows")
    return {
        "week": figures["week"].name,
        "topics": [{key: topic[key] for key in topics} for topic in figures["topics"]],
        "firms": [{key: firm[key] for key in firms} for firm in figures["firms"]],
    }


def _topics(
    now: pl.DataFrame, before: pl.DataFrame, weeks: int, options: WeekOptions, classifier: Classifier
) -> list[dict[str, Any]]:
    """Return the week's topics as figures, the surest first."""
    single, single_before = _distinct(now), _distinct(before)
    texts, texts_before = single["text"].to_list(), single_before["text"].to_list()
    codes = {
        name: number for number, name in enumerate(sorted({*now["firm"].drop_nulls(), *before["firm"].drop_nulls()}), 1)
    }
    terms = collect(
        texts, texts_before, [codes.get(name, 0) for name in single["firm"].to_list()],
        [codes.get(name, 0) for name in single_before["firm"].to_list()], classifier.simplified,
    )  # fmt: skip
    vectors = vectors_of(classifier.vectors, texts, texts_before) if options.careful and texts else None
    found = []
    for topic in find_topics(terms, single_before["ago"].to_list(), vectors):
        chosen = [texts[place] for place in topic.texts.tolist()]
        words = words_of(topic, terms, chosen, classifier.simplified)
        found.append(_topic(topic, words, single, now, single_before, before, weeks))
    return found


def _topic(
    topic: Topic, words: list[str], single: pl.DataFrame, now: pl.DataFrame, single_before: pl.DataFrame,
    before: pl.DataFrame, weeks: int,
) -> dict[str, Any]:  # fmt: skip
    """Return one topic's figures; copies of its texts belong to it."""
    leaders = single["leader"].gather(topic.texts).to_list()
    own = now.filter(pl.col("leader").is_in(leaders))
    then = before.filter(pl.col("leader").is_in(single_before["leader"].gather(topic.before).to_list()))
    counts = _by_week(then, weeks)
    order = {leader: place for place, leader in enumerate(leaders)}
    examples = own.sort(pl.col("leader").replace_strict(order, return_dtype=pl.Int64))
    examples = examples.unique("leader", maintain_order=True).head(EXAMPLES)
    firms = Counter(own["firm"].drop_nulls().to_list()).most_common()
    return {
        "name": "、".join(words[:NAMED]),
        "words": words,
        "domain": _most(own["tousu_primary"]),
        "count": len(own),
        "distinct": len(leaders),
        "before": counts,
        "new": max(counts, default=0) <= max(1.0, NEW * len(own)),
        "p": topic.p,
        "rows": own["row"].sort().to_list(),
        "firms": [name for name, _ in firms],
        "firm_counts": firms,
        "kinds": Counter(own["tousu_kind"].drop_nulls().to_list()).most_common(),
        "open": int(own["open"].sum()),
        "examples": [case or f"第 {row} 行" for case, row in examples.select("case", "row").iter_rows()],
        "example_rows": examples["row"].to_list(),
    }


def _firms(now: pl.DataFrame, before: pl.DataFrame, weeks: int, topics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the firms named in the week, those named most first."""
    earlier: dict[str, list[int]] = defaultdict(lambda: [0] * weeks)
    for name, ago, count in before.filter(pl.col("firm").is_not_null()).group_by("firm", "ago").len().iter_rows():
        earlier[name][weeks - ago] = count
    told_of: dict[str, list[str]] = defaultdict(list)
    for topic in topics:
        for name in topic["firms"]:
            told_of[name].append(topic["name"])
    cases: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for case in now.filter(pl.col("firm").is_not_null()).sort("row").select(*CASE, "firm").iter_rows(named=True):
        cases[case["firm"]].append(case)
    firms = [_firm(name, own) | {"before": earlier[name], "topics": told_of[name]} for name, own in cases.items()]
    return sorted(firms, key=lambda firm: (-firm["count"], -firm["distinct"], firm["name"]))


def _firm(name: str, own: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of a firm's cases of the week."""
    domains = Counter(case["tousu_primary"] for case in own if case["tousu_primary"])
    return {
        "name": name,
        "spellings": [spelling for spelling, _ in Counter(case["respondent"] for case in own).most_common()],
        "count": len(own),
        "distinct": len({case["leader"] for case in own}),
        "open": sum(case["open"] for case in own),
        "domains": dict(domains.most_common()),
        "rows": [case["row"] for case in own],
        "signals": Counter(code for case in own for code in case["tousu_signals"] or ()).most_common(),
        "cases": own,
    }


def _domains(now: pl.DataFrame, before: pl.DataFrame, weeks: int) -> list[dict[str, Any]]:
    """Return how many cases each domain had in the week and in the weeks before, the most frequent first."""
    counted = Counter(now["tousu_primary"].drop_nulls().to_list())
    return [
        {
            "code": code, "count": count,
            "before": _by_week(before.filter(pl.col("tousu_primary") == code), weeks),
        }
        for code, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]  # fmt: skip


def _by_week(rows: pl.DataFrame, weeks: int) -> list[int]:
    """Return the number of rows in each of the weeks before, the earliest first."""
    counts = Counter(rows["ago"].to_list())
    return [counts[ago] for ago in range(weeks, 0, -1)]


def _distinct(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the first of the copies of each text, without rows that have none."""
    return rows.filter(pl.col("text").is_not_null()).unique("leader", keep="first", maintain_order=True)


def _most(values: pl.Series) -> str | None:
    found = Counter(values.drop_nulls().to_list())
    return min(found, key=lambda code: (-found[code], code)) if found else None
