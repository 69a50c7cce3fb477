"""One case whole: what came in, what the model said, what people said, and what is near it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tousu.errors import NotFound
from tousu_service.desk.store import answers
from tousu_service.desk.store.cases import signals_of
from tousu_service.desk.store.filters import unseen
from tousu_service.store.desk_tables import assignments, case_texts, cases, desk_users, leases, uploads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tousu_service.desk.store.answers import Answer


@dataclass(frozen=True, slots=True)
class Card:
    """A case.

    Attributes:
        row: Its columns, ``text``, ``facts``, ``tagging``, and the upload's name as ``upload``.
        signals: Its signals.
        history: Its answers, the first one first.
        group: How many near-duplicates of its upload are in the same state, itself counted.
        same_respondent: How many cases there are about the same respondent.
        same_complainant: How many cases there are of the same complainant.
        assignee: Who has to handle it.
        others: Who has it on the screen besides.
    """

    row: Mapping[str, Any]
    signals: tuple[str, ...]
    history: list[Answer]
    group: int
    same_respondent: int
    same_complainant: int
    assignee: str | None
    others: list[str]

    @property
    def answer(self) -> Answer | None:
        """The answer in force."""
        return next((each for each in self.history if each.id == self.row["answer_id"]), None)


def card(connection: sa.Connection, case_id: int, *, viewer: int) -> Card:
    """Return a case.

    Raises:
        NotFound: There is none of this number.
    """
    query = (
        sa.select(
            cases, case_texts.c.text, case_texts.c.facts, case_texts.c.tagging, uploads.c.name.label("upload"), unseen()
        )
        .join(case_texts, case_texts.c.id == cases.c.id)
        .join(uploads, uploads.c.id == cases.c.upload_id)
        .where(cases.c.id == case_id)
    )
    found = connection.execute(query).mappings().one_or_none()
    if found is None:
        raise NotFound(f"没有第 {case_id} 号案件", fix="在台账里查找")
    row: dict[str, Any] = dict(found)
    return Card(
        row=row,
        signals=signals_of(row["signals"]),
        history=answers.of_case(connection, case_id),
        group=len(members(connection, row)) + 1,
        same_respondent=_number(connection, cases.c.respondent, row["respondent"]),
        same_complainant=_number(connection, cases.c.complainant, row["complainant"]),
        assignee=_name(connection, row["assignee_id"]),
        others=_others(connection, case_id, viewer),
    )


def members(connection: sa.Connection, row: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Return number and version of a case's near-duplicates that are in the same state as it; none of one that has none."""
    if row["group_row"] is None:
        return []
    query = sa.select(cases.c.id, cases.c.version).where(
        cases.c.upload_id == row["upload_id"],
        cases.c.group_row == row["group_row"],
        cases.c.id != row["id"],
        cases.c.state == row["state"],
    )
    return [(found.id, found.version) for found in connection.execute(query.order_by(cases.c.id))]


def assigned(connection: sa.Connection, case_id: int) -> list[dict[str, Any]]:
    """Return who gave a case to whom, the first time first."""
    by, to = desk_users.alias("by"), desk_users.alias("to")
    query = (
        sa.select(assignments, by.c.name.label("by"), to.c.name.label("to"))
        .join(by, by.c.id == assignments.c.by_id)
        .outerjoin(to, to.c.id == assignments.c.to_id)
        .where(assignments.c.case_id == case_id)
        .order_by(assignments.c.id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _number(connection: sa.Connection, column: sa.Column[Any], value: str | None) -> int:
    """Return how many cases have a value."""
    if not value:
        return 0
    query = sa.select(sa.func.count()).select_from(cases).where(column == value, cases.c.state != "void")
    return int(connection.execute(query).scalar_one())


def _name(connection: sa.Connection, user_id: int | None) -> str | None:
    if user_id is None:
        return None
    return connection.execute(sa.select(desk_users.c.name).where(desk_users.c.id == user_id)).scalar()


def _others(connection: sa.Connection, case_id: int, viewer: int) -> list[str]:
    """Return who else has a case on the screen."""
    query = sa.select(desk_users.c.name).join(leases, leases.c.user_id == desk_users.c.id)
    return list(connection.execute(query.where(leases.c.case_id == case_id, desk_users.c.id != viewer)).scalars())
