"""Vectors of cases: which are still to be made, those that are there, and letting go of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from tousu_service.store.desk_tables import case_texts, case_vectors, cases, uploads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ONE_BY_ONE = 0x746F757376  # the advisory lock of whoever makes vectors for a PostgreSQL database
KIND = np.dtype("<f2")


class Own(NamedTuple):
    """A case's vector, float32, shape (width,), and the encoder that made it."""

    encoder: str
    vector: NDArray[np.float32]


class Found(NamedTuple):
    """Cases and their vectors, float32, shape (cases, width)."""

    numbers: list[int]
    vectors: NDArray[np.float32]


def alone(connection: sa.Connection) -> bool:
    """Return whether nobody else makes vectors for this database until the transaction ends.

    A SQLite file is one machine's, and that has one worker.
    """
    if connection.dialect.name == "sqlite":
        return True
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(ONE_BY_ONE))).scalar_one())


def next_upload(connection: sa.Connection, encoder: str) -> int | None:
    """Return the newest upload whose cases have no vectors of an encoder yet; None when all have."""
    query = sa.select(uploads.c.id).where(_open(encoder))
    return connection.execute(query.order_by(uploads.c.id.desc()).limit(1)).scalar()


def missing(connection: sa.Connection, upload_id: int, encoder: str, *, most: int, limit: int) -> list[tuple[int, str]]:
    """Return number and text of cases of an upload that are to have a vector of an encoder, the last first.

    A row that came before letter by letter needs none: it has the earlier case's.

    Args:
        connection: A transaction.
        upload_id: The upload.
        encoder: The encoder.
        most: How many cases of the upload, the last ones, are to have one.
        limit: How many to return at most.
    """
    own = sa.select(cases.c.id, cases.c.row).where(cases.c.upload_id == upload_id, cases.c.state != "same")
    last = own.order_by(cases.c.row.desc()).limit(most).subquery()
    made = sa.and_(case_vectors.c.case_id == last.c.id, case_vectors.c.encoder == encoder)
    query = (
        sa.select(last.c.id, case_texts.c.text)
        .join(case_texts, case_texts.c.id == last.c.id)
        .outerjoin(case_vectors, made)
        .where(case_vectors.c.case_id.is_(None), case_texts.c.text != "")
    )
    return [(row.id, row.text) for row in connection.execute(query.order_by(last.c.row.desc()).limit(limit))]


def keep(
    connection: sa.Connection, upload_id: int, encoder: str, numbers: Sequence[int], found: NDArray[np.floating]
) -> int:
    """Store vectors in the place of any other encoder's, unless the upload was taken back or emptied meanwhile.

    Args:
        connection: A writing transaction.
        upload_id: The upload.
        encoder: The encoder.
        numbers: The cases.
        found: Their vectors, shape (cases, width), rows of unit length.

    Returns:
        How many were stored; none of a case that has one of this encoder.
    """
    query = sa.select(uploads.c.id).where(uploads.c.id == upload_id, _open(encoder))
    if connection.execute(query).first() is None:
        return 0
    there = sa.select(case_vectors.c.case_id).where(
        case_vectors.c.case_id.in_(numbers), case_vectors.c.encoder == encoder
    )
    made = set(connection.execute(there).scalars())
    rows = [
        {"case_id": number, "encoder": encoder, "vector": vector.tobytes()}
        for number, vector in zip(numbers, found.astype(KIND), strict=True)
        if number not in made
    ]
    if rows:
        fresh = [row["case_id"] for row in rows]
        connection.execute(sa.delete(case_vectors).where(case_vectors.c.case_id.in_(fresh)))
        connection.execute(sa.insert(case_vectors), rows)
    return len(rows)


def finish(connection: sa.Connection, upload_id: int, encoder: str) -> None:
    """Note that an upload's cases have the vectors of an encoder, as many as are to have one."""
    connection.execute(sa.update(uploads).where(uploads.c.id == upload_id, _open(encoder)).values(vectors_of=encoder))


def forget(connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    """Delete the vectors of some cases; that their upload has none, ``forgotten`` notes."""
    own = sa.select(cases.c.id).where(which)
    connection.execute(sa.delete(case_vectors).where(case_vectors.c.case_id.in_(own)))


def forgotten(connection: sa.Connection, upload_id: int) -> None:
    """Note that an upload's cases have no vectors any more."""
    connection.execute(sa.update(uploads).where(uploads.c.id == upload_id).values(vectors_of=None))


def of_case(connection: sa.Connection, case_id: int) -> Own | None:
    """Return a case's vector; of a row that came before letter by letter the earlier case's; None where there is none."""
    number = sa.case((cases.c.state == "same", cases.c.earlier_id), else_=cases.c.id)
    which = sa.select(number).where(cases.c.id == case_id).scalar_subquery()
    query = sa.select(case_vectors.c.encoder, case_vectors.c.vector).where(case_vectors.c.case_id == which)
    row = connection.execute(query).first()
    return None if row is None else Own(row.encoder, np.frombuffer(row.vector, dtype=KIND).astype(np.float32))


def latest(connection: sa.Connection, candidates: sa.Select[Any], encoder: str) -> Found:
    """Return the vectors of those of some cases that have one of an encoder.

    Args:
        connection: A transaction.
        candidates: The query for the cases' numbers, the latest first, with its limit.
        encoder: The encoder.
    """
    query = candidates.join(case_vectors, case_vectors.c.case_id == cases.c.id).add_columns(case_vectors.c.vector)
    rows = connection.execute(query.where(case_vectors.c.encoder == encoder)).all()
    whole = np.frombuffer(b"".join([vector for _, vector in rows]), dtype=KIND).astype(np.float32)
    return Found([number for number, _ in rows], whole.reshape(len(rows), -1) if rows else whole.reshape(0, 0))


def _open(encoder: str) -> sa.ColumnElement[bool]:
    """Return the condition on an upload that its cases are to get vectors of an encoder."""
    other = sa.or_(uploads.c.vectors_of.is_(None), uploads.c.vectors_of != encoder)
    return sa.and_(uploads.c.state == "ready", uploads.c.purged_at.is_(None), other)
