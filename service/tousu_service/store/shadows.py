"""Models in the shadow: which one is, since when, and how often it disagreed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tousu_service.store import audit
from tousu_service.store.clock import present
from tousu_service.store.desk_tables import cases
from tousu_service.store.tables import shadows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tousu_service.store.base import Store


@dataclass(frozen=True, slots=True)
class Shadow:
    """A model in the shadow.

    Attributes:
        seq: Number.
        path: The model directory.
        version: Its version.
        by: Who wanted it.
        why: Reason.
        started_at: Since when.
        until: Until when at the latest.
        ended_at: When it was ended.
        last_case: The last case it has tagged.
        rows: How many cases it has tagged.
        differ: Of how many it says another primary than the live model did.
        auto_differ: Of those, how many the live model decided alone.
        pairs: How often, by ``live → shadow``.
    """

    seq: int
    path: str
    version: str
    by: str
    why: str
    started_at: datetime
    until: datetime
    ended_at: datetime | None
    last_case: int
    rows: int
    differ: int
    auto_differ: int
    pairs: dict[str, int]


def enter(store: Store, path: str, version: str, *, days: int, by: str, why: str) -> Shadow:
    """Put a model that was checked into the shadow, in place of one that is there."""
    with store.writing() as connection:
        moment = present(connection)
        connection.execute(sa.update(shadows).where(shadows.c.ended_at.is_(None)).values(ended_at=moment))
        last = connection.execute(sa.select(sa.func.max(cases.c.id))).scalar() or 0
        values: dict[str, Any] = {
            "path": path, "version": version, "by": by[:80], "why": why, "started_at": moment,
            "until": moment + timedelta(days=days), "last_case": last, "rows": 0, "differ": 0, "auto_differ": 0, "pairs": {},
        }  # fmt: skip
        seq = connection.execute(sa.insert(shadows).values(values).returning(shadows.c.seq)).scalar_one()
        audit.write(connection, "shadow_started", actor=by, detail={"version": version, "days": days, "why": why})
        return _shadow(connection.execute(sa.select(shadows).where(shadows.c.seq == seq)).mappings().one())


def end(store: Store, *, by: str) -> None:
    """Take the model out of the shadow, if there is one."""
    with store.writing() as connection:
        here = shadows.c.ended_at.is_(None)
        if connection.execute(sa.update(shadows).where(here).values(ended_at=present(connection))).rowcount:
            audit.write(connection, "shadow_ended", actor=by, detail={})


def listed(store: Store, *, limit: int = 20) -> list[Shadow]:
    """Return the last models in the shadow, newest first."""
    with store.reading() as connection:
        query = sa.select(shadows).order_by(shadows.c.seq.desc()).limit(limit)
        return [_shadow(row) for row in connection.execute(query).mappings()]


def current(connection: sa.Connection) -> Shadow | None:
    """Return the model in the shadow now."""
    query = sa.select(shadows).where(shadows.c.ended_at.is_(None), shadows.c.until > present(connection))
    row = connection.execute(query.order_by(shadows.c.seq.desc()).limit(1)).mappings().first()
    return None if row is None else _shadow(row)


def has_work(connection: sa.Connection) -> bool:
    """Return whether there are cases the model in the shadow has not tagged."""
    shadow = current(connection)
    if shadow is None:
        return False
    newest = connection.execute(sa.select(sa.func.max(cases.c.id))).scalar() or 0
    return bool(newest > shadow.last_case)


def count_on(store: Store, seen: Shadow, values: Mapping[str, Any]) -> bool:
    """Enter the counts of some more cases, if nobody has counted on since; return whether nobody had."""
    with store.writing() as connection:
        here = sa.and_(shadows.c.seq == seen.seq, shadows.c.last_case == seen.last_case)
        return connection.execute(sa.update(shadows).where(here).values(values)).rowcount == 1


def _shadow(row: Mapping[Any, Any]) -> Shadow:
    return Shadow(**row)
