"""What the columns of an upload are called, as its stored rows tell: a row keeps only the cells in which something stood."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from tousu.ledger.fields import TITLES
from tousu_service.store.desk_tables import case_texts, cases

if TYPE_CHECKING:
    from collections.abc import Mapping

# Fields of a ledger that the desk keeps apart from the other cells, by their column in ``cases``: those that are found as
# ``find_fields`` finds them, and who complains, for which a file's column is only proposed, since a hash alone is kept.
LEDGER = {"number": "case", "received": "received", "respondent": "respondent"}
ROLES = LEDGER | {"complainant": "complainant"}


@dataclass(slots=True)
class _Seen:
    """The names found in an upload's rows up to a case, in the order in which they came; to be touched under its lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    last: int = 0
    names: dict[str, None] = field(default_factory=dict)
    roles: set[str] = field(default_factory=set)


_held: WeakKeyDictionary[sa.Engine, dict[int, _Seen]] = WeakKeyDictionary()
_holding = threading.Lock()


def titles_of(columns: Mapping[str, Any]) -> dict[str, str]:
    """Return what the columns of an upload are called that the desk keeps apart, by field."""
    text = columns.get("text")
    text = text[0] if isinstance(text, list) and text else text
    told = {named: str(columns.get(role) or TITLES[named]) for role, named in ROLES.items()}
    return {"text": str(text or TITLES["text"])} | told


def cells_of(row: sa.RowMapping, titles: Mapping[str, str]) -> dict[str, Any]:
    """Return what is known of a row by the names of its columns; a fact may stand where no hash does."""
    told = {titles[named]: row[role] for role, named in ROLES.items() if row[role]}
    facts: dict[str, Any] = row["facts"]
    return {titles["text"]: row["text"]} | facts | told


def headers_of(connection: sa.Connection, upload_id: int, titles: Mapping[str, str]) -> list[str]:
    """Return the names of an upload's columns in which anything stands; each process reads a row once.

    Args:
        connection: A transaction.
        upload_id: The upload.
        titles: What ``titles_of`` its columns returned.
    """
    with _holding:
        seen = _held.setdefault(connection.engine, {}).setdefault(upload_id, _Seen())
    with seen.lock:
        query = sa.select(cases.c.id, case_texts.c.facts, *(cases.c[role] for role in ROLES))
        query = query.join(case_texts, case_texts.c.id == cases.c.id)
        query = query.where(cases.c.upload_id == upload_id, cases.c.id > seen.last).order_by(cases.c.id)
        for number, facts, *values in connection.execute(query):
            seen.names |= dict.fromkeys(facts)
            seen.roles.update(role for role, value in zip(ROLES, values, strict=True) if value)
            seen.last = number
        told = [titles[named] for role, named in ROLES.items() if role in seen.roles]
        return list(dict.fromkeys([titles["text"], *seen.names, *told]))
