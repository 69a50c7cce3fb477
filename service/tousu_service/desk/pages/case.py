"""案件: one case with all that is known of it, at an address of its own."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from tousu.errors import Conflict, NotFound, ScopeMissing
from tousu_service.desk.numbers import whole_number
from tousu_service.desk.pages.review import card_context, said_in
from tousu_service.desk.store import answers, people, similar
from tousu_service.desk.store.answers import AnsweredMeanwhile
from tousu_service.desk.store.card import assigned, card
from tousu_service.desk.web import new_router, page

if TYPE_CHECKING:
    from fastapi import Response

    from tousu_service.desk.store.answers import Answer
    from tousu_service.desk.visit import Visit

router = new_router()
page = functools.partial(page, router)


@page("/cases/{case}")
def show_case(visit: Visit) -> Response:
    """Show a case; that somebody looked at it is written into the audit."""
    return _shown(visit)


@page("/cases/{case}", method="POST")
def save(visit: Visit) -> Response:
    """Save an answer to a case; who changes an earlier one says why.

    Raises:
        Conflict: There is no reason.
    """
    said, number = said_in(visit), _number(visit)
    try:
        with visit.writing() as connection:
            held = card(connection, number, viewer=visit.person.id)
            if held.answer is not None and held.answer.codes and not said.note:
                raise Conflict("已有答复，再改须写理由", fix="返回上一页，在备注里写一句理由")
            answers.answer(connection, number, said, by=visit.person, version=visit.number("version"))
    except AnsweredMeanwhile as error:
        return _shown(visit, conflict=error.theirs, status=409)
    return visit.go(f"/cases/{number}")


@page("/cases/{case}/undo", method="POST")
def undo(visit: Visit) -> Response:
    """Take an answer back: one's own, and with the right to, another's.

    Raises:
        ScopeMissing: It is another's, and the person may not.
        NotFound: There is no such answer.
    """
    number = _number(visit)
    with visit.writing() as connection:
        answer = answers.find(connection, visit.number("answer"))
        if answer is None or answer.case_id != number:
            raise NotFound("没有这条答复")
        if answer.user_id != visit.person.id and not visit.person.may("reviewer"):
            raise ScopeMissing("只能撤销自己的答复", fix="请审核人员撤销")
        answers.undo(connection, answer.id, by=visit.person)
    return visit.go(f"/cases/{number}")


def _shown(visit: Visit, *, conflict: Answer | None = None, status: int = 200) -> Response:
    """Return a case's page."""
    number = _number(visit)
    with visit.reading() as connection:
        held = card(connection, number, viewer=visit.person.id)
        given = assigned(connection, number)
        users = people.listed(connection)
        alike = similar.like(connection, number, held.row["text"])
    visit.viewed("case_viewed", case=number, where="case")
    return visit.show(
        "case.html", status, given=given, conflict=conflict, alike=alike,
        users=[user for user in users if user.disabled_at is None], **card_context(visit, held),
    )  # fmt: skip


def _number(visit: Visit) -> int:
    number = whole_number(visit.request.path_params["case"])
    if number is None:
        raise NotFound("没有这个案件", fix="在台账里查找")
    return number
