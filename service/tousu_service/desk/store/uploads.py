"""Uploads: files that were handed in, and how far they have come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tousu.errors import Conflict, NotFound
from tousu_service.desk.store.pieces import in_pieces
from tousu_service.store import audit, vectors
from tousu_service.store.clock import now
from tousu_service.store.desk_tables import answers, case_texts, cases, uploads
from tousu_service.store.tables import jobs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tousu_service.store import Store


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was handed in.

    Attributes:
        id: Its number.
        name: Its name on the person's machine.
        sha256: Of its bytes.
        size: In bytes.
        columns: Which header holds what: ``text``, ``number``, ``received``, ``respondent``, ``complainant``; and as
            ``file`` the name under which the original lies in its directory.
        state: ``looking`` (which column?), ``tagging``, ``ready``, ``failed``, ``void`` (taken back).
        rows: Rows that became cases so far.
        rejected: Rows that could not.
        problem: Why it failed, in Chinese.
        created_at: When it came.
        created_by: Who handed it in.
        job_id: The job that tags it.
        purged_at: When its texts were let go of.
        vectors_of: The encoder whose vectors its cases have; None until they have them.
    """

    id: int
    name: str
    sha256: str
    size: int
    columns: dict[str, Any]
    state: str
    rows: int
    rejected: int
    problem: str | None
    created_at: datetime
    created_by: str
    job_id: str | None
    purged_at: datetime | None
    vectors_of: str | None = None


def add(
    connection: sa.Connection, *, name: str, sha256: str, size: int, columns: Mapping[str, Any], actor: str
) -> Upload:
    """Note a file that was handed in, in the state ``looking``."""
    values = {
        "name": name[:200], "sha256": sha256, "size": size, "columns": dict(columns), "state": "looking", "rows": 0,
        "rejected": 0, "created_at": now(connection), "created_by": actor[:120],
    }  # fmt: skip
    number: int = connection.execute(sa.insert(uploads).values(values).returning(uploads.c.id)).scalar_one()
    audit.write(connection, "upload_added", actor=actor, detail={"upload": number, "size": size, "sha256": sha256})
    return find(connection, number)


def find(connection: sa.Connection, upload_id: int) -> Upload:
    """Return an upload.

    Raises:
        NotFound: There is none of this number.
    """
    row = connection.execute(sa.select(uploads).where(uploads.c.id == upload_id)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"没有第 {upload_id} 号收件", fix="在收件页查看全部")
    return Upload(**row)


def same_file(connection: sa.Connection, sha256: str) -> Upload | None:
    """Return the last upload of the same bytes that was neither taken back nor failed."""
    query = sa.select(uploads).where(uploads.c.sha256 == sha256, uploads.c.state.not_in(("void", "failed")))
    row = connection.execute(query.order_by(uploads.c.id.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else Upload(**row)


def listed(connection: sa.Connection, *, before: int | None = None, limit: int = 50) -> list[Upload]:
    """Return uploads, the newest first, those numbered below ``before``."""
    query = sa.select(uploads).order_by(uploads.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(uploads.c.id < before)
    return [Upload(**row) for row in connection.execute(query).mappings()]


def change(connection: sa.Connection, upload_id: int, *, actor: str, **values: Any) -> None:
    """Change columns of an upload (``state``, ``rows``, ``rejected``, ``problem``, ``columns``, ``job_id``).

    A change of state is written into the audit.
    """
    connection.execute(sa.update(uploads).where(uploads.c.id == upload_id).values(values))
    if "state" in values:
        audit.write(connection, "upload_state", actor=actor, detail={"upload": upload_id, "state": values["state"]})


def take_back(store: Store, upload_id: int, *, actor: str) -> None:
    """Make an upload void: its cases leave every list and queue; only their vectors are deleted, to be made again.

    The upload is void at once, its cases are a piece at a time; ``mend`` ends what came to an early end.

    Raises:
        Conflict: Its rows are just becoming cases.
    """
    with store.writing() as connection:
        if find(connection, upload_id).state == "tagging":
            raise Conflict("这份文件正在处理，现在不能作废", fix="等处理完再作废")
        vectors.forgotten(connection, upload_id)
        change(connection, upload_id, actor=actor, state="void")
    _void_cases(store, upload_id)


def bring_back(store: Store, upload_id: int, *, actor: str) -> None:
    """Undo ``take_back``: upload and cases are again what its job, decisions and answers make of them.

    The cases come first, a piece at a time, and the upload when all are there: should it come to an early end before,
    the upload is still void, and ``mend`` makes all its cases so.
    """
    void = sa.and_(cases.c.upload_id == upload_id, cases.c.state == "void")

    def back(connection: sa.Connection, which: sa.ColumnElement[bool]) -> bool:
        still = find(connection, upload_id).state == "void"
        if still:
            connection.execute(sa.update(cases).where(which, cases.c.state == "void").values(state=_state_before()))
        return still

    while True:
        in_pieces(store, upload_id, back)
        with store.writing() as connection:
            upload = find(connection, upload_id)
            if upload.state != "void":
                return
            if connection.execute(sa.select(cases.c.id).where(void).limit(1)).first() is None:
                state = "failed" if upload.problem else "ready" if upload.rows or upload.job_id else "looking"
                change(connection, upload_id, actor=actor, state=state)
                return


def _void_cases(store: Store, upload_id: int) -> None:
    """Make the cases of an upload that is void so, unless it is brought back meanwhile."""

    def take(connection: sa.Connection, which: sa.ColumnElement[bool]) -> bool:
        still = find(connection, upload_id).state == "void"
        if still:
            connection.execute(sa.update(cases).where(which, cases.c.state != "void").values(state="void"))
            vectors.forget(connection, which)
        return still

    in_pieces(store, upload_id, take)


def _state_before() -> sa.ColumnElement[str]:
    """Return what a case's state is by its decision and answer."""
    action = sa.select(answers.c.action).where(answers.c.id == cases.c.answer_id).scalar_subquery()
    return sa.case(
        (sa.and_(cases.c.earlier_id.is_not(None), cases.c.priority < 0), "same"),
        (action == "ask", "asked"),
        (cases.c.answer_id.is_not(None), "answered"),
        (cases.c.decision == "auto", "auto"),
        else_="open",
    )


def fail(store: Store, upload_id: int, words: str) -> None:
    """Note on an upload why its rows are not all there; one that was taken back stays so."""
    with store.writing() as connection:
        if find(connection, upload_id).state != "void":
            change(connection, upload_id, actor="service", state="failed", problem=words)


def mend(store: Store) -> None:
    """Let uploads know whose job came to an end without them, and take the rest of void ones' cases out of the lists.

    Jobs that were given up, cancelled while they waited, or are gone; uploads whose ``take_back`` ended early.
    """
    query = (
        sa.select(uploads.c.id, jobs.c.state, jobs.c.error)
        .outerjoin(jobs, jobs.c.id == uploads.c.job_id)
        .where(uploads.c.state == "tagging")
        .where(sa.or_(jobs.c.id.is_(None), jobs.c.state.in_(("failed", "cancelled"))))
    )
    left = sa.exists().where(cases.c.upload_id == uploads.c.id, cases.c.state != "void")
    with store.reading() as connection:
        found = connection.execute(query).all()
        half = connection.execute(sa.select(uploads.c.id).where(uploads.c.state == "void", left)).scalars().all()
    for row in found:
        fail(store, row.id, row.error or ("已取消" if row.state == "cancelled" else "处理中断了"))
    for number in half:
        _void_cases(store, number)


def answered(connection: sa.Connection, upload_id: int) -> dict[str, tuple[str, ...]]:
    """Return the codes people answered to an upload's texts; a row that came before counts by the earlier one's answer."""
    earlier, own = cases.alias(), sa.and_(cases.c.upload_id == upload_id, cases.c.state == "answered")
    direct = sa.select(case_texts.c.text, cases.c.codes).join(cases, cases.c.id == case_texts.c.id).where(own)
    same = (
        sa.select(case_texts.c.text, earlier.c.codes)
        .join(cases, cases.c.id == case_texts.c.id)
        .join(earlier, earlier.c.id == cases.c.earlier_id)
        .where(cases.c.upload_id == upload_id, cases.c.state == "same", earlier.c.state == "answered")
    )
    found: dict[str, tuple[str, ...]] = {}
    for query in (same, direct):
        for text, codes in connection.execute(query):
            found[text] = tuple(codes.split(","))
    return found
