"""The clocks of a whole ledger: the one function that page, workbook, JSON and reminders take their figures from."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from tousu.clock.case import TRACKS, Judge, Line
from tousu.clock.rules import load_clocks
from tousu.clock.states import status_of, told_kind
from tousu.clock.workdays import load_calendar
from tousu.ledger.fields import DAYS
from tousu.ledger.tags import with_tags

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator
    from pathlib import Path

    from tousu.classifier import Classifier
    from tousu.clock.workdays import WorkCalendar
    from tousu.ledger.read import Ledger

COLUMNS = ("row", "case", *DAYS, "state", "kind", "source", "extended")
STATE_NAMES = {"overdue": "已超期", "due_soon": "临期", "running": "未到期", "done": "已完成", "unknown": "算不出"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DueOptions:
    """How clocks are told.

    Attributes:
        today: The day on which they are told.
        clocks: Table of clocks; the station's own or the shipped one by default.
        calendar: Table of announced days; the station's own or the shipped one by default.
        soon: Working days left from which on a clock is due soon; as in the table by default.
    """

    today: datetime.date
    clocks: Path | None = None
    calendar: Path | None = None
    soon: int | None = None


@dataclass(slots=True)
class Due:
    """The clocks of a ledger.

    Attributes:
        today: The day on which they were told.
        lines: A line for each clock, in the order of the rows.
        without: How many rows have no clock: questions, suggestions and the like.
        said: What was taken for granted, in Chinese.
    """

    today: datetime.date
    lines: list[Line] = field(default_factory=list)
    without: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many lines are in each state, in the order of ``STATE_NAMES``."""
        found = Counter(line.state for line in self.lines)
        return {state: found[state] for state in STATE_NAMES}  # type: ignore[index]

    @property
    def counts_said(self) -> str:
        """How many lines are in each state and how many rows have no clock, in Chinese."""
        counts = "，".join(f"{STATE_NAMES[state]} {count} 项" for state, count in self.counts.items())
        return f"{self.today}：{counts}；没有期限的 {self.without} 行"

    def urgent(self) -> list[Line]:
        """Return the lines that are not done, the most urgent first and those that cannot be told last."""
        known = [line for line in self.lines if line.due is not None and line.state != "done"]
        return sorted(known, key=lambda line: (line.due, line.row)) + [
            line for line in self.lines if line.state == "unknown"
        ]


def clocks_of(
    ledger: Ledger, options: DueOptions, calendar: WorkCalendar | None = None, classifier: Classifier | None = None
) -> Due:
    """Return the clocks of every case of a ledger.

    Which procedure a case is in is told by the ledger's own column of kinds, else by the days it has, else by the tags, else
    by the shipped model; what nobody can tell is counted as a complaint, whose first clock ends soonest.

    Args:
        ledger: The ledger.
        options: How they are told.
        calendar: The working days; those of the table in ``options`` by default.
        classifier: What tells the kind of cases that nothing else tells; the shipped one by default.

    Raises:
        ColumnMissing: The ledger has no column of days at all.
        RulesError: A table of clocks or days is wrong.
    """
    if not DAYS.keys() & ledger.columns.keys():
        ledger.needs("received")
    clocks = load_clocks(options.clocks)
    if options.soon is not None:
        clocks = clocks._replace(soon=options.soon)
    judge = Judge(clocks, calendar or load_calendar(options.calendar), options.today)
    wrong: dict[int, dict[str, str]] = defaultdict(dict)
    for cell in ledger.wrong:
        wrong[cell.row][cell.field] = f"“{cell.value}”：{cell.reason}"
    due = Due(options.today)
    rows = ledger.rows.select(COLUMNS)
    kinds = _kinds(ledger, due, classifier)
    for case, kind in zip(rows.iter_rows(named=True), kinds, strict=True):
        told = judge.lines(case, kind, wrong.get(case["row"], {}))
        due.lines += told
        due.without += not told
    return due


def _kinds(ledger: Ledger, due: Due, classifier: Classifier | None) -> Iterator[str]:
    """Yield the kind of each row."""
    rows = ledger.rows
    telling = rows.select("source", "kind", "accepted", "ended", "filed", "not_filed")
    told = [told_kind(row) for row in telling.iter_rows(named=True)]
    tags = rows["tousu_kind"].to_list()
    if None in told:
        made = _made(ledger, [kind is None for kind in told], classifier)
        tags = [made.get(row, tag) for row, tag in zip(rows["row"].to_list(), tags, strict=True)]
        due.said.append("类型没有写明的，按内容判断是投诉还是举报；判断不出的按投诉计时")
    for kind, tag in zip(told, tags, strict=True):
        yield kind or (tag if tag in TRACKS else "complaint")


def _made(ledger: Ledger, unclear: list[bool], classifier: Classifier | None) -> dict[int, str]:
    """Return by row what the classifier takes for the kind of unclear cases that are open and have no tags."""
    rows = ledger.rows
    open_now = [status_of(state) != "closed" for state in rows["state"].to_list()]
    asked = rows.filter(
        pl.Series(unclear)
        & pl.Series(open_now)
        & rows["closed"].is_null()
        & rows["tousu_kind"].is_null()
        & rows["text"].is_not_null()
    )
    return dict(with_tags(asked, classifier).select("row", "tousu_kind").iter_rows()) if len(asked) else {}
