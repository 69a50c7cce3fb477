"""What the pages 本周, 督查 and 时限 show, made of the desk's cases by the functions behind the commands.

Loaded when the first of these pages is opened: a service that has no desk does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tousu.clock.due import STATE_NAMES, DueOptions, clocks_of
from tousu.monthly.build import MonthOptions, month_figures
from tousu.remind.notices import officers_of
from tousu.timezone import today
from tousu.weekly.build import WeekOptions, week_figures
from tousu_service.desk.store.as_ledger import NAME

if TYPE_CHECKING:
    from collections.abc import Collection

    from tousu.classifier import Classifier
    from tousu.clock.case import Line
    from tousu.ledger.read import Ledger
    from tousu.weekly.weeks import Week

ROW_SAID = "“台账行”一列是办案台里的案件号"
STATES = {code: name for code, name in STATE_NAMES.items() if code != "done"}


class Open(NamedTuple):
    """A clock that has not been stopped.

    Attributes:
        line: What is told of it.
        officers: Who handles the case, 未写承办人 where that is not known.
        firm: Whom the case is about.
        domain: Code of its domain.
    """

    line: Line
    officers: list[str]
    firm: str | None
    domain: str | None


class Clocks(NamedTuple):
    """The clocks of all cases.

    Attributes:
        open: Those that have not been stopped, the most urgent first, what cannot be told last.
        without: How many cases have none.
        said: What was taken for granted, in Chinese.
    """

    open: list[Open]
    without: int
    said: list[str]


def week_of(ledger: Ledger, week: Week | None, classifier: Classifier) -> dict[str, Any] | None:
    """Return the figures of a week of the desk's cases, the numbers of those that are named beside; None without cases.

    Raises:
        FileError: No case has a day.
    """
    if ledger.rows.is_empty():
        return None
    figures = week_figures(ledger, WeekOptions(week=week.name if week else None), classifier)
    named = {row for topic in (*figures["topics"], *figures["firms"]) for row in topic["rows"]}
    numbers = {
        row: case or f"第 {row} 号" for row, case in ledger.rows.select("row", "case").iter_rows() if row in named
    }
    for topic in figures["topics"]:
        topic["linked"] = [(row, numbers[row]) for row in topic["example_rows"]]
    return figures | {"file": NAME, "columns": ledger.said, "unread": [], "numbers": numbers}


def month_of(ledger: Ledger, month: str, classifier: Classifier) -> dict[str, Any] | None:
    """Return the figures of a month of the desk's cases, the last one that has some if none is named; None without cases.

    Raises:
        FileError: No case has a day.
        UsageError: There is no such month.
    """
    if ledger.rows.is_empty():
        return None
    figures = month_figures(ledger, MonthOptions(month=month or None), classifier)
    return figures | {"file": NAME, "columns": f"{ledger.said}；{ROW_SAID}", "unread": []}


def clocks_now(ledger: Ledger, people: Collection[str] = ()) -> Clocks | None:
    """Return the open clocks of the desk's cases as of today; None without cases.

    Args:
        ledger: The cases.
        people: Names of the desk's users, each one name whatever stands in it.

    Raises:
        FileError: No case has a day.
    """
    if ledger.rows.is_empty():
        return None
    due = clocks_of(ledger, DueOptions(today=today()))
    about: dict[int, Any] = {
        row: (officers_of(officer, people), firm, domain)
        for row, officer, firm, domain in ledger.rows.select(
            "row", "officer", "respondent", "tousu_primary"
        ).iter_rows()
    }
    return Clocks([Open(line, *about[line.row]) for line in due.urgent()], due.without, due.said)
