"""督查: the lists of a month of the desk's cases; every figure is that of ``tousu monthly``."""

from __future__ import annotations

import datetime
import functools
import secrets
from typing import TYPE_CHECKING, Any

from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from tousu.errors import RequestError, UsageError
from tousu.report.period import Period
from tousu_service.desk.pages.figures import made_today, show_figures
from tousu_service.desk.web import new_router, page
from tousu_service.jobs import places

if TYPE_CHECKING:
    from fastapi import Response

    from tousu_service.desk.figures import Made
    from tousu_service.desk.visit import Visit

router = new_router()
page = functools.partial(page, router)
SHOWN = 50  # entries of a list; the workbook has all


@page("/month", role="reviewer")
def show_month(visit: Visit) -> Response:
    """Show a month's lists, those of the last month that has cases if none is named."""
    return show_figures(visit, "month.html", lambda: _made(visit), lambda figures: _context(visit, figures))


def _context(visit: Visit, figures: dict[str, Any]) -> dict[str, Any]:
    """Return what the page shows of a month's figures."""
    from tousu.monthly.build import LISTS
    from tousu.monthly.page import points

    shown: Period = figures["month"]
    visit.viewed("month_viewed", month=_name(shown))
    return {
        "named": _name(shown), "figures": figures, "titles": LISTS, "points": points(figures), "most": SHOWN,
        "before": _name(shown.before()), "after": _name(_behind(shown)),
    }  # fmt: skip


@page("/month/file", role="reviewer")
def download(visit: Visit) -> Response:
    """Hand out the workbook that ``tousu monthly`` writes.

    Raises:
        RequestError: There is nothing to write of.
    """
    from tousu.monthly.workbook import write_workbook

    made = _made(visit)
    if made.value is None:
        raise RequestError("还没有案件", fix="先在收件里放入台账")
    name = _name(made.value["month"])
    path = places.incoming(visit.parts.settings) / f"{secrets.token_hex(8)}.xlsx"
    write_workbook(made.value, path)
    visit.viewed("month_exported", month=name)
    return FileResponse(path, filename=f"督查-{name}.xlsx", background=BackgroundTask(path.unlink, missing_ok=True))


def _made(visit: Visit) -> Made:
    """Return the figures of the month in the address.

    Raises:
        FileError: No case has a day.
        RequestError: There is no such month.
    """
    from tousu_service.desk.routine import month_of

    month, classifier = _asked(visit), visit.parts.live_model.current()
    make = functools.partial(month_of, month=month, classifier=classifier)
    return made_today(visit, ("month", month, classifier.version), make)


def _asked(visit: Visit) -> str:
    """Return the name of the month in the address; empty where none is named.

    Raises:
        RequestError: It is none.
    """
    from tousu.monthly.build import month_named

    named = visit.asked("month", most=20)
    try:
        return _name(month_named(named)) if named else ""
    except UsageError as error:
        raise RequestError(error.found, expected=error.expected, fix="改正网址，或在督查页选一个月") from error


def _name(month: Period) -> str:
    return f"{month.first:%Y-%m}"


def _behind(month: Period) -> Period:
    """Return the month behind one."""
    return Period.month_of(month.last + datetime.timedelta(1))
