"""All cases of an upload changed some at a time: who else wants to write waits for a piece, not for the whole."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tousu_service.store.desk_tables import cases

if TYPE_CHECKING:
    from collections.abc import Callable

    from tousu_service.store import Store

PIECE = 2000  # some tenth of a second on PostgreSQL
PAUSE_SECONDS = 0.02  # for SQLite, which has no queue: who waits looks again every few hundredths of a second


def in_pieces(
    store: Store, upload_id: int, change: Callable[[sa.Connection, sa.ColumnElement[bool]], bool | None]
) -> None:
    """Change the cases of an upload, ``PIECE`` in a transaction, in the order of their rows.

    What a piece changed stays, whatever becomes of the next. Whoever does the same again must not mind that.

    Args:
        store: The store.
        upload_id: The upload.
        change: Is given a writing transaction and which cases; False ends it before the last piece.

    Raises:
        StoreError: A piece could not be written; those before it are.
    """
    own, at = cases.c.upload_id == upload_id, 0
    while True:
        with store.writing() as connection:
            query = sa.select(cases.c.row).where(own, cases.c.row > at).order_by(cases.c.row).limit(PIECE)
            rows = connection.execute(query).scalars().all()
            if not rows or change(connection, sa.and_(own, cases.c.row.between(rows[0], rows[-1]))) is False:
                return
        at = rows[-1]
        time.sleep(PAUSE_SECONDS)
