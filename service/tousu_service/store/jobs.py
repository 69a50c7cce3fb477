"""Background jobs: handed in, taken by one worker at a time, brought to an end.

A worker holds a job by a lease: its name in ``owner`` and a heartbeat. Whoever finds the heartbeat old, or the owner
dead, takes the job again. All that a holder writes is written only while it still is the owner.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from tousu.errors import Conflict, NotFound, RateExceeded
from tousu_service.store import audit
from tousu_service.store.clock import present
from tousu_service.store.tables import jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from tousu_service.store.base import Store

Kind = Literal["tag", "train"]
State = Literal["queued", "running", "done", "failed", "cancelled"]
Verdict = Literal["go", "cancelled", "lost"]
OPEN: tuple[State, ...] = ("queued", "running")
LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the store has it.

    Attributes:
        seq: Number, in the order of being handed in.
        id: What clients call it.
        kind: What is to be done.
        state: How far it is; ``queued`` and ``running`` are open, the others final.
        args: What it needs to know; never a complaint's text.
        client: Id of the key that handed it in.
        actor: Who handed it in, for the audit.
        step: What is being done now, in Chinese.
        progress: Units of work done (bytes or rows).
        total: Units there are; None while unknown.
        rows: Rows done.
        owner: The worker that holds it.
        heartbeat_at: When that last said it lives.
        attempt: How often it was taken.
        cancelled_by: Who wants it stopped.
        error_code: Stable name of why it failed.
        error: The same in Chinese.
        result: What came of it: counts, names of files.
        webhook: Address to be told of the end.
        webhook_state: ``none``, ``waiting`` (for the end), ``due``, ``delivered`` or ``failed``.
        webhook_tries: How often it was tried.
        webhook_at: When it is tried next, or was delivered.
    """

    seq: int
    id: str
    kind: Kind
    state: State
    args: dict[str, Any]
    client: str
    actor: str
    step: str
    progress: int
    total: int | None
    rows: int
    owner: str | None
    heartbeat_at: datetime | None
    attempt: int
    cancelled_by: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error_code: str | None
    error: str | None
    result: dict[str, Any] | None
    webhook: str | None
    webhook_state: str
    webhook_tries: int
    webhook_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.state in OPEN


_SHOWN = [column for column in jobs.c if column.name not in {"idempotency_key", "body_sha256"}]


def new_id() -> str:
    """Return an id no job has."""
    return f"job_{secrets.token_hex(8)}"


def add(
    store: Store, kind: Kind, args: Mapping[str, Any], *, client: str, actor: str, job_id: str | None = None,
    idempotency_key: str | None = None, body_sha256: str = "", webhook: str | None = None, most_open: int = 0,
    only_one: bool = False,
) -> tuple[Job, bool]:  # fmt: skip
    """Hand in a job; when this returns it is on the disk.

    Args:
        store: The store.
        kind: What is to be done.
        args: What it needs to know.
        client: Id of the key.
        actor: Who, for the audit.
        job_id: Its id, where its files already have one.
        idempotency_key: The same key and content again give the first job and make none.
        body_sha256: Hash of the content.
        webhook: Address to be told of the end.
        most_open: Most open jobs of a client; 0 is no limit.
        only_one: Give the open job of this kind, if there is one, instead of making another.

    Returns:
        The job, and whether it had been there before.

    Raises:
        Conflict: The idempotency key was used for something else.
        RateExceeded: The client has too many open jobs.
        StoreError: It could not be stored.
    """
    with store.writing() as connection:
        known = _known(connection, kind, client, idempotency_key, only_one=only_one)
        if known is not None:
            if idempotency_key is not None and known["body_sha256"] != body_sha256:
                raise Conflict("这个 Idempotency-Key 已用于另一份内容", fix="内容不同的文件请换一个新的键")
            return _job(known), True
        if most_open:
            mine = sa.select(sa.func.count()).where(jobs.c.client == client, jobs.c.state.in_(OPEN))
            if connection.execute(mine).scalar_one() >= most_open:
                raise RateExceeded(f"没有做完的任务已有 {most_open} 个", fix="等前面的做完，或取消不要的")
        values = {
            "id": job_id or new_id(), "kind": kind, "state": "queued", "args": dict(args), "client": client,
            "actor": actor[:120], "idempotency_key": idempotency_key, "body_sha256": body_sha256, "step": "排队",
            "progress": 0, "rows": 0, "attempt": 0, "created_at": present(connection), "webhook": webhook,
            "webhook_state": "waiting" if webhook else "none", "webhook_tries": 0,
        }  # fmt: skip
        seq = connection.execute(sa.insert(jobs).values(values).returning(jobs.c.seq)).scalar_one()
        audit.write(connection, "job_created", actor=actor, detail={"job": values["id"], "kind": kind})
        return _one(connection, jobs.c.seq == seq), False


def find(store: Store, job_id: str, *, client: str | None = None) -> Job:
    """Return a job.

    Args:
        store: The store.
        job_id: Its id.
        client: Only if this client handed it in.

    Raises:
        NotFound: There is none of that id, or it is another client's.
    """
    with store.reading() as connection:
        return _one(connection, _named(job_id, client))


def listed(
    store: Store, *, kind: Kind | None = None, client: str | None = None, before: int | None = None, limit: int = 100
) -> list[Job]:
    """Return jobs, newest first: of one kind or client, or with numbers below ``before``, where told."""
    query = sa.select(*_SHOWN).order_by(jobs.c.seq.desc()).limit(limit)
    if kind is not None:
        query = query.where(jobs.c.kind == kind)
    if client is not None:
        query = query.where(jobs.c.client == client)
    if before is not None:
        query = query.where(jobs.c.seq < before)
    with store.reading() as connection:
        return [_job(row) for row in connection.execute(query).mappings()]


def anything_to_do(store: Store, *, is_dead: Callable[[str], bool], is_here: Callable[[Job], bool]) -> bool:
    """Return whether ``claim`` would find a job or a webhook is due; cheap, for the supervisor to poll."""
    with store.reading() as connection:
        moment = present(connection)
        due = sa.and_(jobs.c.webhook_state == "due", jobs.c.webhook_at <= moment)
        query = sa.select(*_SHOWN).where(sa.or_(jobs.c.state.in_(OPEN), due))
        found = [_job(row) for row in connection.execute(query).mappings()]
    return any(not job.is_open or _is_free(job, moment, is_dead, is_here) for job in found)


def cancel(store: Store, job_id: str, *, actor: str, client: str | None = None) -> Job:
    """Stop a job: a queued one at once, a running one as soon as its worker sees it; one that has ended stays.

    Raises:
        NotFound: There is none of that id, or it is another client's.
    """
    with store.writing() as connection:
        job = _one(connection, _named(job_id, client))
        if not job.is_open or job.cancelled_by is not None:
            return job
        values: dict[str, Any] = {"cancelled_by": actor[:120]}
        if job.state == "queued":
            values |= _ended(connection, job, "cancelled")
        connection.execute(sa.update(jobs).where(jobs.c.seq == job.seq).values(values))
        audit.write(connection, "job_cancelled", actor=actor, detail={"job": job.id, "kind": job.kind})
        return _one(connection, jobs.c.seq == job.seq)


def claim(
    store: Store, owner: str, kinds: Sequence[Kind], *, is_dead: Callable[[str], bool], is_here: Callable[[Job], bool]
) -> Job | None:
    """Take the oldest job that waits, or whose holder is gone; None if there is none.

    Args:
        store: The store.
        owner: Who takes it, a name no other claim has.
        kinds: Which kinds are wanted.
        is_dead: Tells of an owner's name whether that worker certainly lives no more.
        is_here: Tells of a job whether it can be done on this machine.

    Raises:
        StoreError: The store cannot be asked.
    """
    query = sa.select(*_SHOWN).where(jobs.c.state.in_(OPEN), jobs.c.kind.in_(kinds)).order_by(jobs.c.seq)
    with store.reading() as connection:
        if not _free(connection, query, is_dead, is_here):
            return None  # without taking the writers' turn
    with store.writing() as connection:
        moment = present(connection)
        for job in _free(connection, query, is_dead, is_here):
            here = jobs.c.seq == job.seq
            if job.cancelled_by is not None:
                connection.execute(sa.update(jobs).where(here).values(_ended(connection, job, "cancelled")))
                continue
            if job.attempt >= MOST_ATTEMPTS:
                words = f"做了 {MOST_ATTEMPTS} 次都没有做完，工作进程每次都中途结束；多半是内存不够或文件有问题"
                failed = _ended(connection, job, "failed") | {"error_code": "given_up", "error": words}
                connection.execute(sa.update(jobs).where(here).values(failed))
                continue
            taken = {
                "state": "running", "owner": owner, "heartbeat_at": moment, "attempt": job.attempt + 1,
                "started_at": job.started_at or moment, "step": "开始",
            }  # fmt: skip
            connection.execute(sa.update(jobs).where(here).values(taken))
            return _one(connection, here)
    return None


def beat(store: Store, job: Job, *, progress: int, total: int | None, rows: int, step: str) -> Verdict:
    """Say that the holder lives and how far it is; return whether it may go on."""
    with store.writing() as connection:
        held = _held(job)
        found = connection.execute(sa.select(jobs.c.cancelled_by).where(held)).first()
        if found is None:
            return "lost"
        values = {
            "heartbeat_at": present(connection), "progress": progress, "total": total, "rows": rows, "step": step[:80]
        }  # fmt: skip
        connection.execute(sa.update(jobs).where(held).values(values))
        return "go" if found.cancelled_by is None else "cancelled"


def touch(connection: sa.Connection, job: Job) -> bool:
    """Renew a job's lease within the transaction that writes what came of it; return whether it still is its holder's."""
    change = sa.update(jobs).where(_held(job)).values(heartbeat_at=present(connection))
    return connection.execute(change).rowcount == 1


def finish(
    store: Store, job: Job, state: State, *, result: Mapping[str, Any] | None = None, rows: int | None = None,
    error_code: str | None = None, error: str | None = None,
) -> bool:  # fmt: skip
    """Bring a job to its end, if it still is its holder's; return whether it was."""
    with store.writing() as connection:
        if not touch(connection, job):
            return False
        values = _ended(connection, job, state) | {"error_code": error_code, "error": error}
        if result is not None:
            values["result"] = dict(result)
        if rows is not None:
            values["rows"] = rows
        if state == "done":
            values["progress"] = sa.func.coalesce(jobs.c.total, jobs.c.progress)
        connection.execute(sa.update(jobs).where(_held(job)).values(values))
        detail = {"job": job.id, "kind": job.kind, "state": state}
        audit.write(connection, "job_ended", actor="service", detail=detail)
        return True


def release(store: Store, job: Job, *, rows: int) -> None:
    """Give a job back, to be taken again at once: the service is stopping. It does not count as an attempt.

    Args:
        store: The store.
        job: The job.
        rows: Rows done, for whoever goes on.
    """
    with store.writing() as connection:
        values = {
            "state": "queued", "owner": None, "heartbeat_at": None, "attempt": job.attempt - 1, "step": "排队",
            "rows": rows,
        }  # fmt: skip
        connection.execute(sa.update(jobs).where(_held(job)).values(values))


def due_webhooks(store: Store) -> list[Job]:
    """Return the ended jobs whose webhook is to be called now."""
    with store.reading() as connection:
        due = sa.and_(jobs.c.webhook_state == "due", jobs.c.webhook_at <= present(connection))
        query = sa.select(*_SHOWN).where(due).order_by(jobs.c.webhook_at).limit(100)
        return [_job(row) for row in connection.execute(query).mappings()]


def take_webhook(store: Store, job: Job, *, pause: timedelta) -> bool:
    """Count a try and put the next one off, before it is made; return False if another worker was quicker."""
    with store.writing() as connection:
        values = {"webhook_tries": job.webhook_tries + 1, "webhook_at": present(connection) + pause}
        mine = sa.and_(jobs.c.seq == job.seq, jobs.c.webhook_state == "due", jobs.c.webhook_tries == job.webhook_tries)
        return connection.execute(sa.update(jobs).where(mine).values(values)).rowcount == 1


def end_webhook(store: Store, job: Job, state: Literal["delivered", "failed"]) -> None:
    """Take note that a webhook was delivered, or is given up."""
    with store.writing() as connection:
        values = {"webhook_state": state, "webhook_at": present(connection)}
        connection.execute(sa.update(jobs).where(jobs.c.seq == job.seq).values(values))


def _ended(connection: sa.Connection, job: Job, state: State) -> dict[str, Any]:
    """Return what changes when a job ends."""
    moment = present(connection)
    step = {"done": "完成", "failed": "失败", "cancelled": "已取消"}[state]
    values: dict[str, Any] = {"state": state, "finished_at": moment, "owner": None, "step": step}
    return values | ({"webhook_state": "due", "webhook_at": moment} if job.webhook else {})


def _free(
    connection: sa.Connection, query: sa.Select[Any], is_dead: Callable[[str], bool], is_here: Callable[[Job], bool]
) -> list[Job]:
    """Return of the open jobs of a query those that can be taken."""
    moment = present(connection)
    found = [_job(row) for row in connection.execute(query).mappings()]
    return [job for job in found if _is_free(job, moment, is_dead, is_here)]


def _is_free(job: Job, moment: datetime, is_dead: Callable[[str], bool], is_here: Callable[[Job], bool]) -> bool:
    """Return whether a job has no holder, or one that is gone, and can be done here; anybody ends a cancelled one."""
    in_time = job.heartbeat_at is not None and moment - job.heartbeat_at <= LEASE
    if job.owner is not None and in_time and not is_dead(job.owner):
        return False
    return job.cancelled_by is not None or is_here(job)


def _held(job: Job) -> sa.ColumnElement[bool]:
    return sa.and_(jobs.c.seq == job.seq, jobs.c.state == "running", jobs.c.owner == job.owner)


def _named(job_id: str, client: str | None) -> sa.ColumnElement[bool]:
    return jobs.c.id == job_id if client is None else sa.and_(jobs.c.id == job_id, jobs.c.client == client)


def _known(
    connection: sa.Connection, kind: Kind, client: str, idempotency_key: str | None, *, only_one: bool
) -> Mapping[Any, Any] | None:
    """Return the job that a new one would repeat."""
    if idempotency_key is not None:
        same = sa.and_(jobs.c.client == client, jobs.c.idempotency_key == idempotency_key)
        found = connection.execute(sa.select(jobs).where(same)).mappings().one_or_none()
        if found is not None:
            return found
    if not only_one:
        return None
    same = sa.and_(jobs.c.kind == kind, jobs.c.state.in_(OPEN))
    return connection.execute(sa.select(jobs).where(same).limit(1)).mappings().first()


def _one(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Job:
    """Return the job of a condition.

    Raises:
        NotFound: There is none.
    """
    row = connection.execute(sa.select(*_SHOWN).where(condition)).mappings().first()
    if row is None:
        raise NotFound("没有这个任务", fix="检查编号；任务只有交来它的密钥看得到")
    return _job(row)


def _job(row: Mapping[Any, Any]) -> Job:
    return Job(**{column.name: row[column.name] for column in _SHOWN})
