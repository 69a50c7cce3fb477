"""The review queue: which case is next, kept for who has it on the screen."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tousu.timezone import local
from tousu_service.desk.numbers import whole_number
from tousu_service.desk.store.filters import in_sample
from tousu_service.store.clock import present
from tousu_service.store.desk_tables import answers, cases, leases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu_service.desk.people import Person

LEASE = timedelta(minutes=10)
QUEUES = {
    "all": "合排",
    "unsure": "拿不准的先",
    "order": "按来件先后",
    "sample": "抽检",
    "asked": "待会商",
    "mine": "分给我的",
}


def take_next(
    connection: sa.Connection, person: Person, *, queue: str = "all", upload: int = 0, after: str = ""
) -> int | None:
    """Return the number of the next case and keep it for a person for ten minutes; None when there is none.

    Args:
        connection: A writing transaction.
        person: For whom.
        queue: One of ``QUEUES``.
        upload: Only of this upload; 0 for all.
        after: Only what comes behind this place, ``key~number``; what was skipped is not shown again this way.
    """
    moment = present(connection)
    kept = sa.exists().where(leases.c.case_id == cases.c.id, leases.c.user_id != person.id, leases.c.until > moment)
    key, down = _order(queue)
    query = sa.select(cases.c.id).where(*_belongs(queue, person, upload), ~kept, *_behind(key, down, after))
    query = query.order_by(*((each.desc() if down else each) for each in _keys(key))).limit(1)
    number = connection.execute(query).scalar()
    if number is not None:
        keep(connection, number, person)
    return number


def keep(connection: sa.Connection, case_id: int, person: Person) -> None:
    """Keep a case for a person for ten minutes, and no other one; saving is never forbidden to others."""
    connection.execute(sa.delete(leases).where((leases.c.user_id == person.id) | (leases.c.case_id == case_id)))
    until = present(connection) + LEASE
    connection.execute(sa.insert(leases).values(case_id=case_id, user_id=person.id, until=until))


def place_of(connection: sa.Connection, case_id: int, queue: str) -> str:
    """Return a case's place in a queue, for ``after``."""
    key, _ = _order(queue)
    return f"{connection.execute(sa.select(key).where(cases.c.id == case_id)).scalar()}~{case_id}"


def left(connection: sa.Connection, person: Person, *, queue: str = "all", upload: int = 0) -> int:
    """Return how many cases a queue holds."""
    query = sa.select(sa.func.count()).select_from(cases).where(*_belongs(queue, person, upload))
    return int(connection.execute(query).scalar_one())


def done_today(connection: sa.Connection, person: Person) -> tuple[int, float | None]:
    """Return how many answers a person gave since midnight in China, and the mean seconds of those under ten minutes."""
    since = local(present(connection)).replace(hour=0, minute=0, second=0, microsecond=0)
    own = (answers.c.user_id == person.id, answers.c.at >= since, answers.c.action != "undo")
    number = connection.execute(sa.select(sa.func.count()).select_from(answers).where(*own)).scalar_one()
    mean = sa.select(sa.func.avg(answers.c.seconds)).where(*own, answers.c.seconds < 600)
    return int(number), connection.execute(mean).scalar()


def progress_of(connection: sa.Connection, uploads: Sequence[int]) -> dict[int, dict[str, int]]:
    """Return how many cases of uploads are in each state."""
    columns = (cases.c.upload_id, cases.c.state)
    query = sa.select(*columns, sa.func.count()).where(cases.c.upload_id.in_(uploads)).group_by(*columns)
    found: dict[int, dict[str, int]] = {}
    for upload, state, number in connection.execute(query):
        found.setdefault(upload, {})[state] = number
    return found


def _belongs(queue: str, person: Person, upload: int) -> list[sa.ColumnElement[bool]]:
    """Return which cases a queue is of."""
    of: list[sa.ColumnElement[bool]] = [cases.c.upload_id == upload] if upload else []
    if queue == "sample":
        return [*of, cases.c.state == "auto", in_sample()]
    if queue == "mine":
        return [*of, cases.c.assignee_id == person.id, cases.c.state.in_(("open", "auto", "asked"))]
    return [*of, cases.c.state == ("asked" if queue == "asked" else "open")]


def _order(queue: str) -> tuple[sa.Column[float], bool]:
    """Return by what a queue is ordered, and whether the highest comes first."""
    orders = {"unsure": (cases.c.confidence, False), "order": (cases.c.id, False), "sample": (cases.c.id, False)}
    return orders.get(queue, (cases.c.priority, True))


def _keys(key: sa.Column[float]) -> list[sa.Column[float]]:
    return [key] if key is cases.c.id else [key, cases.c.id]


def _behind(key: sa.Column[float], down: bool, after: str) -> list[sa.ColumnElement[bool]]:
    """Return the condition for what comes behind a place; none for one that makes no sense."""
    value, _, words = after.rpartition("~")
    number = whole_number(words)
    if number is None:
        return []
    try:
        place = sa.tuple_(float(value), number) if key is not cases.c.id else sa.tuple_(number)
    except ValueError:
        return []
    pair = sa.tuple_(*_keys(key))
    return [pair < place if down else pair > place]
