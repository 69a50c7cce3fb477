"""The one clock that rows are dated by. It never goes back, whatever the machine's does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from tousu_service.store.tables import audit, corrections

STEP = timedelta(microseconds=1)


def now(connection: sa.Connection) -> datetime:
    """Return a moment later than that of every correction and audit line, within a writing transaction.

    It is the present by the database's clock, which all workers and hosts share. Should that have been set back, it is
    the last moment and a step: who has exported "all until then" and goes on from there misses nothing.
    """
    last = (sa.select(table.c.at).order_by(table.c.seq.desc()).limit(1) for table in (audit, corrections))
    moments: list[datetime | None] = [connection.execute(query).scalar() for query in last]
    later = [moment + STEP for moment in moments if moment is not None]
    return max([present(connection), *later])


def present(connection: sa.Connection) -> datetime:
    """Return the present by the database's clock."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    moment: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return moment.astimezone(UTC)
