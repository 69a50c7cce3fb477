"""Whether anything has changed of the cases, for what is computed of all of them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tousu_service.store.desk_tables import answers, assignments, cases, uploads


def changed_last(connection: sa.Connection) -> tuple[Any, ...]:
    """Return what differs from before as soon as a case has come, was answered, given to somebody, taken back or emptied."""
    last = (sa.select(sa.func.max(table.c.id)).scalar_subquery() for table in (cases, answers, assignments))
    files = sa.select(uploads.c.id, uploads.c.state, uploads.c.rows, uploads.c.purged_at).order_by(uploads.c.id)
    return (*connection.execute(sa.select(*last)).one(), hash(tuple(map(tuple, connection.execute(files)))))
