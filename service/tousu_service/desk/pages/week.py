"""本周: what piles up in a week of the desk's cases, and the firms named most; every figure is that of ``tousu weekly``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi.responses import Response

from tousu.errors import FileError, RequestError, UsageError
from tousu.report.charts import trend
from tousu.timezone import today
from tousu.weekly.weeks import Week
from tousu_service.desk.figures import figures_of
from tousu_service.desk.web import new_router, page

if TYPE_CHECKING:
    from tousu_service.desk.figures import Made
    from tousu_service.desk.visit import Visit

router = new_router()
page = functools.partial(page, router)


@page("/week")
def show_week(visit: Visit) -> Response:
    """Show a week, the last one that has cases if none is named."""
    from tousu.weekly.page import TOP, points
    from tousu.weekly.topics import CHANCE

    week = _asked(visit)
    try:
        made = _made(visit, week)
    except FileError as error:
        return visit.show("week.html", here="week", made=None, problem=error, week=week)
    if made.value is None:
        return visit.show("week.html", here="week", made=None, problem=None, week=week)
    shown: Week = made.value["week"]
    visit.viewed("week_viewed", week=shown.name)
    return visit.show(
        "week.html", here="week", made=made, problem=None, week=shown, figures=made.value, points=points(made.value), top=TOP,
        trend=trend, chance=CHANCE, before=shown.back(1).name, after=shown.back(-1).name,
    )  # fmt: skip


@page("/week/page")
def download(visit: Visit) -> Response:
    """Hand out the page that ``tousu weekly`` writes, with a sheet for the talk with each firm named most.

    Raises:
        RequestError: There is nothing to write of.
    """
    from tousu.weekly.page import render_week

    made = _made(visit, _asked(visit))
    if made.value is None:
        raise RequestError("还没有案件", fix="先在收件里放入台账")
    name = made.value["week"].name
    visit.viewed("week_exported", week=name)
    body = render_week(made.value, made_at=made.at)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'每周热点-{name}.html', safe='')}"}
    return Response(body.encode("utf-8", "replace"), headers=headers, media_type="text/html; charset=utf-8")


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


def _made(visit: Visit, week: Week | None) -> Made:
    from tousu_service.desk.routine import week_of

    classifier = visit.parts.live_model.current()
    key = ("week", week.name if week else "", today(), classifier.version)
    make = functools.partial(week_of, week=week, classifier=classifier)
    return figures_of(visit.parts.store, key, make, afresh=visit.asked("fresh") == "1")
