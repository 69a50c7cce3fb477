"""典型案例: a case written up as a worked example, taken back, and all of the desk's carried elsewhere."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from fastapi.responses import Response

from tousu.errors import Conflict, ExampleError
from tousu_service.desk import example_form, reading
from tousu_service.desk.example_form import Written
from tousu_service.desk.fields import READ
from tousu_service.desk.store import spot_checks, worked_examples
from tousu_service.desk.store.card import card
from tousu_service.desk.web import new_router, page
from tousu_service.http.attachment import attachment
from tousu_service.http.error_handlers import status_of

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tousu_service.desk.store.card import Card
    from tousu_service.desk.visit import Visit

router = new_router()
page = functools.partial(page, router)


@page("/cases/{case}/example", role="reviewer")
def show_form(visit: Visit) -> Response:
    """Show a case as the example that may be made of it, or was."""
    return _form(visit)


@page("/cases/{case}/example", method="POST", role="reviewer")
def save(visit: Visit) -> Response:
    """Save a case as an example; what breaks a rule is told beside what was written."""
    number, said = visit.named("case"), _said(visit)
    try:
        with visit.writing() as connection:
            held = _seen(connection, visit)
            source = example_form.source_of(said, reading.day_of(held.row))
            worked_examples.save(connection, number, source, by=visit.person, version=visit.number("version"))
    except (Conflict, ExampleError) as error:
        return _form(visit, said=said, error=error)
    return visit.go(f"/cases/{number}#examples")


@page("/cases/{case}/example/withdraw", method="POST", role="reviewer")
def withdraw(visit: Visit) -> Response:
    """Let a case be no example any more; who has not seen how it stands now sees that first."""
    number = visit.named("case")
    try:
        with visit.writing() as connection:
            worked_examples.withdraw(connection, number, by=visit.person, version=visit.number("version"))
    except Conflict as error:
        return _form(visit, error=error)
    return visit.go(f"/cases/{number}#examples")


@page("/examples")
def show_all(visit: Visit) -> Response:
    """Show the examples that were written at the desk."""
    from tousu_service.desk.beside import desk_examples

    with visit.reading() as connection:
        desk = desk_examples(connection)
    visit.viewed("examples_listed", found=len(desk.marked))
    return visit.show("examples.html", desk=desk, titles={one.id: one.head for one in desk.examples})


@page("/examples/file", role="reviewer")
def download(visit: Visit) -> Response:
    """Hand out the desk's examples as the file that ``tousu examples import`` takes."""
    from tousu.examples.exchange import listed
    from tousu_service.desk.beside import desk_examples

    with visit.reading() as connection:
        desk = desk_examples(connection)
    visit.viewed("examples_exported", examples=[one.id for one in desk.examples])
    return Response(listed(desk.examples), media_type="application/json", headers=attachment("典型案例.json"))


def _seen(connection: sa.Connection, visit: Visit) -> Card:
    """Return the case.

    Raises:
        NotFound: There is none.
        Conflict: It was drawn to be judged without seeing what the model says.
    """
    number = visit.named("case")
    held = card(connection, number, viewer=visit.person.id)
    spot_checks.refuse_unchecked(connection, number, then="写成典型案例")
    return held


def _said(visit: Visit) -> Written:
    """Return what the form says."""
    words = {name: visit.said(name, most=READ) for name in example_form.LONGEST}
    return Written(
        domains=tuple(dict.fromkeys([visit.said("primary"), *map(str, visit.form.getlist("also"))])),
        kind=visit.said("kind"),
        online=visit.said("online") == "1",
        signals=tuple(map(str, visit.form.getlist("signal"))),
        authorities=tuple(map(str, visit.form.getlist("authority"))),
        **words,
    )


def _form(visit: Visit, *, said: Written | None = None, error: Conflict | ExampleError | None = None) -> Response:
    """Return the form: with what was written just now, with the example as it stands, or begun from the case."""
    number = visit.named("case")
    with visit.reading() as connection:
        held = _seen(connection, visit)
        marked = worked_examples.of_case(connection, number)
    visit.viewed("case_viewed", case=number, where="example")
    day = reading.day_of(held.row)
    status = status_of(error) if error else 200
    version = visit.number("version") if said else marked.version if marked else 0
    if said is None and marked is not None:
        said, wrong = example_form.written_in(marked)
        error = error or wrong
    said = said or example_form.begun(held, visit.parts.taxonomy, day)
    shown: dict[str, Any] = {"row": held.row, "said": said, "marked": marked, "error": error, "day": day}
    return visit.show("example.html", status, version=version, laws=example_form.laws_on(day), **shown)
