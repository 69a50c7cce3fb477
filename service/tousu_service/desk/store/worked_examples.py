"""Cases that people marked as worked examples: each the text of its file, changed and taken back by whoever may."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tousu.errors import NotFound
from tousu_service.desk.store.versions import check_saved, check_withdrawn
from tousu_service.store import audit
from tousu_service.store.clock import now
from tousu_service.store.desk_tables import cases, desk_examples, desk_users

if TYPE_CHECKING:
    from datetime import datetime

    from tousu_service.desk.people import Person


WHAT = "这个案例"


@dataclass(frozen=True, slots=True)
class Marked:
    """A case that was marked as a worked example.

    Attributes:
        case_id: The case.
        number: The station's number of the case.
        name: The example's id.
        source: The text of its file.
        version: Grows with each change.
        changed_at: When it was last changed.
        by: Who changed it last.
        withdrawn_at: When it was taken back; None while it counts.
    """

    case_id: int
    number: str | None
    name: str
    source: str
    version: int
    changed_at: datetime
    by: str
    withdrawn_at: datetime | None


def stamp(connection: sa.Connection) -> tuple[object, ...]:
    """Return what differs from before as soon as an example was added, changed or taken back."""
    columns = (sa.func.count(), sa.func.max(desk_examples.c.changed_at))
    return tuple(connection.execute(sa.select(*columns).select_from(desk_examples)).one())


def listed(connection: sa.Connection) -> list[Marked]:
    """Return those that count, the last changed first."""
    query = _query().where(desk_examples.c.withdrawn_at.is_(None)).order_by(desk_examples.c.changed_at.desc())
    return [Marked(**row) for row in connection.execute(query).mappings()]


def of_case(connection: sa.Connection, case_id: int) -> Marked | None:
    """Return what a case was marked as, whether it still counts or not."""
    row = connection.execute(_query().where(desk_examples.c.case_id == case_id)).mappings().one_or_none()
    return None if row is None else Marked(**row)


def save(connection: sa.Connection, case_id: int, source: str, *, by: Person, version: int) -> None:
    """Mark a case as an example, or change what stands there; what was taken back counts again.

    Args:
        connection: A writing transaction.
        case_id: The case.
        source: The text of its file, checked by the caller.
        by: Who.
        version: What the person saw; 0 where there was none.

    Raises:
        Conflict: Somebody changed it since.
    """
    held = of_case(connection, case_id)
    check_saved(held.version if held else 0, version, by=held.by if held else "有人", what=WHAT)
    at = now(connection)
    values = {"source": source, "version": version + 1, "changed_at": at, "changed_by": by.id, "withdrawn_at": None}
    if held is None:
        name = f"desk-{secrets.token_hex(4)}"  # two stations' examples never have one name
        connection.execute(sa.insert(desk_examples).values(case_id=case_id, name=name, created_at=at, **values))
    else:
        name = held.name
        connection.execute(sa.update(desk_examples).where(desk_examples.c.case_id == case_id).values(values))
    what = "example_added" if held is None else "example_restored" if held.withdrawn_at else "example_changed"
    audit.write(connection, what, actor=by.actor, detail={"case": case_id, "example": name})


def withdraw(connection: sa.Connection, case_id: int, *, by: Person, version: int) -> None:
    """Let an example count no longer; what was written stays for whoever marks the case again.

    Args:
        connection: A writing transaction.
        case_id: The case.
        by: Who.
        version: What the person saw.

    Raises:
        NotFound: The case never was one.
        Conflict: Somebody changed it since or took it back.
    """
    held = of_case(connection, case_id)
    if held is None:
        raise NotFound("这一件不是典型案例", fix="回到案件页看现在的样子")
    check_withdrawn(held.version, version, by=held.by, what=WHAT, gone=held.withdrawn_at is not None)
    at = now(connection)
    values = {"version": held.version + 1, "changed_at": at, "changed_by": by.id, "withdrawn_at": at}
    connection.execute(sa.update(desk_examples).where(desk_examples.c.case_id == case_id).values(values))
    audit.write(connection, "example_withdrawn", actor=by.actor, detail={"case": case_id, "example": held.name})


def _query() -> sa.Select[tuple[object, ...]]:
    told = desk_examples.c
    columns = (told.case_id, told.name, told.source, told.version, told.changed_at, told.withdrawn_at)
    query = sa.select(*columns, cases.c.number, desk_users.c.name.label("by"))
    query = query.join(cases, cases.c.id == told.case_id)
    return query.join(desk_users, desk_users.c.id == told.changed_by)
