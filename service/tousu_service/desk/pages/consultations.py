"""会商: meetings on cases, opened from a case or a topic of the week; the line taken; the sheet to meet with."""

from __future__ import annotations

import functools
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from fastapi.responses import Response

from tousu.errors import Conflict
from tousu.masking import kept_line
from tousu.timezone import today
from tousu_service.desk.fields import READ, refuse_long
from tousu_service.desk.numbers import whole_number
from tousu_service.desk.pages.case import WORD
from tousu_service.desk.pages.review import sees_whole
from tousu_service.desk.store import consultations, lists, named, spot_checks
from tousu_service.desk.store.card import card, members
from tousu_service.desk.store.consultations import Said
from tousu_service.desk.store.filters import Filter
from tousu_service.desk.web import new_router, page
from tousu_service.http.attachment import attachment

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tousu_service.desk.store.consultations import Consultation
    from tousu_service.desk.visit import Visit

router = new_router()
page = functools.partial(page, router)
LATEST = 100  # meetings listed where no month is named
ENTRIES = ("受理前", "调查中", "调解中", "答复前", "答复后")  # to choose from; any other words will do
EMPTY = Said("", "", "", None, "", ())
LONGEST = {"matter": ("事由", 200), "entry": ("切入点", 100), "people": ("参加人", 500), "line": ("统一口径", 4000)}


@page("/consultations")
def show_all(visit: Visit) -> Response:
    """Show the meetings of a month, or the latest, and how many there were in each month."""
    month = visit.asked("month", most=7)
    with visit.reading() as connection:
        held = consultations.listed(connection)
    counts = Counter(each.day[:7] for each in held if each.counts)
    lines = Counter(each.day[:7] for each in held if each.counts and each.line)
    touched: dict[str, set[int]] = {}
    for each in held:
        if each.counts:
            touched.setdefault(each.day[:7], set()).update(each.cases)
    found = [each for each in held if each.day.startswith(month)] if month else held[:LATEST]
    visit.viewed("consultations_listed", month=month, found=len(found))
    months = [(name, counts[name], lines[name], len(touched[name])) for name in sorted(counts, reverse=True)]
    return visit.show("consultations.html", found=found, months=months, month=month, all=len(held))


@page("/consultations/new", role="reviewer")
def show_form(visit: Visit) -> Response:
    """Show the form of a new meeting: on a case and its near-duplicates, or on cases chosen elsewhere."""
    numbers = [whole_number(part) or 0 for part in visit.asked("cases", most=READ).split(",")]
    with visit.reading() as connection:
        if visit.number("case"):
            held = card(connection, visit.number("case"), viewer=visit.person.id)
            numbers = [held.row["id"], *(number for number, _ in members(connection, held.row))]
        names = named.names_of(connection, numbers)
    return _form(visit, None, EMPTY._replace(matter=visit.asked("matter", most=200)), names)


@page("/consultations/chosen", method="POST", role="reviewer")
def choose(visit: Visit) -> Response:
    """Begin a meeting on the cases that a list shows.

    Raises:
        Conflict: They are none, or more than a meeting may have.
    """
    with visit.reading() as connection:
        found = lists.ids(connection, Filter.of(visit.form), most=named.MOST)
    return visit.go(f"/consultations/new?cases={','.join(str(number) for number, _ in found)}")


@page("/consultations", method="POST", role="reviewer")
def add(visit: Visit) -> Response:
    """Open a meeting; what is wrong is told beside what was written."""
    try:
        with visit.writing() as connection:
            number = consultations.add(connection, _said(visit, connection), by=visit.person)
    except Conflict as error:
        return _form(visit, None, _words(visit), visit.said("cases", most=READ), error=error)
    return visit.go(f"/consultations/{number}")


@page("/consultations/{consultation}")
def show(visit: Visit) -> Response:
    """Show a meeting; who may changes it here."""
    return _as_it_stands(visit)


@page("/consultations/{consultation}", method="POST", role="reviewer")
def change(visit: Visit) -> Response:
    """Change what is written of a meeting."""
    number = visit.named("consultation")
    try:
        with visit.writing() as connection:
            said = _said(visit, connection)
            consultations.change(connection, number, said, by=visit.person, version=visit.number("version"))
    except Conflict as error:
        with visit.reading() as connection:
            told = consultations.find(connection, number)
        cases, version = visit.said("cases", most=READ), visit.number("version")
        return _form(visit, told, _words(visit), cases, version=version, error=error)
    return visit.go(f"/consultations/{number}")


@page("/consultations/{consultation}/withdraw", method="POST", role="reviewer")
def withdraw(visit: Visit) -> Response:
    """Let a meeting and its line count no longer, if it still is what the person saw."""
    number = visit.named("consultation")
    try:
        with visit.writing() as connection:
            consultations.withdraw(connection, number, by=visit.person, version=visit.number("version"))
    except Conflict as error:
        return _as_it_stands(visit, error=error)
    return visit.go(f"/consultations/{number}")


@page("/consultations/{consultation}/sheet")
def sheet(visit: Visit) -> Response:
    """Hand out the sheet for the meeting, as ``tousu consult`` writes it.

    Raises:
        Conflict: None of its cases is one to write of.
    """
    from tousu_service.desk import beside
    from tousu_service.desk.of_case import meeting_sheet
    from tousu_service.desk.store.as_ledger import case_ledger

    with visit.reading() as connection:
        told = consultations.find(connection, visit.named("consultation"))
        unseen = spot_checks.unchecked_among(connection, told.cases)
        ledger, desk = case_ledger(connection, *told.cases), beside.desk_examples(connection)
    index = beside.example_index(desk, visit.parts.live_model.current())
    made = meeting_sheet(ledger, told, index, whole=sees_whole(visit), unseen=unseen)
    visit.viewed("consultation_exported", consultation=told.id)
    return Response(made, media_type=WORD, headers=attachment(f"会商单-第{told.id}次.docx"))


def _as_it_stands(visit: Visit, *, error: Conflict | None = None) -> Response:
    """Return the page of a meeting as the store has it."""
    with visit.reading() as connection:
        told = consultations.find(connection, visit.named("consultation"))
        names = named.names_of(connection, told.cases)
    words = Said(told.matter, told.entry, told.people, told.held_on, told.line, told.cases)
    return _form(visit, told, words, names, version=told.version, error=error)


def _words(visit: Visit) -> Said:
    """Return what the form says, the cases aside."""
    said = functools.partial(visit.said, most=READ)
    return Said(
        kept_line(said("matter")), said("entry"), said("people"), visit.said("held_on") or None, said("line"), ()
    )


def _said(visit: Visit, connection: sa.Connection) -> Said:
    """Return what the form says, checked.

    Raises:
        Conflict: Something is missing, wrong or too long.
    """
    words = _words(visit)
    for name, (label, most) in LONGEST.items():
        refuse_long(label, getattr(words, name), most=most)
    if not words.matter:
        raise Conflict("没有写事由", fix="写一句会商什么事")
    try:
        held_on = date.fromisoformat(words.held_on) if words.held_on else None
    except ValueError as error:
        raise Conflict("会商日期读不懂", expected="2026-11-30 这样的日期", fix="改正日期") from error
    if words.line and (held_on is None or held_on > today() or not words.people):
        raise Conflict(
            "定口径要写明哪天会商、谁参加", expected="不晚于今天的日期，参加人", fix="补上；还没开会的，口径先空着"
        )
    cases = named.cases_named(connection, visit.said("cases", most=READ))
    return words._replace(held_on=held_on.isoformat() if held_on else None, cases=cases)


def _form(
    visit: Visit, told: Consultation | None, said: Said, cases: str, *, version: int = 0,
    error: Conflict | None = None,
) -> Response:  # fmt: skip
    """Return the page of a meeting, with what was written just now, by whoever saw a version of it, or as it stands."""
    with visit.reading() as connection:
        listed = named.shown(connection, told.cases) if told else []
    if told:
        visit.viewed("consultation_viewed", consultation=told.id)
    return visit.show(
        "consultation.html", 409 if error else 200, told=told, said=said, cases=cases, listed=listed, error=error,
        version=version, entries=ENTRIES, most=named.MOST,
    )  # fmt: skip
