"""When every period of a case ends that has begun, whether it still runs or not: for letters and sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tousu.clock.case import TRACKS
from tousu.clock.period import End, Pause, end_of
from tousu.clock.rules import load_clocks, rule_of
from tousu.clock.states import is_yes
from tousu.clock.workdays import load_calendar
from tousu.errors import CalendarEnds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tousu.clock.rules import Rule
    from tousu.clock.workdays import WorkCalendar


def ends_of(case: Mapping[str, Any], kind: str, calendar: WorkCalendar | None = None) -> dict[str, End]:
    """Return the end of each legal period of a case that has begun, by the period's code.

    A period whose time off the clock is not wholly known, or that the calendar does not reach, is left out.

    Args:
        case: Its row, with the columns of a ledger.
        kind: complaint, report, both or petition; another kind has no periods.
        calendar: The working days; those of ``load_calendar`` by default.
    """
    clocks, calendar = load_clocks(), calendar or load_calendar()
    ends = {}
    for stage in (stage for track in TRACKS.get(kind, ()) for stage in clocks.stages.get(track, ())):
        rule = rule_of(stage, case, clocks.law_by)
        end = _end(case, rule, calendar) if rule is not None else None
        if rule is not None and end is not None:
            ends[rule.id] = end
    return ends


def _end(case: Mapping[str, Any], rule: Rule, calendar: WorkCalendar) -> End | None:
    """Return when one period ends, None where that cannot be told."""
    first, until = (case["pause_from"], case["pause_until"]) if rule.pauses else (None, None)
    if (first is None) != (until is None):
        return None
    pause = Pause(first, until) if first is not None and until is not None else None
    if pause is not None and pause.until < pause.first:
        return None
    try:
        return end_of(rule, case[rule.starts], calendar, extended=is_yes(case["extended"]), pause=pause)
    except CalendarEnds:
        return None
