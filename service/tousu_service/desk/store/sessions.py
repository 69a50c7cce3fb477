"""Logins: kept here, so that logging out, a new password or shutting a user out ends them at once."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tousu_service.desk.people import Person
from tousu_service.store import audit
from tousu_service.store.clock import present
from tousu_service.store.desk_tables import desk_attempts, desk_sessions, desk_users

if TYPE_CHECKING:
    from datetime import datetime

SEEN_EVERY = timedelta(seconds=60)  # a login's last use is written down no more often
FREE_FAILURES = 4
LONGEST_WAIT = 60
FORGOTTEN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Session:
    """A login.

    Attributes:
        person: Who.
        csrf: What each form of this login must carry.
        keys_off: Whether the person switched single keys off.
        token_sha256: What it is stored under.
        created_at: Since when.
        seen_at: When it was last used, to the minute.
        address: From where.
    """

    person: Person
    csrf: str
    keys_off: bool
    token_sha256: str
    created_at: datetime
    seen_at: datetime
    address: str


def begin(connection: sa.Connection, person: Person, *, address: str) -> str:
    """Log a person in; return the token of the login, of which only the hash is kept."""
    token, moment = secrets.token_urlsafe(32), present(connection)
    values = {
        "token_sha256": _hash(token), "user_id": person.id, "csrf": secrets.token_urlsafe(24),
        "address": address[:64], "created_at": moment, "seen_at": moment,
    }  # fmt: skip
    connection.execute(sa.insert(desk_sessions).values(values))
    audit.write(connection, "login", actor=person.actor, detail={"address": address[:64]})
    return token


def find(connection: sa.Connection, token: str, *, idle: timedelta, total: timedelta) -> Session | None:
    """Return the login of a token, None if it ended, was left idle or is too old, or its user was shut out."""
    query = _joined().where(desk_sessions.c.token_sha256 == _hash(token), desk_users.c.disabled_at.is_(None))
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    moment = present(connection)
    if moment - row["seen_at"] > idle or moment - row["created_at"] > total:
        return None
    return _session(row)


def is_due(session: Session, moment: datetime) -> bool:
    """Return whether the last use of a login is to be written down."""
    return moment - session.seen_at > SEEN_EVERY


def seen(connection: sa.Connection, session: Session) -> None:
    """Write down that a login was used."""
    change = sa.update(desk_sessions).where(desk_sessions.c.token_sha256 == session.token_sha256)
    connection.execute(change.values(seen_at=present(connection)))


def end(connection: sa.Connection, token_sha256: str, *, by: str) -> None:
    """End a login."""
    connection.execute(sa.delete(desk_sessions).where(desk_sessions.c.token_sha256 == token_sha256))
    audit.write(connection, "logout", actor=by, detail={})


def trim(connection: sa.Connection, *, total: timedelta) -> None:
    """Let go of logins that are too old, and of failures that are forgotten."""
    moment = present(connection)
    connection.execute(sa.delete(desk_sessions).where(desk_sessions.c.created_at < moment - total))
    connection.execute(sa.delete(desk_attempts).where(desk_attempts.c.last_at < moment - FORGOTTEN))


def listed(connection: sa.Connection) -> list[Session]:
    """Return all logins, the last used first."""
    return [_session(row) for row in connection.execute(_joined().order_by(desk_sessions.c.seen_at.desc())).mappings()]


def waiting(connection: sa.Connection, *what: str) -> int:
    """Return how many seconds the next attempt at any of these has to wait, 0 if none."""
    moment = present(connection)
    query = sa.select(sa.func.max(desk_attempts.c.wait_until)).where(desk_attempts.c.what.in_(map(_hash, what)))
    until: datetime | None = connection.execute(query).scalar()
    return 0 if until is None else max(0, int((until - moment).total_seconds() + 0.999))


def failed(connection: sa.Connection, what: str, *, free: int = FREE_FAILURES) -> None:
    """Count a failed attempt: after ``free`` of them each next one waits twice as long, a minute at most."""
    key, moment = _hash(what), present(connection)
    row = connection.execute(sa.select(desk_attempts).where(desk_attempts.c.what == key)).mappings().one_or_none()
    before = row["failures"] if row is not None and moment - row["last_at"] < FORGOTTEN else 0
    wait = min(LONGEST_WAIT, 2 ** (before - free)) if before >= free else 0
    values = {"failures": before + 1, "last_at": moment, "wait_until": moment + timedelta(seconds=wait)}
    if row is None:
        connection.execute(sa.insert(desk_attempts).values(what=key, **values))
    else:
        connection.execute(sa.update(desk_attempts).where(desk_attempts.c.what == key).values(values))


def succeeded(connection: sa.Connection, what: str) -> None:
    """Forget the failed attempts at something."""
    connection.execute(sa.delete(desk_attempts).where(desk_attempts.c.what == _hash(what)))


def _joined() -> sa.Select[tuple[object, ...]]:
    """Return the query of logins with their people."""
    query: sa.Select[tuple[object, ...]] = sa.select(
        desk_sessions, desk_users.c.name, desk_users.c.role, desk_users.c.keys_off
    ).join(desk_users, desk_users.c.id == desk_sessions.c.user_id)
    return query


def _session(row: sa.RowMapping) -> Session:
    return Session(
        Person(row["user_id"], row["name"], row["role"]), row["csrf"], row["keys_off"], row["token_sha256"],
        row["created_at"], row["seen_at"], row["address"],
    )  # fmt: skip


def _hash(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()
