"""The ledger of models: which was live when, who made it so, and why. Entries are only ever added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa

from tousu_service.store import audit
from tousu_service.store.clock import now
from tousu_service.store.tables import activations

if TYPE_CHECKING:
    from datetime import datetime

    from tousu_service.store.base import Store

SHIPPED = "shipped"

Kind = Literal["start", "activate", "rollback", "fallback"]


@dataclass(frozen=True, slots=True)
class Activation:
    """A model becoming the live one.

    Attributes:
        seq: Number of the entry.
        at: When.
        kind: ``start`` (the service began with it), ``activate``, ``rollback``, or ``fallback`` (the one
            that should have been live was broken at start).
        path: The model directory, or ``shipped`` for the one that came with tousu.
        version: Version of the model, which stands for its bytes.
        by: Who.
        why: Reason.
    """

    seq: int
    at: datetime
    kind: Kind
    path: str
    version: str
    by: str
    why: str


def revision(store: Store) -> int:
    """Return a number that changes when the live model does; cheap, for workers to poll."""
    with store.reading() as connection:
        return connection.execute(sa.select(sa.func.max(activations.c.seq))).scalar() or 0


def current(store: Store) -> Activation | None:
    """Return the last entry, None when there is none yet."""
    found = history(store, limit=1)
    return found[0] if found else None


def history(store: Store, *, limit: int = 100) -> list[Activation]:
    """Return the last entries, newest first."""
    with store.reading() as connection:
        return _last(connection, limit=limit)


def at(store: Store, moment: datetime) -> Activation | None:
    """Return the entry that was live at a moment, None before the first."""
    with store.reading() as connection:
        found = _last(connection, sa.and_(activations.c.at <= moment), limit=1)
    return found[0] if found else None


def append(store: Store, kind: Kind, *, path: str, version: str, by: str, why: str) -> Activation:
    """Add an entry: from now on this model is the live one. The model must have been checked before."""
    with store.writing() as connection:
        return _append(connection, kind, path=path, version=version, by=by, why=why)


def append_if_current(
    store: Store, seen: int, kind: Kind, *, path: str, version: str, by: str, why: str
) -> Activation | None:
    """Add an entry only if the last one still is number ``seen``: of several workers starting, one writes."""
    with store.writing() as connection:
        last = _last(connection, limit=1)
        if (last[0].seq if last else 0) != seen:
            return None
        return _append(connection, kind, path=path, version=version, by=by, why=why)


def _append(connection: sa.Connection, kind: Kind, *, path: str, version: str, by: str, why: str) -> Activation:
    """Add an entry and its audit line; its time is never before the last one's, even if the clock went back."""
    last = _last(connection, limit=1)
    moment = max([now(connection), *(entry.at for entry in last)])
    values = {"at": moment, "kind": kind, "path": path, "version": version, "by": by[:80], "why": why}
    seq: int = connection.execute(sa.insert(activations).values(values).returning(activations.c.seq)).scalar_one()
    detail = {"kind": kind, "path": path, "version": version, "was": last[0].version if last else None, "why": why}
    audit.write(connection, "model_activated", actor=by, detail=detail)
    return Activation(seq, moment, kind, path, version, by[:80], why)


def _last(
    connection: sa.Connection, condition: sa.ColumnElement[bool] | None = None, *, limit: int
) -> list[Activation]:
    """Return the last entries under a condition, newest first."""
    query = sa.select(activations).order_by(activations.c.seq.desc()).limit(limit)
    if condition is not None:
        query = query.where(condition)
    return [Activation(**row) for row in connection.execute(query).mappings()]
