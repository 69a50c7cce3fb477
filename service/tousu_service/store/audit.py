"""The audit: who did what, when. Lines are only ever added; the database refuses anything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tousu_service.store.clock import now
from tousu_service.store.tables import audit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tousu_service.store.base import Store


@dataclass(frozen=True, slots=True)
class Line:
    """One audit line; ``detail`` never holds a complaint's text or a secret."""

    seq: int
    at: datetime
    actor: str
    action: str
    detail: dict[str, Any]


def write(connection: sa.Connection, action: str, *, actor: str, detail: Mapping[str, Any]) -> None:
    """Add a line within a writing transaction, so that it stands if and only if what it tells of does."""
    connection.execute(
        sa.insert(audit).values(at=now(connection), actor=actor[:120], action=action, detail=dict(detail))
    )


def append(store: Store, action: str, *, actor: str, detail: Mapping[str, Any]) -> None:
    """Add a line in a transaction of its own; ``detail`` never holds a complaint's text.

    Raises:
        StoreError: It could not be written.
    """
    with store.writing() as connection:
        write(connection, action, actor=actor, detail=detail)


def lines(
    store: Store, *, since: datetime | None = None, until: datetime | None = None, after: int = 0, limit: int = 100
) -> list[Line]:
    """Return lines in the order written.

    Args:
        store: The store.
        since: From this moment on.
        until: Before this moment.
        after: Only lines numbered higher.
        limit: At most so many.
    """
    query = sa.select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(limit)
    if since is not None:
        query = query.where(audit.c.at >= since)
    if until is not None:
        query = query.where(audit.c.at < until)
    with store.reading() as connection:
        return [Line(**row) for row in connection.execute(query).mappings()]


def latest(
    store: Store, *, before: int | None = None, actor: str = "", action: str = "", since: datetime | None = None,
    limit: int = 100,
) -> list[Line]:  # fmt: skip
    """Return lines, the latest first.

    Args:
        store: The store.
        before: Only lines numbered lower.
        actor: Only of this actor.
        action: Only of this kind.
        since: From this moment on.
        limit: At most so many.
    """
    query = sa.select(audit).order_by(audit.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.seq < before)
    for column, value in ((audit.c.actor, actor), (audit.c.action, action)):
        if value:
            query = query.where(column == value)
    if since is not None:
        query = query.where(audit.c.at >= since)
    with store.reading() as connection:
        return [Line(**row) for row in connection.execute(query).mappings()]


def actions(store: Store) -> list[str]:
    """Return the kinds of the latest thousands of lines, by name."""
    some = sa.select(audit.c.action).order_by(audit.c.seq.desc()).limit(20_000).subquery()
    with store.reading() as connection:
        return sorted(connection.execute(sa.select(some.c.action).distinct()).scalars())
