"""本周: what piles up in a week of the desk's cases, and the firms named most; every figure is that of ``tousu weekly``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from fastapi.responses import Response

from tousu.errors import RequestError, UsageError
from tousu.report.charts import trend
from tousu.weekly.weeks import Week
from tousu_service.desk.pages.figures import made_today, show_figures
from tousu_service.desk.store import named
from tousu_service.desk.web import new_router, page
from tousu_service.http.attachment import attachment

if TYPE_CHECKING:
    from tousu_service.desk.figures import Made
    from tousu_service.desk.visit import Visit

router = new_router()
page = functools.partial(page, router)


@page("/week")
def show_week(visit: Visit) -> Response:
    """Show a week, the last one that has cases if none is named."""
    return show_figures(visit, "week.html", lambda: _made(visit), lambda figures: _context(visit, figures))


def _context(visit: Visit, figures: dict[str, Any]) -> dict[str, Any]:
    """Return what the page shows of a week's figures."""
    from tousu.weekly.page import TOP, points
    from tousu.weekly.topics import CHANCE

    shown: Week = figures["week"]
    visit.viewed("week_viewed", week=shown.name)
    return {
        "week": shown, "figures": figures, "points": points(figures), "top": TOP, "trend": trend, "chance": CHANCE,
        "before": shown.back(1).name, "after": shown.back(-1).name, "meeting": named.MOST,
    }  # fmt: skip


@page("/week/page")
def download(visit: Visit) -> Response:
    """Hand out the page that ``tousu weekly`` writes, with a sheet for the talk with each firm named most.

    Raises:
        RequestError: There is nothing to write of.
    """
    from tousu.weekly.page import render_week

    made = _made(visit)
    if made.value is None:
        raise RequestError("还没有案件", fix="先在收件里放入台账")
    name = made.value["week"].name
    visit.viewed("week_exported", week=name)
    body = render_week(made.value, made_at=made.at)
    media_type = "text/html; charset=utf-8"
    return Response(body.encode("utf-8", "replace"), headers=attachment(f"每周热点-{name}.html"), media_type=media_type)


def _asked(visit: Visit) -> Week | None:
    """Return the week in the address; None where none is named.

    Raises:
        RequestError: It is none.
    """
    named = visit.asked("week", most=20)
    try:
        return Week.named(named) if named else None
    except UsageError as error:
        raise RequestError(error.found, expected=error.expected, fix="改正网址，或在本周页选一周") from error


def _made(visit: Visit) -> Made:
    """Return the figures of the week in the address.

    Raises:
        FileError: No case has a day.
        RequestError: There is no such week.
    """
    from tousu_service.desk.routine import week_of

    week, classifier = _asked(visit), visit.parts.live_model.current()
    make = functools.partial(week_of, week=week, classifier=classifier)
    return made_today(visit, ("week", week.name if week else "", classifier.version), make)
