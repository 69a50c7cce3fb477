"""What was given to whom, and what still has to be."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tousu_service.desk.store.filters import unseen
from tousu_service.desk.store.lists import beginning, begun_text
from tousu_service.store.desk_tables import case_texts, cases, desk_users

MOST = 100
OPEN = ("open", "asked", "auto", "answered")


def of_person(connection: sa.Connection, user_id: int) -> list[dict[str, Any]]:
    """Return the cases a person has to handle, the soonest due first, those without a day last."""
    query = _rows().where(cases.c.assignee_id == user_id, cases.c.state.in_(OPEN))
    query = query.order_by(cases.c.due_on.is_(None), cases.c.due_on, cases.c.id)
    return _shown(connection, query.limit(MOST))


def unassigned(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return the cases to be watched that nobody has to handle yet, the most urgent first."""
    query = _rows().where(cases.c.assignee_id.is_(None), cases.c.state == "open")
    return _shown(connection, query.order_by(cases.c.priority.desc(), cases.c.id.desc()).limit(30))


def loads(connection: sa.Connection) -> list[tuple[int, str, int, int]]:
    """Return for each person who has any: number, name, how many cases, and how many of them nobody has answered."""
    left = sa.func.sum(sa.case((cases.c.state.in_(("open", "asked")), 1), else_=0))
    query = (
        sa.select(desk_users.c.id, desk_users.c.name, sa.func.count(), left)
        .join(cases, cases.c.assignee_id == desk_users.c.id)
        .where(cases.c.state.in_(OPEN))
        .group_by(desk_users.c.id, desk_users.c.name)
        .order_by(sa.func.count().desc())
    )
    return [(row[0], row[1], int(row[2]), int(row[3])) for row in connection.execute(query)]


def _rows() -> sa.Select[Any]:
    columns = [each for each in cases.c if each.name not in {"complainant", "priority"}]
    return sa.select(*columns, begun_text(), unseen()).join(case_texts, case_texts.c.id == cases.c.id)


def _shown(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    rows = connection.execute(query).mappings()
    return [dict(row) | {"text": beginning(row["text"])} for row in rows]
