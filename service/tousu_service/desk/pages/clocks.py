"""时限: which period runs for each open case, and when it ends; every figure is that of ``tousu due``."""

from __future__ import annotations

import functools
from collections import Counter
from typing import TYPE_CHECKING, Any

from tousu.timezone import today
from tousu_service.desk.pages.figures import made_today, show_figures
from tousu_service.desk.store import people
from tousu_service.desk.web import new_router, page
from tousu_service.jobs import reminders

if TYPE_CHECKING:
    from fastapi import Response

    from tousu_service.desk.routine import Clocks, Open
    from tousu_service.desk.visit import Visit
    from tousu_service.store.audit import Line

router = new_router()
page = functools.partial(page, router)
PAGE = 100


@page("/clocks")
def show_clocks(visit: Visit) -> Response:
    """Show the open clocks, those of the person alone to whom nobody else's are shown."""
    from tousu_service.desk.routine import clocks_now

    with visit.reading() as connection:
        users = tuple(user.name for user in people.listed(connection))
    make = functools.partial(clocks_now, people=users)
    return show_figures(
        visit, "clocks.html", lambda: made_today(visit, ("clocks", users), make), lambda found: _context(visit, found)
    )


def _context(visit: Visit, clocks: Clocks) -> dict[str, Any]:
    """Return what the page shows of the clocks: those that are asked for, a piece of them."""
    from tousu_service.desk.routine import STATES

    found, everybody = clocks.open, visit.person.may("reviewer")
    officer = visit.asked("officer") if everybody else visit.person.name
    state = visit.asked("state") if visit.asked("state") in STATES else ""
    of_officer = [each for each in found if not officer or officer in each.officers]
    chosen = [each for each in of_officer if not state or each.line.state == state]
    first = min(visit.number("from"), len(chosen))
    visit.viewed("clocks_viewed", officer=officer, state=state, found=len(chosen))
    counts = Counter(each.line.state for each in of_officer)
    return {
        "rows": chosen[first : first + PAGE], "first": first, "size": PAGE, "total": len(chosen), "officer": officer,
        "state": state, "clock_states": STATES, "counts": counts, "everybody": everybody,
        "reminded": _reminded(visit) if everybody else None,
        "officers": _officers(found, state) if everybody else [], "today": today(),
    }  # fmt: skip


def _reminded(visit: Visit) -> Line | None:
    """Return what the audit says of today's last run of the reminders; None before there was one, or without any."""
    if visit.parts.settings.remind_settings is None:
        return None
    runs = reminders.runs_of_today(visit.parts.store)
    return runs[0] if runs else None


def _officers(found: list[Open], state: str) -> list[tuple[str, int]]:
    """Return who has how many of the clocks in a state, those with the most first."""
    counts = Counter(name for each in found if not state or each.line.state == state for name in each.officers)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
