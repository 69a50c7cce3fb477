"""Earlier cases like one: those that share most of its rarer pairs of characters."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from tousu_service.desk.store.lists import beginning
from tousu_service.store.desk_tables import case_texts, cases

MOST = 5
LOOKED_AT = 3000  # the latest cases of the same domain
LEAST = 0.12
NOT_SAID = re.compile(r"[\W\d_]+")


def like(connection: sa.Connection, case_id: int, text: str) -> list[dict[str, Any]]:
    """Return up to ``MOST`` earlier cases most like a text, the most alike first, near-duplicates left out.

    Only the latest cases that were put under the same domain are looked at.

    Args:
        connection: A transaction.
        case_id: The case the text is of.
        text: The text.
    """
    own = pairs(text)
    if not own:
        return []
    domain = sa.select(cases.c.domain).where(cases.c.id == case_id).scalar_subquery()
    columns = (
        cases.c.id, cases.c.number, cases.c.domain, cases.c.state, cases.c.answered_by, cases.c.received, case_texts.c.text,
    )  # fmt: skip
    query = sa.select(*columns).join(case_texts, case_texts.c.id == cases.c.id)
    query = query.where(cases.c.domain == domain, cases.c.id != case_id, cases.c.state.not_in(("void", "same")))
    found = []
    for row in connection.execute(query.order_by(cases.c.id.desc()).limit(LOOKED_AT)).mappings():
        other = pairs(row["text"])
        share = len(own & other) / max(1, len(own | other))
        if LEAST <= share < 0.95:
            found.append((share, dict(row)))
    found.sort(key=lambda pair: (-pair[0], -pair[1]["id"]))
    return [_shown(row, share) for share, row in found[:MOST]]


def pairs(text: str) -> set[str]:
    """Return the pairs of neighbouring characters of a text, without digits and marks."""
    plain = NOT_SAID.sub("", text)
    return {plain[at : at + 2] for at in range(len(plain) - 1)}


def _shown(row: dict[Any, Any], share: float) -> dict[str, Any]:
    return row | {"text": beginning(row["text"]), "share": share}
