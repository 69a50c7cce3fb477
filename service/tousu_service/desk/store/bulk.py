"""One change for many cases: of a frozen list of them, never of whatever a filter finds by then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tousu.errors import Conflict, NotFound
from tousu_service.desk.store import answers, lists
from tousu_service.desk.store.answers import AnsweredMeanwhile, Said
from tousu_service.desk.store.cases import kept
from tousu_service.desk.store.filters import Filter
from tousu_service.store import audit
from tousu_service.store.clock import now
from tousu_service.store.desk_tables import answers as answer_rows
from tousu_service.store.desk_tables import assignments, batches, case_texts, cases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tousu_service.desk.people import Person

MOST = 5000
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
        change: What it changed.
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
    found = lists.ids(connection, wanted, most=MOST + 1)
    if not found or len(found) > MOST:
        raise Conflict(
            f"选中了{'超过' if found else ''} {MOST if found else 0} 件", expected=f"1 到 {MOST} 件", fix="加上筛选条件"
        )
    free = _unanswered(connection, [number for number, _ in found])
    return _added(connection, wanted, {}, [pair for pair in found if pair[0] in free],
                  [number for number, _ in found if number not in free], by=by)  # fmt: skip


def of_group(connection: sa.Connection, members: Sequence[tuple[int, int]], *, by: Person) -> Batch:
    """Return a bulk action of near-duplicates that is about to be done."""
    return _added(connection, Filter(), {"group": True}, list(members), [], by=by)


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
    text = sa.func.substr(case_texts.c.text, 1, lists.SHOWN_CHARS).label("text")
    query = sa.select(cases.c.id, cases.c.number, cases.c.domain, text).join(case_texts, case_texts.c.id == cases.c.id)
    rows = connection.execute(query.where(cases.c.id.in_(chosen)).order_by(cases.c.id)).mappings()
    return [dict(row) | {"text": kept(row["text"], raw=False)} for row in rows]


def run(connection: sa.Connection, batch: Batch, code: str, *, note: str, by: Person) -> None:
    """Answer all frozen cases with a domain, but those that somebody answered since the preview.

    Raises:
        Conflict: It has been done already.
    """
    if batch.state != "preview":
        raise Conflict("这次批量已经办过了", fix="在台账里重新选")
    answer_all(connection, batch, Said((code,), note=note or None), source="bulk", by=by)


def answer_all(connection: sa.Connection, batch: Batch, said: Said, *, source: str, by: Person) -> None:
    """Give the frozen cases of a bulk action one answer; those touched since are left and listed."""
    changed, skipped = 0, list(batch.skipped)
    for case_id, version in batch.frozen:
        try:
            answers.answer(connection, case_id, said, by=by, version=version, source=source, batch_id=batch.id)
            changed += 1
        except (AnsweredMeanwhile, NotFound):
            skipped.append(case_id)
    _changed(connection, batch, {
        "state": "done", "changed": changed, "skipped": skipped, "change": batch.change | {"codes": list(said.codes)},
    })  # fmt: skip
    detail = {"batch": batch.id, "codes": list(said.codes), "changed": changed, "skipped": len(skipped)}
    audit.write(connection, "bulk_done", actor=by.actor, detail=detail)


def undo(connection: sa.Connection, batch: Batch, *, by: Person) -> None:
    """Take back those answers of a bulk action that are still in force; the others are listed as skipped.

    Raises:
        Conflict: It is not done, or was undone.
    """
    if batch.state != "done":
        raise Conflict("这次批量没有可撤销的", fix="在台账里查看")
    query = sa.select(answer_rows.c.id, answer_rows.c.case_id).where(
        answer_rows.c.batch_id == batch.id, answer_rows.c.action != "undo"
    )
    kept_, back = [], 0
    for answer_id, case_id in connection.execute(query).all():
        try:
            answers.undo(connection, answer_id, by=by, batch_id=batch.id)
            back += 1
        except (AnsweredMeanwhile, NotFound):
            kept_.append(case_id)
    _changed(connection, batch, {"state": "undone", "changed": back, "skipped": kept_})
    detail = {"batch": batch.id, "back": back, "kept": len(kept_)}
    audit.write(connection, "bulk_undone", actor=by.actor, detail=detail)


def assign(
    connection: sa.Connection, chosen: Sequence[int], to: int | None, *, by: Person, note: str = "", due_on: str = ""
) -> None:
    """Give cases to a user, or take them back (``to`` None)."""
    moment = now(connection)
    there = set(connection.execute(sa.select(cases.c.id).where(cases.c.id.in_(chosen))).scalars()) if chosen else set()
    words, day = kept(note, raw=False)[:500] or None, due_on if len(due_on) == 10 else None
    for number in sorted(there):
        row = {"case_id": number, "at": moment, "by_id": by.id, "to_id": to, "due_on": day, "note": words}
        connection.execute(sa.insert(assignments).values(row))
    values = {"assignee_id": to} | ({"due_on": day} if day else {})
    connection.execute(sa.update(cases).where(cases.c.id.in_(there)).values(values))
    audit.write(connection, "cases_assigned", actor=by.actor, detail={"to": to, "cases": sorted(there)[:200]})


def _unanswered(connection: sa.Connection, numbers: Sequence[int]) -> set[int]:
    """Return which of these cases no person has answered."""
    found: set[int] = set()
    for at in range(0, len(numbers), 500):
        query = sa.select(cases.c.id).where(cases.c.id.in_(numbers[at : at + 500]), cases.c.answer_id.is_(None))
        found.update(connection.execute(query).scalars())
    return found


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
