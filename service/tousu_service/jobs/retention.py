"""Audit lines and files past their time: the application lets go of them once a day, and writes that into the audit."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tousu.errors import StoreError
from tousu_service.desk.store.pieces import in_pieces
from tousu_service.jobs import places
from tousu_service.store import audit as lines
from tousu_service.store import vectors
from tousu_service.store.clock import now, present
from tousu_service.store.desk_tables import case_texts, cases, uploads
from tousu_service.store.tables import audit, jobs
from tousu_service.telemetry import logs

if TYPE_CHECKING:
    from tousu_service.settings import Settings
    from tousu_service.store.base import Store


def trim_audit(store: Store, *, days: int, actor: str) -> int:
    """Delete audit lines older than so many days; return how many. The database refuses to anybody else.

    The lift of that refusal, the deletion and the line that tells of it are one transaction.

    Args:
        store: The store.
        days: How long lines are kept.
        actor: Who does it.

    Raises:
        StoreError: It could not be done; nothing was.
    """
    with store.writing() as connection:
        before = now(connection) - timedelta(days=days)
        count: int = connection.execute(
            sa.select(sa.func.count()).select_from(audit).where(audit.c.at < before)
        ).scalar_one()
        if not count:
            return 0
        if connection.dialect.name == "sqlite":
            guard = connection.exec_driver_sql(
                "SELECT sql FROM sqlite_master WHERE name = 'audit_no_delete'"
            ).scalar_one()
            connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
            connection.execute(sa.delete(audit).where(audit.c.at < before))
            connection.exec_driver_sql(guard)
        else:
            connection.exec_driver_sql("ALTER TABLE audit DISABLE TRIGGER audit_append_only")
            connection.execute(sa.delete(audit).where(audit.c.at < before))
            connection.exec_driver_sql("ALTER TABLE audit ENABLE TRIGGER audit_append_only")
        lines.write(
            connection, "audit_trimmed", actor=actor, detail={"before": before.isoformat(), "rows": count, "days": days}
        )
        return count


def trim_files(store: Store, settings: Settings) -> int:
    """Delete the files of jobs that ended longer ago than they are kept, and those that belong to no job.

    The jobs themselves stay, with their counts.

    Returns:
        Of how many jobs files were deleted.

    Raises:
        StoreError: The store cannot be asked or written.
    """
    strays = places.strays(settings)
    known: set[str] = set()
    if strays:
        with store.reading() as connection:
            known = set(connection.execute(sa.select(jobs.c.id)).scalars())
    places.remove(settings, [name for name in strays if name not in known])
    if not settings.file_days:
        return 0
    with store.reading() as connection:
        before = present(connection) - timedelta(days=settings.file_days)
        old = list(connection.execute(sa.select(jobs.c.id).where(jobs.c.finished_at < before)).scalars())
    count = places.remove(settings, old)
    if count:
        lines.append(store, "files_trimmed", actor="service", detail={"jobs": count, "days": settings.file_days})
    return count


def purge_desk(store: Store, settings: Settings) -> int:
    """Empty the desk's texts of uploads older than they are kept, delete their vectors and originals; counts and answers stay.

    Originals lie on the machine that took them in; each deletes those it has of all uploads emptied so far.

    Returns:
        Of how many uploads texts were emptied.

    Raises:
        StoreError: The store cannot be asked or written.
    """
    if not settings.desk_days:
        return 0
    with store.reading() as connection:
        before = present(connection) - timedelta(days=settings.desk_days)
        query = sa.select(uploads.c.id).where(uploads.c.created_at < before, uploads.c.purged_at.is_(None))
        old = list(connection.execute(query.order_by(uploads.c.id)).scalars())
    count = 0
    for number in old:
        try:
            count += _purge(store, number, days=settings.desk_days)
        except StoreError as error:  # the others are emptied all the same, and this one the next day
            logs.logger().error("purge_failed", upload=number, code=error.code, reason=str(error))
    # All of them, every day: a disk may have refused, and another machine's original is deleted by nobody but itself.
    with store.reading() as connection:
        gone = list(connection.execute(sa.select(uploads.c.id).where(uploads.c.purged_at.is_not(None))).scalars())
    places.remove(settings, map(places.upload_folder, gone))
    return count


def _purge(store: Store, upload_id: int, *, days: int) -> bool:
    """Empty the texts of one upload, a piece at a time, and note that when all are; return False if somebody else did."""

    def empty(connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
        own = sa.select(cases.c.id).where(which)
        full = sa.or_(case_texts.c.text != "", sa.cast(case_texts.c.facts, sa.Text) != "{}")
        connection.execute(sa.update(case_texts).where(case_texts.c.id.in_(own), full).values(text="", facts={}))
        told = cases.c.complainant.is_not(None)
        connection.execute(sa.update(cases).where(which, told).values(complainant=None))
        vectors.forget(connection, which)

    in_pieces(store, upload_id, empty)
    with store.writing() as connection:
        fresh = sa.and_(uploads.c.id == upload_id, uploads.c.purged_at.is_(None))
        if not connection.execute(sa.update(uploads).where(fresh).values(purged_at=present(connection))).rowcount:
            return False
        # Those that were being made of texts read before they were emptied; from now on none are kept.
        vectors.forget(connection, cases.c.upload_id == upload_id)
        vectors.forgotten(connection, upload_id)
        lines.write(connection, "desk_purged", actor="service", detail={"upload": upload_id, "days": days})
    return True
