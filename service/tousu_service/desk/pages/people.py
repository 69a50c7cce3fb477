"""用户与审计: who may come in, who is in, and what was done."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tousu.errors import Conflict
from tousu.timezone import parse_moment
from tousu_service.desk.store import people, sessions
from tousu_service.desk.web import new_router, page
from tousu_service.store import audit

if TYPE_CHECKING:
    from fastapi import Response

    from tousu_service.desk.visit import Visit

router = new_router()
page = functools.partial(page, router)
LINES = 100


@page("/users", role="admin")
def show_users(visit: Visit) -> Response:
    """Show all users and who is logged in."""
    return _users(visit)


@page("/users", method="POST", role="admin")
def add(visit: Visit) -> Response:
    """Add a user and show the one-time link, this once."""
    try:
        with visit.writing() as connection:
            user, token = people.add(connection, visit.said("name"), visit.said("role"), by=visit.person.actor)
    except Conflict as error:
        return _users(visit, error=error, status=409)
    return _users(visit, link=(user.name, token))


@page("/users/{user}", method="POST", role="admin")
def change(visit: Visit) -> Response:
    """Give a user a new link or another role, or shut the user out, or let in again."""
    number, what = visit.named("user"), visit.said("what")
    link = None
    try:
        with visit.writing() as connection:
            user = people.find(connection, number)
            if what == "link":
                link = (user.name, people.new_link(connection, number, by=visit.person.actor))
            elif what == "role":
                people.set_role(connection, number, visit.said("role"), by=visit.person.actor)
            elif what in {"disable", "enable"}:
                people.set_disabled(connection, number, disabled=what == "disable", by=visit.person.actor)
    except Conflict as error:
        return _users(visit, error=error, status=409)
    return _users(visit, link=link)


@page("/sessions/end", method="POST", role="admin")
def end(visit: Visit) -> Response:
    """Throw a login out."""
    with visit.writing() as connection:
        sessions.end(connection, visit.said("session"), by=visit.person.actor)
    return visit.go("/users")


@page("/audit", role="admin")
def show_audit(visit: Visit) -> Response:
    """Show the lines of the audit, the latest first."""
    before = visit.number("before")
    actor, action, since = visit.asked("actor"), visit.asked("action"), visit.asked("since")
    moment: datetime | None
    try:
        moment = parse_moment(since) if since else None
    except ValueError:
        moment = None
    lines = audit.latest(
        visit.parts.store, before=before or None, actor=actor, action=action, since=moment, limit=LINES + 1
    )
    actions = audit.actions(visit.parts.store)
    return visit.show(
        "audit.html", lines=lines[:LINES], more=lines[LINES - 1].seq if len(lines) > LINES else None,
        actor=actor, action=action, since=since, known=actions,
    )  # fmt: skip


def _users(
    visit: Visit, *, link: tuple[str, str] | None = None, error: Conflict | None = None, status: int = 200
) -> Response:
    """Return the page of users, with a link that is shown only now."""
    with visit.reading() as connection:
        users, logins = people.listed(connection), sessions.listed(connection)
    root = str(visit.request.base_url).rstrip("/")
    return visit.show(
        "users.html", status, users=users, logins=logins, error=error, now=datetime.now(UTC),
        link=link and (link[0], f"{root}/desk/link/{link[1]}"),
    )  # fmt: skip
