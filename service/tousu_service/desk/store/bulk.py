"""One change for many cases: of a frozen list of them, never of whatever a filter finds by then."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tousu.errors import Conflict, NotFound
from tousu_service.desk.store import answers, lists
from tousu_service.desk.store.answers import AnsweredMeanwhile, Said
from tousu_service.desk.store.cases import kept
from tousu_service.desk.store.filters import Filter, unseen
from tousu_service.store import audit
from tousu_service.store.clock import now
from tousu_service.store.desk_tables import answers as answer_rows
from tousu_service.store.desk_tables import assignments, batches, case_texts, cases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tousu_service.desk.people import Person
    from tousu_service.store import Store

MOST = 5000
PIECE = 200  # cases of one transaction; other writers wait for its end, five seconds at most
ASK_ABOVE = 100
SAMPLE = 10


@dataclass(frozen=True, slots=True)
class Batch:
    """A bulk action.

    Attributes:
        id: Its number.
        at: When it was previewed.
        user_id: Who.
        filter: Parts of the list's address.
        change: What it changed: ``codes``; for near-duplicates also ``group``, the case on the screen.
        frozen: Number and version of the cases it is of.
        state: ``preview``, ``done`` or ``undone``.
        changed: How many it changed.
        skipped: Cases that were left as they are.
    """

    id: int
    at: datetime
    user_id: int
    filter: str
    change: dict[str, Any]
    frozen: list[tuple[int, int]]
    state: str
    changed: int
    skipped: list[int]


def prepare(connection: sa.Connection, wanted: Filter, *, by: Person) -> Batch:
    """Freeze the cases asked for that no person has answered yet; those answered are set aside.

    Raises:
        Conflict: They are none, or more than ``MOST``.
    """
    found = lists.ids(connection, wanted, most=MOST)
    free = _unanswered(connection, [number for number, _ in found])
    return _added(connection, wanted, {}, [pair for pair in found if pair[0] in free],
                  [number for number, _ in found if number not in free], by=by)  # fmt: skip


def find(connection: sa.Connection, batch_id: int) -> Batch:
    """Return a bulk action.

    Raises:
        NotFound: There is none of this number.
    """
    row = connection.execute(sa.select(batches).where(batches.c.id == batch_id)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"没有第 {batch_id} 号批量操作")
    return Batch(**(dict(row) | {"frozen": [(number, version) for number, version in row["frozen"]]}))


def sample(connection: sa.Connection, batch: Batch) -> list[dict[str, Any]]:
    """Return some cases of a bulk action, spread over it."""
    step = max(1, len(batch.frozen) // SAMPLE)
    chosen = [number for number, _ in batch.frozen[::step]][:SAMPLE]
    query = sa.select(cases.c.id, cases.c.number, cases.c.domain, lists.begun_text(), unseen())
    query = query.join(case_texts, case_texts.c.id == cases.c.id).where(cases.c.id.in_(chosen)).order_by(cases.c.id)
    return [dict(row) | {"text": lists.beginning(row["text"])} for row in connection.execute(query).mappings()]


def run(store: Store, batch_id: int, said: Said, *, by: Person) -> None:
    """Give all frozen cases one answer, a piece at a time; those that somebody answered since the preview are listed.

    Should it end halfway, what was changed is told and can be taken back; who takes it back while it runs ends it.

    Raises:
        NotFound: There is no such bulk action.
        Conflict: It has been done already.
    """
    with store.writing() as connection:
        batch = find(connection, batch_id)
        if batch.state != "preview":
            raise Conflict("这次批量已经办过了", fix="在台账里重新选")
        _changed(connection, batch, {"state": "done", "change": batch.change | {"codes": list(said.codes)}})
    changed, skipped = 0, list(batch.skipped)
    for at in range(0, len(batch.frozen), PIECE):
        with store.writing() as connection:
            if find(connection, batch_id).state != "done":
                break
            left = _answer(connection, batch, batch.frozen[at : at + PIECE], said, source="bulk", by=by)
            changed += len(batch.frozen[at : at + PIECE]) - len(left)
            skipped += left
            _changed(connection, batch, {"changed": changed, "skipped": skipped})
    with store.writing() as connection:
        _told(connection, batch, said, changed, skipped, by=by)


def answer_group(
    connection: sa.Connection, case_id: int, members: Sequence[tuple[int, int]], said: Said, *, by: Person
) -> None:
    """Give the near-duplicates of a case its answer, as a bulk action of their own."""
    change = {"group": case_id, "codes": list(said.codes)}
    batch = _added(connection, Filter(), change, list(members), [], by=by)
    skipped = _answer(connection, batch, batch.frozen, said, source="group", by=by)
    changed = len(batch.frozen) - len(skipped)
    _changed(connection, batch, {"state": "done", "changed": changed, "skipped": skipped})
    _told(connection, batch, said, changed, skipped, by=by)


def undo(store: Store, batch_id: int, *, by: Person) -> None:
    """Take back those answers of a bulk action that are still in force, a piece at a time; the others are listed.

    Raises:
        NotFound: There is no such bulk action.
        Conflict: It is not done, or was undone.
    """
    looked_at: set[int] = set()
    while True:
        with store.writing() as connection:
            batch = find(connection, batch_id)
            given = [number for number in _given(connection, batch) if number not in looked_at][:PIECE]
            if not given:  # nor has any been given meanwhile
                _undone(connection, batch, by=by)
                return
            _take_back(connection, batch, given, by=by)
        looked_at.update(given)


def undo_group(connection: sa.Connection, batch_id: int, *, by: Person) -> int:
    """Take a case's near-duplicates their answer; return the case, whose own answer is left.

    Raises:
        NotFound: There is no such bulk action.
        Conflict: It is not done, or was undone.
    """
    batch = find(connection, batch_id)
    _take_back(connection, batch, _given(connection, batch), by=by)
    _undone(connection, batch, by=by)
    group = batch.change["group"]
    return int(batch.frozen[0][0] if group is True else group)  # release 0.2.0 did not note which case it was


def assign(
    connection: sa.Connection, chosen: Sequence[int], to: int | None, *, by: Person, note: str = "", due_on: str = ""
) -> None:
    """Give cases to a user, or take them back (``to`` None)."""
    moment = now(connection)
    there = set(connection.execute(sa.select(cases.c.id).where(cases.c.id.in_(chosen))).scalars()) if chosen else set()
    words, day = kept(note, raw=False) or None, due_on if to and len(due_on) == 10 else None
    for number in sorted(there):
        row = {"case_id": number, "at": moment, "by_id": by.id, "to_id": to, "due_on": day, "note": words}
        connection.execute(sa.insert(assignments).values(row))
    values = {"assignee_id": to} | ({"due_on": day} if day or to is None else {})
    connection.execute(sa.update(cases).where(cases.c.id.in_(there)).values(values))
    audit.write(connection, "cases_assigned", actor=by.actor, detail={"to": to, "cases": sorted(there)[:200]})


def _unanswered(connection: sa.Connection, numbers: Sequence[int]) -> set[int]:
    """Return which of these cases no person has answered."""
    found: set[int] = set()
    for at in range(0, len(numbers), 500):
        query = sa.select(cases.c.id).where(cases.c.id.in_(numbers[at : at + 500]), cases.c.answer_id.is_(None))
        found.update(connection.execute(query).scalars())
    return found


def _answer(
    connection: sa.Connection, batch: Batch, frozen: Sequence[tuple[int, int]], said: Said, *, source: str, by: Person
) -> list[int]:
    """Give cases of a bulk action its answer; return those that somebody touched since, which are left as they are."""
    left = []
    for case_id, version in frozen:
        try:
            answers.answer(connection, case_id, said, by=by, version=version, source=source, batch_id=batch.id)
        except (AnsweredMeanwhile, NotFound):
            left.append(case_id)
    return left


def _told(
    connection: sa.Connection, batch: Batch, said: Said, changed: int, skipped: Sequence[int], *, by: Person
) -> None:
    """Write into the audit what a bulk action did."""
    detail = {"batch": batch.id, "codes": list(said.codes), "changed": changed, "skipped": len(skipped)}
    audit.write(connection, "bulk_done", actor=by.actor, detail=detail)


def _given(connection: sa.Connection, batch: Batch) -> list[int]:
    """Return the answers a bulk action gave.

    Raises:
        Conflict: It is not done, or was undone.
    """
    if batch.state != "done":
        raise Conflict("这次批量没有可撤销的", fix="在台账里查看")
    return list(connection.execute(_answers_of(batch, answer_rows.c.id)).scalars())


def _take_back(connection: sa.Connection, batch: Batch, given: Sequence[int], *, by: Person) -> None:
    """Take back those of some answers that are still in force."""
    for answer_id in given:
        with contextlib.suppress(AnsweredMeanwhile, NotFound):
            answers.undo(connection, answer_id, by=by, batch_id=batch.id)


def _undone(connection: sa.Connection, batch: Batch, *, by: Person) -> None:
    """Note what a bulk action took back, and what it could not."""
    taken = sa.select(answer_rows.c.case_id).where(answer_rows.c.batch_id == batch.id, answer_rows.c.action == "undo")
    back = set(connection.execute(taken).scalars())
    there = set(connection.execute(_answers_of(batch, answer_rows.c.case_id)).scalars()) - back
    _changed(connection, batch, {"state": "undone", "changed": len(back), "skipped": sorted(there)})
    detail = {"batch": batch.id, "back": len(back), "kept": len(there)}
    audit.write(connection, "bulk_undone", actor=by.actor, detail=detail)


def _answers_of(batch: Batch, column: sa.Column[Any]) -> sa.Select[Any]:
    """Return the query of a column of the answers a bulk action gave, the first one first."""
    query = sa.select(column).where(answer_rows.c.batch_id == batch.id, answer_rows.c.action != "undo")
    return query.order_by(answer_rows.c.id)


def _added(
    connection: sa.Connection, wanted: Filter, change: dict[str, Any], frozen: list[tuple[int, int]],
    skipped: list[int], *, by: Person,
) -> Batch:  # fmt: skip
    values = {
        "at": now(connection), "user_id": by.id, "filter": "&".join(f"{k}={v}" for k, v in wanted.to_query().items()),
        "change": change, "frozen": frozen, "state": "preview", "changed": 0, "skipped": skipped,
    }  # fmt: skip
    number = connection.execute(sa.insert(batches).values(values).returning(batches.c.id)).scalar_one()
    return find(connection, number)


def _changed(connection: sa.Connection, batch: Batch, values: dict[str, Any]) -> None:
    connection.execute(sa.update(batches).where(batches.c.id == batch.id).values(values))
