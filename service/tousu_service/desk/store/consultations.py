"""Meetings on cases (会商): opened from cases, and the line that was taken for them and all alike (统一口径)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from tousu.errors import NotFound
from tousu.timezone import local
from tousu_service.desk.store.versions import check_saved, check_withdrawn
from tousu_service.store import audit
from tousu_service.store.clock import now
from tousu_service.store.desk_tables import (
    case_texts,
    cases,
    consultation_cases,
    consultations,
    desk_users,
    uploads,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tousu_service.desk.people import Person

WHAT = "这次会商"
COMPARED = 20  # cases of a meeting whose texts others are compared with


class Said(NamedTuple):
    """What a person writes of a meeting.

    Attributes:
        matter: What it is about.
        entry: At which point of the cases' way it is held, in free words.
        people: Who took part.
        held_on: The day, as ``2026-11-30``; None where it is not set.
        line: The line taken, empty until there is one.
        cases: The cases.
    """

    matter: str
    entry: str
    people: str
    held_on: str | None
    line: str
    cases: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Consultation:
    """A meeting on cases; see ``Said`` for what a person writes of it.

    Attributes:
        version: Grows with each change.
        created_at: When it was opened.
        by: Who opened it.
        changed_at: When it was last changed; ``changed_by`` who did.
        withdrawn_at: When it was taken back; None while it counts.
    """

    id: int
    matter: str
    entry: str
    people: str
    held_on: str | None
    line: str
    version: int
    created_at: datetime
    by: str
    changed_at: datetime
    changed_by: str
    withdrawn_at: datetime | None
    cases: tuple[int, ...]

    @property
    def day(self) -> str:
        """The day it counts on, as ``2026-11-30``: when it was held, or opened where no day is set."""
        return self.held_on or local(self.created_at).date().isoformat()

    @property
    def counts(self) -> bool:
        """Whether it has not been taken back."""
        return self.withdrawn_at is None


@dataclass(frozen=True, slots=True)
class Compared:
    """A meeting that counts, with what other cases are compared with.

    Attributes:
        told: The meeting.
        texts: Its matter, and the texts of its first cases that have one.
        domains: The domains of its cases.
        firms: Whom its cases are about, each with the domain.
    """

    told: Consultation
    texts: tuple[str, ...]
    domains: frozenset[str]
    firms: frozenset[tuple[str, str]]


def stamp(connection: sa.Connection) -> tuple[object, ...]:
    """Return what differs from before as soon as ``compared`` does.

    A meeting was opened, changed or taken back, or of its cases one was answered or its upload taken back, brought back or
    emptied.
    """
    told = connection.execute(sa.select(sa.func.count(), sa.func.sum(consultations.c.version))).one()
    upload = (uploads.c.id, uploads.c.state, uploads.c.purged_at)
    query = sa.select(*upload, sa.func.count(), sa.func.sum(cases.c.version)).select_from(consultation_cases)
    query = query.join(cases, cases.c.id == consultation_cases.c.case_id).join(
        uploads, uploads.c.id == cases.c.upload_id
    )
    return (*told, *map(tuple, connection.execute(query.group_by(*upload).order_by(uploads.c.id))))


def listed(connection: sa.Connection) -> list[Consultation]:
    """Return all meetings, the last one first; those taken back, too."""
    return sorted(_read(connection, _query()), key=lambda told: (told.day, told.id), reverse=True)


def find(connection: sa.Connection, consultation_id: int) -> Consultation:
    """Return a meeting.

    Raises:
        NotFound: There is none of this number.
    """
    found = _read(connection, _query().where(consultations.c.id == consultation_id))
    if not found:
        raise NotFound(f"没有第 {consultation_id} 次会商", fix="在会商页查看全部")
    return found[0]


def compared(connection: sa.Connection) -> list[Compared]:
    """Return the meetings that count, each with what other cases are compared with; a void upload's cases are nothing to go by."""
    told = _read(connection, _query().where(consultations.c.withdrawn_at.is_(None)).order_by(consultations.c.id))
    columns = (consultation_cases.c.consultation_id, cases.c.domain, cases.c.respondent, case_texts.c.text)
    query = sa.select(*columns).join(cases, cases.c.id == consultation_cases.c.case_id)
    query = query.join(case_texts, case_texts.c.id == cases.c.id).join(uploads, uploads.c.id == cases.c.upload_id)
    query = query.where(uploads.c.state != "void")
    rows: dict[int, list[Any]] = {each.id: [] for each in told}
    for row in connection.execute(query.order_by(consultation_cases.c.case_id)):
        if row.consultation_id in rows:
            rows[row.consultation_id].append(row)
    return [
        Compared(
            each, (each.matter, *[row.text for row in rows[each.id] if row.text][:COMPARED]),
            frozenset(row.domain for row in rows[each.id]),
            frozenset((row.respondent, row.domain) for row in rows[each.id] if row.respondent),
        )
        for each in told
    ]  # fmt: skip


def add(connection: sa.Connection, said: Said, *, by: Person) -> int:
    """Open a meeting; return its number."""
    at = now(connection)
    values = _values(said) | {
        "version": 1,
        "created_at": at,
        "created_by": by.id,
        "changed_at": at,
        "changed_by": by.id,
    }
    number: int = connection.execute(sa.insert(consultations).values(values).returning(consultations.c.id)).scalar_one()
    _put_cases(connection, number, said.cases)
    _note(connection, "consultation_opened", number, said, by)
    return number


def change(connection: sa.Connection, consultation_id: int, said: Said, *, by: Person, version: int) -> None:
    """Change what is written of a meeting; one that was taken back counts again.

    Raises:
        NotFound: There is none of this number.
        Conflict: Somebody changed it since the person saw it.
    """
    held = find(connection, consultation_id)
    check_saved(held.version, version, by=held.changed_by, what=WHAT)
    values = {"version": version + 1, "changed_at": now(connection), "changed_by": by.id, "withdrawn_at": None}
    _change(connection, consultation_id, _values(said) | values)
    connection.execute(sa.delete(consultation_cases).where(consultation_cases.c.consultation_id == consultation_id))
    _put_cases(connection, consultation_id, said.cases)
    _note(connection, "consultation_changed", consultation_id, said, by)


def withdraw(connection: sa.Connection, consultation_id: int, *, by: Person, version: int) -> None:
    """Let a meeting and its line count no longer.

    Raises:
        NotFound: There is none of this number.
        Conflict: Somebody changed it since the person saw it, or took it back.
    """
    held = find(connection, consultation_id)
    check_withdrawn(held.version, version, by=held.changed_by, what=WHAT, gone=not held.counts)
    at = now(connection)
    values = {"version": held.version + 1, "changed_at": at, "changed_by": by.id, "withdrawn_at": at}
    _change(connection, consultation_id, values)
    audit.write(connection, "consultation_withdrawn", actor=by.actor, detail={"consultation": consultation_id})


def _values(said: Said) -> dict[str, Any]:
    return {name: value for name, value in said._asdict().items() if name != "cases"}


def _put_cases(connection: sa.Connection, consultation_id: int, numbers: Sequence[int]) -> None:
    rows = [{"consultation_id": consultation_id, "case_id": number} for number in numbers]
    connection.execute(sa.insert(consultation_cases), rows)


def _change(connection: sa.Connection, consultation_id: int, values: Mapping[str, Any]) -> None:
    connection.execute(sa.update(consultations).where(consultations.c.id == consultation_id).values(dict(values)))


def _note(connection: sa.Connection, what: str, consultation_id: int, said: Said, by: Person) -> None:
    detail = {"consultation": consultation_id, "cases": list(said.cases), "line": bool(said.line)}
    audit.write(connection, what, actor=by.actor, detail=detail)


def _query() -> sa.Select[tuple[object, ...]]:
    told, opened, changed = consultations.c, desk_users.alias("opened"), desk_users.alias("changed")
    names = (
        "id",
        "matter",
        "entry",
        "people",
        "held_on",
        "line",
        "version",
        "created_at",
        "changed_at",
        "withdrawn_at",
    )
    columns = [told[name] for name in names]
    query = sa.select(*columns, opened.c.name.label("by"), changed.c.name.label("changed_by"))
    query = query.join(opened, opened.c.id == told.created_by)
    return query.join(changed, changed.c.id == told.changed_by)


def _read(connection: sa.Connection, query: sa.Select[tuple[object, ...]]) -> list[Consultation]:
    """Return the meetings a query finds, with the numbers of their cases."""
    rows = connection.execute(query).mappings().all()
    wanted = sa.select(consultation_cases).order_by(consultation_cases.c.case_id)
    if len(rows) == 1:
        wanted = wanted.where(consultation_cases.c.consultation_id == rows[0]["id"])
    of: dict[int, list[int]] = {row["id"]: [] for row in rows}
    for row in connection.execute(wanted):
        if row.consultation_id in of:
            of[row.consultation_id].append(row.case_id)
    return [Consultation(**row, cases=tuple(of[row["id"]])) for row in rows]
