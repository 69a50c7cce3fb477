"""``tousu monthly``: the lists of a month of a ledger; page, workbook and JSON all take their figures from here."""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from tousu import timezone
from tousu.clock.due import DueOptions, clocks_of
from tousu.clock.states import ENDS
from tousu.errors import UsageError
from tousu.ledger.dated import dated_rows, last_day
from tousu.ledger.fields import DAYS
from tousu.ledger.read import read_ledger
from tousu.ledger.tags import shipped_classifier, with_tags
from tousu.monthly.difficult import by_weight, difficult_reasons, dissatisfied_reason
from tousu.monthly.repeated import WITHIN, find_repeats, person_of
from tousu.report.period import Period
from tousu.taxonomy import load_taxonomy
from tousu.weekly.matters import with_matters

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tousu.classifier import Classifier
    from tousu.ledger.read import Ledger

MONTH = re.compile(r"((?:19|20)\d\d)-?(\d{1,2})")
LISTS = {"repeated": "重复", "difficult": "疑难", "dissatisfied": "不满意", "overdue": "超期"}
NOBODY = "（未写承办人）"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthOptions:
    """What the lists are to be about.

    Attributes:
        month: Which month, as ``2026-05``; the ledger's last by default.
        wanted: Columns the user named, by field.
        today: The day on which the lists are made; today by default. A month that is not over is judged on it.
    """

    month: str | None = None
    wanted: Mapping[str, str] = field(default_factory=dict)
    today: datetime.date | None = None


class Item(NamedTuple):
    """An entry of a list.

    Attributes:
        rows: Data rows of the ledger, from 1 on.
        reason: Why they are on the list, in Chinese.
        before: Whether one of them was on last month's list.
    """

    rows: list[int]
    reason: str
    before: bool = False


def build_month(path: Path, options: MonthOptions, classifier: Classifier | None = None) -> dict[str, Any]:
    """Return every figure of a month of a ledger.

    Args:
        path: The ledger.
        options: Which month, and how it is read.
        classifier: What tags rows without tags; the shipped one by default.

    Raises:
        FileError: The ledger cannot be read, or has no day that can be read.
        ColumnMissing: It has no column of texts or of days.
        UsageError: There is no such month.
    """
    ledger = read_ledger(path, options.wanted)
    figures = month_figures(ledger, options, classifier or shipped_classifier())
    return figures | {"file": path.name, "columns": ledger.said, "unread": ledger.unread()}


def month_figures(ledger: Ledger, options: MonthOptions, classifier: Classifier) -> dict[str, Any]:
    """Return the figures of a month of a ledger that was read; see ``build_month``."""
    today = options.today or timezone.today()
    dated = dated_rows(ledger)
    month = month_named(options.month) if options.month is not None else Period.month_of(last_day(dated, today))
    last = month.before()
    start = last.first - datetime.timedelta(WITHIN)
    recent = pl.col("day").is_between(start, month.last)
    still = (pl.col("day") < start) & pl.all_horizontal(pl.col(ENDS).fill_null(last.first) >= last.first)
    rows = _prepared(dated.filter(recent | still), last.first, classifier)
    judged_on = min(month.last, max(today, month.first))
    now = _lists(rows, ledger, month, judged_on, classifier)
    then = _lists(rows, ledger, last, last.last, classifier)
    old = {name: {row for item in items for row in item.rows} for name, items in then.items()}
    lists = {
        name: [item._replace(before=bool(old[name] & set(item.rows))) for item in items] for name, items in now.items()
    }
    listed = {row for items in lists.values() for item in items for row in item.rows}
    here = rows.filter(pl.col("day").is_between(month.first, month.last))
    return {
        "month": month,
        "has_last": bool(len(rows.filter(pl.col("day") <= last.last))),
        "count": len(here),
        "count_last": len(rows.filter(pl.col("day").is_between(last.first, last.last))),
        "open": int(_as_of(here, judged_on)["open"].sum()),
        "undated": len(ledger.rows) - len(dated),
        "lists": lists,
        "totals": {
            name: {"now": len(items), "last": len(then[name]), "staying": sum(item.before for item in items)}
            for name, items in lists.items()
        },
        "officers": _officers(rows, lists),
        "cases": {
            case["row"]: case for case in _told(with_tags(rows.filter(pl.col("row").is_in(list(listed))), classifier))
        },
        "judged_on": judged_on,
    }


def to_json(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures as the JSON contract names them."""
    return {name: [{"rows": item.rows, "reason": item.reason} for item in figures["lists"][name]] for name in LISTS}


def month_named(name: str) -> Period:
    """Return the month of a name such as ``2026-05`` or ``202605``.

    Raises:
        UsageError: It names none.
    """
    found = MONTH.fullmatch(name.strip())
    try:
        return Period.month_of(datetime.date(int(found[1]), int(found[2]), 1))  # type: ignore[index]
    except (TypeError, ValueError) as error:
        raise UsageError(f"没有 {name} 这个月", expected="年-月，如 2026-05", fix="改正 --month") from error


def _prepared(rows: pl.DataFrame, since: datetime.date, classifier: Classifier) -> pl.DataFrame:
    """Add each case's person, firm, first row of nearly the same text, and whether it is open; tag those that need it.

    Of cases before ``since`` only those are tagged whose person comes again.
    """
    people = [person_of(name, telephone) for name, telephone in rows.select("complainant", "telephone").iter_rows()]
    told = with_matters(rows, classifier.simplified).with_columns(pl.Series("person", people, dtype=pl.String))
    needed = (pl.col("day") >= since) | (pl.col("person").is_not_null() & pl.col("person").is_duplicated())
    masked = told.with_columns(pl.when(needed).then(pl.col("text")).alias("text"))  # what has no text is not tagged
    return with_tags(masked, classifier).with_columns(told["text"])


def _lists(
    rows: pl.DataFrame, ledger: Ledger, month: Period, judged_on: datetime.date, classifier: Classifier
) -> dict[str, list[Item]]:
    """Return the lists of a month as they stood on a day of it."""
    known = _as_of(rows.filter(pl.col("day") <= judged_on), judged_on)
    here = known.filter(pl.col("day") >= month.first)
    window = known.filter(pl.col("day") >= month.first - datetime.timedelta(WITHIN))
    fresh = set(here["row"].to_list())
    cases = [
        {"row": row, "day": day, "closed": closed, "person": person, "firm": firm, "leader": leader, "domain": domain, "text": text,
         "named": bool(name or telephone)}
        for row, day, closed, person, firm, leader, domain, name, telephone, text in window.select(
            "row", "day", "closed", "person", "firm", "leader", "tousu_primary", "complainant", "telephone", "text"
        ).iter_rows()
    ]  # fmt: skip
    repeats = [repeat for repeat in find_repeats(cases, load_taxonomy().fallback) if fresh & set(repeat.rows)]
    again = {row for repeat in repeats if repeat.again for row in repeat.rows}
    reasons = difficult_reasons(here, known, again, judged_on, classifier)
    dissatisfied = (
        (row, dissatisfied_reason(satisfaction, state, text))
        for row, satisfaction, state, text in here.select("row", "satisfaction", "state", "text").iter_rows()
    )
    return {
        "repeated": [Item(repeat.rows, repeat.reason) for repeat in repeats],
        "difficult": [Item([row], "；".join(reasons[row])) for row in by_weight(reasons)],
        "dissatisfied": [Item([row], reason) for row, reason in dissatisfied if reason],
        "overdue": _overdue(dataclasses.replace(ledger, rows=known), judged_on, classifier),
    }


def _overdue(ledger: Ledger, judged_on: datetime.date, classifier: Classifier) -> list[Item]:
    """Return the cases with an overdue clock, the longest overdue first; a case that is closed has none."""
    ledger = dataclasses.replace(ledger, rows=ledger.rows.filter(pl.col("closed").is_null()))
    found: dict[int, list[Any]] = {}
    for line in clocks_of(ledger, DueOptions(today=judged_on), classifier=classifier).lines:
        if line.state == "overdue":
            found.setdefault(line.row, []).append(line)
    ordered = sorted(found.items(), key=lambda item: (min(line.due for line in item[1]), item[0]))
    return [
        Item([row], "；".join(f"{line.name}应于 {line.due} 前，超期 {-line.days_left} 天" for line in lines))
        for row, lines in ordered
    ]


def _as_of(rows: pl.DataFrame, day: datetime.date) -> pl.DataFrame:
    """Return the cases as they stood on a day: what happened later had not happened."""
    later = pl.any_horizontal(pl.col(name) > day for name in DAYS if name != "received").fill_null(value=False)
    state = pl.when(later).then(None).otherwise(pl.col("state")).alias("state")
    over = pl.any_horizontal(pl.col(name) <= day for name in ENDS).fill_null(value=False)
    open_then = pl.when(later & ~over).then(statement=True).otherwise(pl.col("open")).alias("open")
    kept = [
        pl.when(pl.col(name) > day).then(None).otherwise(pl.col(name)).alias(name)
        for name in DAYS
        if name != "received"
    ]
    return rows.with_columns(state, open_then, *kept)


def _officers(rows: pl.DataFrame, lists: Mapping[str, list[Item]]) -> list[dict[str, Any]]:
    """Return for each officer how many entries of each list are theirs, those with the most first."""
    who = {row: name or NOBODY for row, name in rows.select("row", "officer").iter_rows()}
    counts = {
        name: Counter(officer for item in items for officer in {who[row] for row in item.rows})
        for name, items in lists.items()
    }
    everyone = sorted(set().union(*counts.values()))
    told = [{"officer": one, **{name: counts[name][one] for name in LISTS}} for one in everyone]
    return sorted(told, key=lambda line: (-sum(line[name] for name in LISTS), line["officer"]))


def _told(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Return what is shown of each case; no text."""
    names = load_taxonomy().names
    return [
        case | {"domain": names.get(case["tousu_primary"] or "", case["tousu_primary"] or "")}
        for case in rows.select("row", "case", "day", "tousu_primary", "firm", "officer", "state", "open").iter_rows(named=True)
    ]  # fmt: skip
