"""模型: what was learnt, whether it is better, which model is in use, and how often it keeps its promise."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from tousu.errors import ModelError, SettingsError
from tousu_service.desk.fields import READ
from tousu_service.desk.store import learning, spot_checks
from tousu_service.desk.web import CLIENT, new_router, page
from tousu_service.jobs import trained
from tousu_service.registry import activation, shadow, stricter
from tousu_service.store import jobs, ledger, shadows
from tousu_service.validation import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import Response

    from tousu_service.desk.store.spot_checks import Week
    from tousu_service.desk.visit import Visit

router = new_router()
page = functools.partial(page, router)
WIDTH, HEIGHT, LEFT, TOP = 640, 200, 40, 10
LOWEST = 0.5  # the bottom of the chart


@page("/model", role="reviewer")
def show_model(visit: Visit) -> Response:
    """Show the loop: new answers, training, gate, what is in use, 抽检."""
    store, settings = visit.parts.store, visit.parts.settings
    with visit.reading() as connection:
        fresh = learning.since_training(connection)
        weeks = spot_checks.by_week(connection)
        by_domain = spot_checks.by_domain(connection)
        waiting, asked = spot_checks.waiting(connection), spot_checks.in_consultation(connection)
        total = spot_checks.total(weeks)
        below = spot_checks.is_below(total, settings.auto_promise)
        floor = spot_checks.stricter_than(connection, target=settings.auto_promise) if below else None
    trainings = jobs.listed(store, kind="train", limit=10)
    history = ledger.history(store, limit=10)
    last = next((job for job in trainings if job.state == "done"), None)
    newest = next((job for job in trainings if not job.is_open), None)
    return visit.show(
        "model.html", fresh=fresh, few=learning.FEW, weeks=weeks, by_domain=by_domain, waiting=waiting, asked=asked,
        total=total, below=below, floor=floor, promise=settings.auto_promise, share=settings.spot_check_share,
        running=next((job for job in trainings if job.is_open), None), trainings=trainings,
        stopped=newest if newest and newest.state != "done" else None, last=last,
        in_use=bool(last and history and last.result and history[0].version == last.result["version"]),
        history=history, shadows=shadows.listed(store, limit=5), chart=chart(weeks, settings.auto_promise),
    )  # fmt: skip


@page("/model/progress", role="reviewer")
def show_progress(visit: Visit) -> Response:
    """Show how far the training is; when it is over, the whole page is loaded again."""
    found = next((job for job in jobs.listed(visit.parts.store, kind="train", limit=1) if job.is_open), None)
    response = visit.show("model_progress.html", running=found)
    if found is None:
        response.headers["HX-Refresh"] = "true"
    return response


@page("/model/train", method="POST", role="admin")
def train(visit: Visit) -> Response:
    """Hand in a training; if one runs, that is it."""
    jobs.add(visit.parts.store, "train", {}, client=CLIENT, actor=visit.person.actor, only_one=True)
    return visit.go("/model")


@page("/model/cancel", method="POST", role="admin")
def cancel(visit: Visit) -> Response:
    """Stop a training."""
    jobs.cancel(visit.parts.store, visit.said("job"), actor=visit.person.actor)
    return visit.go("/model")


@page("/model/activate", method="POST", role="admin")
def activate(visit: Visit) -> Response:
    """Put the model of a training to use; one that the gate refused only where that is said outright."""
    trained.put_to_use(
        visit.parts.store, visit.parts.settings, visit.said("job"), by=visit.person.actor, why=_why(visit),
        force=visit.said("force") == "yes",
    )  # fmt: skip
    return visit.go("/model")


@page("/model/rollback", method="POST", role="admin")
def roll_back(visit: Visit) -> Response:
    """Go back to the model before."""
    parts = visit.parts
    activation.rollback(
        parts.store, by=visit.person.actor, why=_why(visit), taxonomy=parts.taxonomy, reading=parts.settings.reading
    )
    return visit.go("/model")


@page("/model/shadow", method="POST", role="admin")
def put_into_shadow(visit: Visit) -> Response:
    """Let the model of a training tag beside the live one."""
    store, settings = visit.parts.store, visit.parts.settings
    path = trained.model_of(store, settings, visit.said("job"))
    shadow.start(
        store, path, days=visit.number("days"), by=visit.person.actor, why=_why(visit), taxonomy=visit.parts.taxonomy,
        reading=settings.reading,
    )  # fmt: skip
    return visit.go("/model")


@page("/model/shadow/end", method="POST", role="admin")
def end_shadow(visit: Visit) -> Response:
    """Take the model out of the shadow."""
    shadows.end(visit.parts.store, by=visit.person.actor)
    return visit.go("/model")


@page("/model/stricter", method="POST", role="admin")
def make_stricter(visit: Visit) -> Response:
    """Put a model to use that decides less alone, by the threshold that 抽检 asks for.

    Raises:
        ModelError: 抽检 asks for none.
    """
    store, settings = visit.parts.store, visit.parts.settings
    with visit.reading() as connection:
        floor = spot_checks.stricter_than(connection, target=settings.auto_promise)
    entry = ledger.current(store)
    if floor is None or entry is None:
        raise ModelError("抽检的结果里找不到够用的门槛", fix="多做一些抽检，或重新训练")
    out = settings.models_dir / f"strict-{entry.seq}-{round(floor * 10_000)}"
    stricter.stricter(activation.path_of(entry), out, floor=floor)
    why = f"收紧到 {floor:.4f}：{_why(visit)}"
    activation.activate(
        store, out, by=visit.person.actor, why=why, taxonomy=visit.parts.taxonomy, reading=settings.reading
    )
    return visit.go("/model")


def _why(visit: Visit) -> str:
    """Return the reason in the form.

    Raises:
        ModelError: There is none, or it holds control characters.
    """
    why = visit.said("why", most=READ)
    if not why:
        raise ModelError("没有写理由", fix="写明理由，它会记入台账")
    try:
        return one_line("理由", why, most=400)
    except SettingsError as error:
        raise ModelError(error.found, expected=error.expected, fix=error.fix) from None


def chart(weeks: Sequence[Week], promise: float) -> dict[str, Any]:
    """Return where the points, bars and lines of the chart by week stand."""
    inner, tall = WIDTH - LEFT - 10, HEIGHT - TOP - 30
    step = inner / max(1, len(weeks))

    def height(value: float) -> float:
        return round(TOP + tall * (1 - (max(value, LOWEST) - LOWEST) / (1 - LOWEST)), 1)

    points = [
        {
            "x": round(LEFT + step * (at + 0.5), 1), "y": height(week.right.value or 0), "low": height(week.right.low),
            "high": height(week.right.high), "week": week.week[5:], "count": week.right.count,
        }
        for at, week in enumerate(weeks)
    ]  # fmt: skip
    return {
        "width": WIDTH, "height": HEIGHT, "left": LEFT, "right": WIDTH - 10, "bottom": TOP + tall, "points": points,
        "promise": height(promise), "ticks": [(value, height(value)) for value in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)],
    }  # fmt: skip
