"""Answers: what people say of cases. Rows are only added; an undo is a row, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tousu.errors import Conflict, NotFound
from tousu.masking import mask
from tousu_service.store import audit
from tousu_service.store.clock import now
from tousu_service.store.desk_tables import answers, case_texts, cases, desk_users, leases, sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tousu_service.desk.people import Person

LONGEST_NOTE = 500
OWN = "own"  # as a route: the station itself handles it


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said of a case.

    Attributes:
        id: Its number.
        case_id: The case.
        version: The case's version that it made.
        at: When.
        user_id: Who.
        by: Who, by name.
        action: ``confirm``, ``correct``, ``ask`` (cannot decide) or ``undo``.
        source: ``review``, ``sample`` (抽检, the model's answer unseen), ``bulk`` or ``group``.
        codes: The right codes, the primary first; empty of an ``ask`` and an ``undo``.
        online: The facet, None where nothing was said.
        kind: What the writer wants, None where nothing was said.
        route: The authority, ``own`` for the station itself, None where nothing was said.
        note: The person's words.
        undoes: The answer an ``undo`` takes back.
        batch_id: The bulk action it belongs to.
    """

    id: int
    case_id: int
    version: int
    at: datetime
    user_id: int
    by: str
    action: str
    source: str
    codes: tuple[str, ...]
    online: bool | None
    kind: str | None
    route: str | None
    note: str | None
    undoes: int | None
    batch_id: int | None


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says: ``codes`` empty means "I cannot decide, ask somebody", with a note why."""

    codes: tuple[str, ...]
    online: bool | None = None
    kind: str | None = None
    route: str | None = None
    note: str | None = None


class AnsweredMeanwhile(Conflict):
    """Somebody else answered the case since it was shown; ``theirs`` is the last answer."""

    code = "answered_meanwhile"

    def __init__(self, theirs: Answer | None) -> None:
        self.theirs = theirs
        found = f"{theirs.by} 已先答复了这一件" if theirs else "这一件已经变了"
        super().__init__(found, fix="看过对方的答复再决定")


def answer(
    connection: sa.Connection, case_id: int, said: Said, *, by: Person, version: int, source: str = "review",
    batch_id: int | None = None, seconds: float | None = None,
) -> Answer:  # fmt: skip
    """Store what a person says of a case, if nobody answered since the person saw it.

    The same person's same answer handed in again (a reply that was lost on its way) gives the stored one.

    Args:
        connection: A writing transaction.
        case_id: The case.
        said: The answer; its codes checked by the caller.
        by: Who.
        version: The case's version the person saw.
        source: ``review``, ``sample``, ``bulk`` or ``group``.
        batch_id: The bulk action.
        seconds: How long the case was on the screen.

    Raises:
        NotFound: No such case, or it was taken back.
        AnsweredMeanwhile: Somebody answered since.
    """
    row = _case(connection, case_id)
    if row["version"] != version:
        last = of_case(connection, case_id)[-1:]
        if last and last[0].version == version + 1 and last[0].user_id == by.id and _says(last[0]) == _words(said):
            return last[0]
        raise AnsweredMeanwhile(last[0] if last else None)
    action = "ask" if not said.codes else "confirm" if _agrees(row, said) else "correct"
    words = _words(said)
    stored = _write(
        connection, row, by,
        {
            "action": action, "source": source, "codes": ",".join(words.codes) or None, "online": words.online,
            "kind": words.kind, "route": words.route, "note": words.note, "batch_id": batch_id, "seconds": seconds,
        },
    )  # fmt: skip
    _put_in_force(connection, row, stored)
    if words.codes:  # a drawn case counts whichever way it came to its answer, or what was hard would be left out
        agreed = words.codes[0] == row["predicted"]
        change = sa.update(sample).where(sample.c.case_id == case_id, sample.c.answer_id.is_(None))
        connection.execute(change.values(answer_id=stored.id, agreed=agreed))
    return stored


def undo(connection: sa.Connection, answer_id: int, *, by: Person, batch_id: int | None = None) -> Answer:
    """Take an answer back: the case is again as it was before it. Whose it may be, the caller checks.

    Raises:
        NotFound: No such answer.
        AnsweredMeanwhile: It is no longer the one in force.
    """
    case_id = connection.execute(sa.select(answers.c.case_id).where(answers.c.id == answer_id)).scalar()
    if case_id is None:
        raise NotFound(f"没有第 {answer_id} 号答复")
    row, history = _case(connection, case_id), of_case(connection, case_id)
    in_force = _in_force(history)
    if not in_force or in_force[-1].id != answer_id:
        raise AnsweredMeanwhile(history[-1] if history else None)
    values = {"action": "undo", "source": in_force[-1].source, "undoes": answer_id, "batch_id": batch_id}
    stored = _write(connection, row, by, values)
    _put_in_force(connection, row, in_force[-2] if len(in_force) > 1 else None)
    change = sa.update(sample).where(sample.c.case_id == case_id, sample.c.answer_id == answer_id)
    connection.execute(change.values(answer_id=None, agreed=None))
    return stored


def last_of(connection: sa.Connection, user_id: int) -> Answer | None:
    """Return a person's last answer that is still in force."""
    query = (
        _shown()
        .join(cases, cases.c.answer_id == answers.c.id)
        .where(answers.c.user_id == user_id, cases.c.state != "void")
        .order_by(answers.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else _answer(row)


def of_case(connection: sa.Connection, case_id: int) -> list[Answer]:
    """Return the answers of a case, the first one first, undone ones and undoings too."""
    query = _shown().where(answers.c.case_id == case_id).order_by(answers.c.version)
    return [_answer(row) for row in connection.execute(query).mappings()]


def find(connection: sa.Connection, answer_id: int) -> Answer | None:
    """Return an answer, None if there is none of this number."""
    row = connection.execute(_shown().where(answers.c.id == answer_id)).mappings().first()
    return None if row is None else _answer(row)


def answers_as_rows(connection: sa.Connection, *, held_out: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the answers in force as labelled rows: ``text``, ``codes``, ``online`` if said, and what tells them apart.

    Beside the labelled row's keys each has ``case`` (its number), ``source``, ``at``, ``by`` and ``group`` (the same
    for near-duplicates of one upload). A text that stands in several cases comes with each one's answer, the oldest first.

    Args:
        connection: A transaction.
        held_out: Only what 抽检 asked for, which measures models and never trains them; else all the others.
    """
    query = (
        _shown()
        .add_columns(case_texts.c.text, cases.c.upload_id, cases.c.group_row, cases.c.row)
        .join(cases, cases.c.answer_id == answers.c.id)
        .join(case_texts, case_texts.c.id == cases.c.id)
        .where(
            cases.c.state == "answered",
            case_texts.c.text != "",
            (answers.c.source == "sample") if held_out else (answers.c.source != "sample"),
        )
        .order_by(answers.c.id)
    )
    for row in connection.execute(query).mappings():
        online = {} if row["online"] is None else {"online": row["online"]}
        yield {
            "text": row["text"], "codes": row["codes"].split(","), **online, "case": row["case_id"],
            "source": row["source"], "at": row["at"], "by": row["by"],
            "group": f"{row['upload_id']}:{row['group_row'] or row['row']}",
        }  # fmt: skip


def _case(connection: sa.Connection, case_id: int) -> Mapping[Any, Any]:
    """Return a case's columns and its tagging.

    Raises:
        NotFound: There is none, or it was taken back.
    """
    query = sa.select(cases, case_texts.c.tagging).join(case_texts, case_texts.c.id == cases.c.id)
    row = connection.execute(query.where(cases.c.id == case_id)).mappings().one_or_none()
    if row is None or row["state"] == "void":
        raise NotFound(f"没有第 {case_id} 号案件，或所在的收件已作废", fix="在台账里查找")
    return row


def _write(connection: sa.Connection, row: Mapping[Any, Any], by: Person, values: dict[str, Any]) -> Answer:
    """Add a row to the answers and a line to the audit."""
    whole = {
        "case_id": row["id"], "version": row["version"] + 1, "at": now(connection), "user_id": by.id,
        "codes": None, "online": None, "kind": None, "route": None, "note": None, "undoes": None, "batch_id": None,
        "seconds": None, "model": row["tagging"]["model"],
    } | values  # fmt: skip
    number = connection.execute(sa.insert(answers).values(whole).returning(answers.c.id)).scalar_one()
    detail = {"case": row["id"], "answer": number, "from": row["domain"], "to": whole["codes"], "of": whole["source"]}
    audit.write(connection, f"answer_{whole['action']}", actor=by.actor, detail=detail)
    connection.execute(sa.delete(leases).where(leases.c.case_id == row["id"]))
    return _answer({"id": number, "by": by.name, **whole})


def _put_in_force(connection: sa.Connection, row: Mapping[Any, Any], now_in_force: Answer | None) -> None:
    """Let a case show what counts now: an answer, or without one what the model said."""
    tagging = row["tagging"]
    values: dict[str, Any] = {
        "version": row["version"] + 1, "domain": tagging["primary"], "codes": ",".join(tagging["codes"]),
        "online": tagging["online"], "kind": tagging["kind"], "route": tagging["route"],
        "state": "auto" if tagging["decision"] == "auto" else "open",
        "answer_id": None, "answered_by": None, "answered_at": None,
    }  # fmt: skip
    if now_in_force is not None:
        said = {name: getattr(now_in_force, name) for name in ("online", "kind", "route")}
        values |= {name: value if value != OWN else None for name, value in said.items() if value is not None}
        values |= {
            "state": "answered" if now_in_force.codes else "asked", "answer_id": now_in_force.id,
            "answered_by": now_in_force.by, "answered_at": now_in_force.at,
        }  # fmt: skip
        if now_in_force.codes:
            values |= {"domain": now_in_force.codes[0], "codes": ",".join(now_in_force.codes)}
    connection.execute(sa.update(cases).where(cases.c.id == row["id"]).values(values))


def _in_force(history: list[Answer]) -> list[Answer]:
    """Return the answers that were not taken back, the last of which is in force."""
    gone = {each.undoes for each in history}
    return [each for each in history if each.action != "undo" and each.id not in gone]


def _agrees(row: Mapping[Any, Any], said: Said) -> bool:
    """Return whether a person says just what the model did."""
    tagging = row["tagging"]
    told = {"online": said.online, "kind": said.kind, "route": said.route}
    of_model = {name: tagging[name] for name in told} | {"route": tagging["route"] or OWN}
    same = list(said.codes) == list(tagging["codes"])
    return same and all(value is None or value == of_model[name] for name, value in told.items())


def _words(said: Said) -> Said:
    """Return what is said as it is stored: each code once, personal numbers of the note as zeros."""
    note = mask(said.note.replace("\0", " ").strip()) if said.note else None
    return Said(tuple(dict.fromkeys(said.codes)), said.online, said.kind, said.route, note or None)


def _says(stored: Answer) -> Said:
    return Said(stored.codes, stored.online, stored.kind, stored.route, stored.note)


def _shown() -> sa.Select[Any]:
    """Return the query of answers with their people's names."""
    query: sa.Select[Any] = sa.select(answers, desk_users.c.name.label("by"))
    return query.select_from(answers.join(desk_users, desk_users.c.id == answers.c.user_id))


def _answer(row: Mapping[Any, Any]) -> Answer:
    """Return a row of the table as an answer."""
    shown = {name: row[name] for name in Answer.__slots__ if name != "codes"}
    return Answer(**shown, codes=tuple(row["codes"].split(",")) if row["codes"] else ())
