"""复核: one case a screen, answered by single keys."""

from __future__ import annotations

import dataclasses
import functools
import time
from typing import TYPE_CHECKING, Any

from tousu.case_codes import AUTHORITIES, KINDS
from tousu.errors import Conflict
from tousu.masking import mask
from tousu_service.desk import initials, reading
from tousu_service.desk.render import ATTENTION, environment, names
from tousu_service.desk.store import answers, bulk, queue, spot_checks
from tousu_service.desk.store.answers import OWN, AnsweredMeanwhile, Said
from tousu_service.desk.store.card import Card, card, members
from tousu_service.desk.web import new_router, page

if TYPE_CHECKING:
    from fastapi import Response

    from tousu_service.desk.store.answers import Answer
    from tousu_service.desk.visit import Visit

router = new_router()
page = functools.partial(page, router)
CANDIDATES = 5


@page("/review")
def show_next(visit: Visit) -> Response:
    """Show the next case of a queue."""
    return _next(visit, whole=True)


@page("/review", method="POST")
def save(visit: Visit) -> Response:
    """Save an answer, or pass a case over, and show the next one."""
    case_id, step = visit.number("case"), visit.said("step")
    if step == "skip":
        with visit.reading() as connection:
            place = queue.place_of(connection, case_id, _queue(visit))
        return _next(visit, after=place)
    said = said_in(visit)
    try:
        with visit.writing() as connection:
            source = "sample" if spot_checks.is_unchecked(connection, case_id) else "review"
            held = card(connection, case_id, viewer=visit.person.id) if visit.said("group") else None
            answers.answer(
                connection, case_id, said, by=visit.person, version=visit.number("version"), source=source,
                seconds=_seconds(visit),
            )  # fmt: skip
            is_new = held is not None and held.row["version"] == visit.number("version")  # else it came twice
            near = members(connection, held.row) if held is not None and is_new and said.codes else []
            if near:
                bulk.answer_group(connection, case_id, near, said, by=visit.person)
    except AnsweredMeanwhile as error:
        return _conflict(visit, case_id, said, error)
    return _next(visit, after=visit.said("after"))


@page("/review/undo", method="POST")
def undo(visit: Visit) -> Response:
    """Take the person's last answer back, with the near-duplicates' if they had it too, and show its case again.

    Raises:
        Conflict: There is none, or it was one of many, given by a list.
    """
    with visit.writing() as connection:
        last = answers.last_of(connection, visit.person.id)
        if last is None:
            raise Conflict("没有可以撤销的了", fix="继续复核")
        if last.source == "bulk":
            raise Conflict("您的上一次答复是批量更正，这里不能撤销", fix=f"在第 {last.batch_id} 号批量的页上整批撤销")
        case_id = last.case_id
        own: Answer | None = last
        if last.batch_id is not None:
            case_id = bulk.undo_group(connection, last.batch_id, by=visit.person)
            found = answers.last_of(connection, visit.person.id)
            own = found if found is not None and found.case_id == case_id else None
        if own is not None:
            answers.undo(connection, own.id, by=visit.person)
        queue.keep(connection, case_id, visit.person)
    if not visit.is_part:
        return visit.go(f"/cases/{case_id}")
    return _shown(visit, case_id, told="已撤销，这一件回到原来的样子")


def said_in(visit: Visit) -> Said:
    """Return the answer in a form.

    Raises:
        Conflict: A code is none, the note is too long, or it is asked without a reason.
    """
    note = visit.limited("note", "备注", most=answers.LONGEST_NOTE) or None
    if visit.said("step") == "ask":
        if not note:
            raise Conflict("请写明为什么拿不准", fix="在备注里写一句，再交会商")
        return Said((), note=note)
    named = names()
    codes = [visit.said("primary"), *(str(code) for code in visit.form.getlist("also"))]
    if not codes[0] or any(code not in named["domains"] for code in codes):
        raise Conflict("没有选领域", fix="选一个领域再确认")
    kind, route, online = visit.said("kind"), visit.said("route"), visit.said("online")
    return Said(
        tuple(dict.fromkeys(codes)), {"1": True, "0": False}.get(online),
        kind if kind in KINDS else None, route if route == OWN or route in AUTHORITIES else None, note,
    )  # fmt: skip


def card_context(visit: Visit, held: Card) -> dict[str, Any]:
    """Return what the templates of one case need; personal numbers as zeros but for who may see them."""
    if not sees_whole(visit):
        held = _masked(held)
    row, tagging = held.row, held.row["tagging"]
    model = visit.parts.live_model.current()
    reasons: list[str] = []
    if row["unseen"]:
        parts = reading.whole(row["text"])
    else:
        parts, reasons = reading.pieces(model, row["text"], row["domain"])
    day = reading.day_of(row)
    ranked = [] if row["unseen"] else list(tagging["probabilities"].items())[:CANDIDATES]
    first = [code for code, _ in ranked]
    return {
        "card": held, "row": row, "pieces": parts, "reasons": reasons,
        "ranked": ranked, "rest": [code for code in names()["domains"] if code not in first],
        "initials": initials.of_domains(), "day": day,
        "codes": [] if row["unseen"] else row["codes"].split(","),
        "advice": None if row["unseen"] else reading.advice(visit.parts.taxonomy, row["domain"], day),
        "warnings": [] if row["unseen"] else reading.signal_advice(held.signals, day),
        "authority": None if row["unseen"] else reading.authority(row["route"]),
        "begun": round(time.time()), "queues": queue.QUEUES,
    }  # fmt: skip


def sees_whole(visit: Visit) -> bool:
    """Return whether the person may see personal numbers, where any are kept."""
    return visit.parts.settings.store_raw_text and visit.person.may("reviewer")


def _masked(held: Card) -> Card:
    """Return a case without personal numbers in its text and its other cells."""
    facts = {name: mask(value) for name, value in held.row["facts"].items()}
    return dataclasses.replace(held, row={**held.row, "text": mask(held.row["text"]), "facts": facts})


def _next(visit: Visit, *, after: str = "", whole: bool = False) -> Response:
    """Return the next case of the queue, or that there is none."""
    wanted, upload = _queue(visit), visit.number("upload")
    after = after or visit.asked("after")
    with visit.writing() as connection:
        number = queue.take_next(connection, visit.person, queue=wanted, upload=upload, after=after)
    if not visit.is_part and not whole:
        return visit.go(
            "/review" + environment().filters["query"]({"queue": wanted, "upload": upload or "", "after": after})
        )
    if number is not None:
        return _shown(visit, number, after=after)
    with visit.reading() as connection:
        done, seconds = queue.done_today(connection, visit.person)
        left = queue.left(connection, visit.person, queue=wanted, upload=upload)
    return visit.show(
        "review.html" if not visit.is_part else "review_empty.html", number=None, done=done, left=left,
        seconds=seconds, queue=wanted, upload=upload, queues=queue.QUEUES, skipped=bool(after),
    )  # fmt: skip


def _shown(
    visit: Visit, case_id: int, *, after: str = "", told: str = "", conflict: Answer | None = None, mine: Said | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    """Return a case as the card of the review."""
    wanted, upload = _queue(visit), visit.number("upload")
    with visit.reading() as connection:
        held = card(connection, case_id, viewer=visit.person.id)
        left = queue.left(connection, visit.person, queue=wanted, upload=upload)
        done, seconds = queue.done_today(connection, visit.person)
    visit.viewed("case_viewed", case=case_id, where="review")
    return visit.show(
        "review.html" if not visit.is_part else "review_card.html", status, number=case_id, left=left,
        done=done, seconds=seconds, queue=wanted, upload=upload, after=after, told=told, conflict=conflict, mine=mine,
        why=_why(held, wanted), **card_context(visit, held),
    )  # fmt: skip


def _conflict(visit: Visit, case_id: int, said: Said, error: AnsweredMeanwhile) -> Response:
    """Return the case again with what somebody else answered meanwhile, beside what this person chose."""
    with visit.writing() as connection:
        queue.keep(connection, case_id, visit.person)
    return _shown(visit, case_id, after=visit.said("after"), conflict=error.theirs, mine=said, status=409)


def _why(held: Card, wanted: str) -> str:
    """Return why this case is the next one."""
    row = held.row
    if wanted in {"asked", "mine"}:
        return {"asked": "有人拿不准，请您定", "mine": "分给您的"}[wanted]
    if row["unseen"]:  # whichever queue it stands in
        return "抽检：随机抽到，请先自己判断"
    if row["attention"] != "normal" and wanted == "all":
        return f"关注程度为{ATTENTION[row['attention']]}，排在前面"
    return f"模型只有 {round(row['confidence'] * 100)}% 的把握"


def _queue(visit: Visit) -> str:
    """Return the queue that is asked for."""
    value = visit.said("queue") or visit.asked("queue")
    return value if value in queue.QUEUES else "all"


def _seconds(visit: Visit) -> float | None:
    """Return how long the case was on the screen."""
    begun = visit.number("begun")
    return None if not begun else max(0.0, min(3600.0, time.time() - begun))
