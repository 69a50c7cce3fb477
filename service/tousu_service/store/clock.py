"""The one clock that rows are dated by."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa


def now(connection: sa.Connection) -> datetime:
    """Return the present moment by the database's clock, which all workers and hosts share."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    moment: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return moment.astimezone(UTC)
