"""案件: one case with all that is known of it, at an address of its own."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, TypeVar

from fastapi.responses import Response

from tousu.errors import Conflict, NotFound, RequestError, ScopeMissing, TousuError
from tousu_service.desk import reading
from tousu_service.desk.numbers import whole_number
from tousu_service.desk.pages.review import card_context, said_in, sees_whole
from tousu_service.desk.store import answers, consultations, people, similar, spot_checks, worked_examples
from tousu_service.desk.store.answers import AnsweredMeanwhile
from tousu_service.desk.store.card import assigned, card
from tousu_service.desk.web import new_router, page
from tousu_service.http.attachment import attachment

if TYPE_CHECKING:
    from collections.abc import Callable

    from tousu.ledger.read import Ledger
    from tousu.letters.write import Written
    from tousu_service.desk.store.answers import Answer
    from tousu_service.desk.visit import Visit

router = new_router()
page = functools.partial(page, router)
Found = TypeVar("Found")
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


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
    said, number = said_in(visit), visit.named("case")
    try:
        with visit.writing() as connection:
            held = card(connection, number, viewer=visit.person.id)
            if held.answer is not None and held.answer.codes and not said.note:
                raise Conflict("已有答复，再改须写理由", fix="返回上一页，在备注里写一句理由")
            source = "sample" if spot_checks.is_unchecked(connection, number) else "review"
            answers.answer(connection, number, said, by=visit.person, version=visit.number("version"), source=source)
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
    number = visit.named("case")
    with visit.writing() as connection:
        answer = answers.find(connection, visit.number("answer"))
        if answer is None or answer.case_id != number:
            raise NotFound("没有这条答复")
        if answer.user_id != visit.person.id and not visit.person.may("reviewer"):
            raise ScopeMissing("只能撤销自己的答复", fix="请审核人员撤销")
        answers.undo(connection, answer.id, by=visit.person)
    return visit.go(f"/cases/{number}")


@page("/cases/{case}/letter")
def letter(visit: Visit) -> Response:
    """Hand out a letter of the case as a Word file; nothing is sent.

    Raises:
        Conflict: The case is none to write of, or was drawn to be judged without seeing what the model says.
        RequestError: There is no such letter or ground.
    """
    from tousu_service.desk.store.as_ledger import case_ledger

    number = visit.named("case")
    with visit.reading() as connection:
        spot_checks.refuse_unchecked(connection, number, then="出文书")
        row = card(connection, number, viewer=visit.person.id).row
        ledger = case_ledger(connection, number)
    made = _letter(visit, ledger)
    taken = {"line": whole_number(visit.asked("line"))} if visit.asked("line") else {}
    visit.viewed("letter_exported", case=number, kind=visit.asked("kind"), **taken)
    name = f"{made.name}-{row['number'] or f'第{number}号'}.docx"
    return Response(made.data, media_type=WORD, headers=attachment(name))


def _letter(visit: Visit, ledger: Ledger) -> Written:
    """Return the letter that is asked for.

    Raises:
        Conflict: The case is none to write of.
        NotFound: There is no such meeting.
        RequestError: There is no such letter or ground, or the meeting has no line that counts.
    """
    from tousu_service.desk.of_case import letter_of_case

    ground = whole_number(visit.asked("ground")) if visit.asked("ground") else None
    line = _line(visit) if visit.asked("line") else ""
    return letter_of_case(ledger, visit.asked("kind"), ground, whole=sees_whole(visit), line=line)


def _line(visit: Visit) -> str:
    """Return the line that is to stand in a letter.

    Raises:
        NotFound: There is no such meeting.
        RequestError: It has no line, or was taken back.
    """
    with visit.reading() as connection:
        told = consultations.find(connection, whole_number(visit.asked("line")) or 0)
    if not told.line or not told.counts:
        raise RequestError(f"第 {told.id} 次会商没有定口径，或已收回", fix="另选一条口径，或不选")
    return told.line


def _shown(visit: Visit, *, conflict: Answer | None = None, status: int = 200) -> Response:
    """Return a case's page."""
    from tousu.letters.table import load_letters
    from tousu_service.desk import beside
    from tousu_service.desk.of_case import clocks_of_case
    from tousu_service.desk.store.as_ledger import case_ledger

    number = visit.named("case")
    with visit.reading() as connection:
        held = card(connection, number, viewer=visit.person.id)
        given = assigned(connection, number)
        users = people.listed(connection)
        alike = similar.like(connection, number, held.row["text"])
        ledger = case_ledger(connection, number)
        marked = worked_examples.of_case(connection, number)
        desk, held_meetings = beside.desk_examples(connection, fresh=False), beside.meetings(connection)
    clocks, no_clock = _or_why(lambda: clocks_of_case(ledger))
    model, day = visit.parts.live_model.current(), reading.day_of(held.row)
    examples, no_examples = _or_why(lambda: beside.examples_like(held.row["text"], day, model, desk))
    lines, no_lines = _or_why(lambda: beside.lines_like(held.row, model, held_meetings))
    tables, no_letters = _or_why(lambda: [load_letters()])
    wants_letter = visit.asked("kind") and tables and not held.row["unseen"]
    drafts, no_draft = _or_why(lambda: [_letter(visit, ledger)] if wants_letter else [])
    visit.viewed("case_viewed", case=number, where="case")
    return visit.show(
        "case.html", status, given=given, conflict=conflict, alike=alike,
        clocks=clocks, no_clock=no_clock, counted=not ledger.rows.is_empty(), examples=examples, no_examples=no_examples,
        letters=tables[0] if tables else None, no_letters=no_letters, draft=drafts[0] if drafts else None, no_draft=no_draft,
        asked={name: visit.asked(name) for name in ("kind", "ground", "line")},
        marked=marked if marked and marked.withdrawn_at is None else None, lines=lines, no_lines=no_lines,
        users=[user for user in users if user.disabled_at is None], **card_context(visit, held),
    )  # fmt: skip


def _or_why(find: Callable[[], list[Found]]) -> tuple[list[Found], str]:
    """Return what is found, or nothing and why: what is beside a case never keeps it from being shown."""
    try:
        return find(), ""
    except TousuError as error:
        return [], error.found
