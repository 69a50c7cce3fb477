"""Which cases a list is of: read from an address, written into one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tousu.case_codes import SIGNALS
from tousu_service.desk.numbers import whole_number
from tousu_service.store.desk_tables import case_texts, cases, sample

if TYPE_CHECKING:
    from collections.abc import Mapping

# Parts of an address and the columns they choose by.
COLUMNS: dict[str, sa.Column[Any]] = {
    "state": cases.c.state, "domain": cases.c.domain, "kind": cases.c.kind, "route": cases.c.route,
    "attention": cases.c.attention, "decision": cases.c.decision, "month": cases.c.month, "upload": cases.c.upload_id,
    "respondent": cases.c.respondent, "assignee": cases.c.assignee_id, "by": cases.c.answered_by,
    "complainant": cases.c.complainant, "predicted": cases.c.predicted,
}  # fmt: skip
NUMBERS = {"upload", "assignee"}
HIDDEN = ("void", "same")  # not in a list unless asked for by their state
MOST_FOUND = 20_000


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is of.

    Attributes:
        chosen: Values by the names of ``COLUMNS``.
        signal: A signal the case has; empty for any.
        online: Whether the trade was on the internet: ``1``, ``0``, empty for either.
        changed: ``1`` for only cases whose answer differs from what the model said, else empty.
        words: Looked for in texts, numbers and respondents; empty for none.
    """

    chosen: Mapping[str, str] = field(default_factory=dict)
    signal: str = ""
    online: str = ""
    changed: str = ""
    words: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Filter:
        """Return what an address or a form asks for; what is no value, or no words, is left out."""
        query = {name: value for name, value in given.items() if isinstance(value, str)}
        chosen = {name: query[name].strip()[:120] for name in COLUMNS if query.get(name, "").strip()}
        for name in NUMBERS & chosen.keys():
            if whole_number(chosen[name]) is None:
                del chosen[name]
        signal = query.get("signal", "")
        return cls(
            {name: value.replace("\0", "") for name, value in chosen.items()},
            signal if signal in SIGNALS else "",
            query.get("online", "") if query.get("online") in ("0", "1") else "",
            "1" if query.get("changed") == "1" else "",
            " ".join(query.get("q", "").replace("\0", "").split())[:100],
        )

    def to_query(self) -> dict[str, str]:
        """Return the parts of an address that asks for the same."""
        other = {"signal": self.signal, "online": self.online, "changed": self.changed, "q": self.words}
        return {**self.chosen, **{name: value for name, value in other.items() if value}}

    @property
    def is_empty(self) -> bool:
        """Whether it is of all cases."""
        return not self.to_query()


def in_sample() -> sa.ColumnElement[bool]:
    """Return the condition that a case was drawn for 抽检 and is still to be answered."""
    return cases.c.id.in_(sa.select(sample.c.case_id).where(sample.c.answer_id.is_(None)))


def unseen() -> sa.ColumnElement[bool]:
    """Return ``in_sample`` as the column ``unseen`` of rows to be shown: what the model says of such a case must not be."""
    return in_sample().label("unseen")


def found_by_words(connection: sa.Connection, words: str) -> list[int]:
    """Return the latest cases, ``MOST_FOUND`` at most, with words in their text or number."""
    holds = sa.func.instr if connection.dialect.name == "sqlite" else sa.func.strpos
    found: set[int] = set()
    for column, key in ((case_texts.c.text, case_texts.c.id), (cases.c.number, cases.c.id)):
        query = sa.select(key).where(holds(column, words) > 0).order_by(key.desc()).limit(MOST_FOUND)
        found.update(connection.execute(query).scalars())
    return sorted(found, reverse=True)[:MOST_FOUND]
