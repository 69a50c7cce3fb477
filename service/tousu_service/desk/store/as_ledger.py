"""The desk's cases as the ledger of a station: what commands compute from a file is computed from them by the same code.

A case stands in it once, as the file tells it that came last: a row that came again unchanged brings its days and state
up to date, one whose text has changed takes the place of the earlier one. What people answered counts before the model.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from tousu.files.tables import Table
from tousu.ledger.fields import OTHERS
from tousu.ledger.read import SCHEMA, Ledger, read_tables
from tousu.masking import mask
from tousu_service.desk.store.cases import signals_of
from tousu_service.desk.store.headers import cells_of, headers_of, titles_of
from tousu_service.store.desk_tables import case_texts, cases, desk_users, uploads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NAME = "办案台"
# What is left as the desk stores it: the number the station gave a case, a hash, and a telephone, which is zeros already,
# or, where the service is set to store raw texts, what tells people apart; no page shows it.
UNMASKED = ("case", "telephone", "complainant")
PIECE = 2000
CURRENT = ("domain", "decision", "online", "kind", "route", "signals", "attention", "assignee_id")
TAGGING = "tagging"


def desk_ledger(connection: sa.Connection) -> Ledger:
    """Return the cases as a ledger, one row each, numbered as the cases are; emptied texts and taken-back files are left out.

    The officer is whom the case was given to at the desk, else whom the file names. Personal numbers in cells are zeros,
    but for ``UNMASKED``; the complainant is the keyed hash.
    """
    return _ledger(connection, _chosen(connection))


def case_ledger(connection: sa.Connection, *case_ids: int) -> Ledger:
    """Return some cases as the rows they are in ``desk_ledger``, with the same columns; no row of those that are in none there."""
    # Asked by themselves: with a query under the OR, PostgreSQL uses no index and reads all cases.
    asked = sa.select(cases.c.number).where(cases.c.id.in_(case_ids), cases.c.number.is_not(None)).distinct()
    numbers = connection.execute(asked).scalars().all()
    chosen = _chosen(connection, sa.or_(cases.c.id.in_(case_ids), cases.c.number.in_(numbers)))
    own = {upload: {row: case for row, case in told.items() if case in case_ids} for upload, told in chosen.items()}
    return _ledger(connection, {upload: told for upload, told in own.items() if told})


def _ledger(connection: sa.Connection, chosen: Mapping[int, Mapping[int, int]]) -> Ledger:
    """Return a ledger of the rows of ``cases`` that are taken."""
    if not chosen:
        return Ledger(NAME, pl.DataFrame(schema=SCHEMA))
    numbers: list[int] = []
    officers: dict[int, str] = {}
    ledger = read_tables(NAME, _tables(connection, chosen, numbers, officers))
    return _as_cases(ledger, numbers, officers)


def _chosen(connection: sa.Connection, among: sa.ColumnElement[bool] | None = None) -> dict[int, dict[int, int]]:
    """Return by upload which rows of ``cases`` are taken, and the case each tells of; only those ``among`` some."""
    gone = sa.select(uploads.c.id).where(sa.or_(uploads.c.purged_at.is_not(None), uploads.c.state == "void"))
    query = sa.select(cases.c.id, cases.c.upload_id, cases.c.state, cases.c.earlier_id, cases.c.number)
    query = query.where(cases.c.state != "void", cases.c.upload_id.not_in(gone)).order_by(cases.c.id)
    query = query if among is None else query.where(among)
    told: dict[int, tuple[int, int]] = {}
    replaced: set[int] = set()
    stands: dict[int, int] = {}  # which row is in the ledger for a case; its first copy's where the case itself is gone
    copies: dict[str, int] = {}  # such copies, by the station's number
    for number, upload, state, earlier, name in connection.execute(query):
        if state == "same":
            if earlier not in replaced:
                if earlier not in stands:
                    stands[earlier] = copies[name] = number
                told[stands[earlier]] = upload, number
            continue
        there = copies.get(name) if earlier is None else stands.get(earlier)
        if there in told and told[there][0] != upload:
            del told[there]
            replaced.add(earlier)
        told[number] = upload, number
        stands[number] = number
    by_upload: dict[int, dict[int, int]] = {}
    for case, (upload, number) in told.items():
        by_upload.setdefault(upload, {})[number] = case
    return by_upload


def _tables(
    connection: sa.Connection, chosen: Mapping[int, Mapping[int, int]], numbers: list[int], officers: dict[int, str]
) -> Iterator[tuple[Table, dict[str, str]]]:
    """Yield the rows of each upload as a table, and which column holds what; note the case of each row, and its officer."""
    people = {row.id: row.name for row in connection.execute(sa.select(desk_users.c.id, desk_users.c.name))}
    told_of = sa.select(uploads.c.id, uploads.c.columns).where(uploads.c.id.in_(sorted(chosen)))
    columns = {row.id: row.columns for row in connection.execute(told_of)}
    for upload in sorted(chosen):
        titles = titles_of(columns[upload])
        rows: list[dict[str, Any]] = []
        names = headers_of(connection, upload, titles)
        for case, row, now in _rows(connection, chosen[upload]):
            numbers.append(case)
            if now["assignee_id"] in people:
                officers[case] = people[now["assignee_id"]]
            rows.append(cells_of(row, titles) | {TAGGING: _tagging(now, row["tagging"])})
        wanted = {field: name for field, name in titles.items() if name in names}
        told = ((place, [row]) for place, row in enumerate(rows, 1))
        yield Table(NAME, names, told, nested=True), wanted


def _rows(connection: sa.Connection, wanted: Mapping[int, int]) -> Iterator[tuple[int, sa.RowMapping, sa.RowMapping]]:
    """Yield the number of each case, the row that tells of it, and the row that holds what counts of it now."""
    query = sa.select(cases, case_texts.c.text, case_texts.c.facts, case_texts.c.tagging)
    query = query.join(case_texts, case_texts.c.id == cases.c.id)
    current = sa.select(cases.c.id, *(cases.c[name] for name in CURRENT))
    order = sorted(wanted)
    for at in range(0, len(order), PIECE):
        piece = order[at : at + PIECE]
        rows = connection.execute(query.where(cases.c.id.in_(piece)).order_by(cases.c.id)).mappings().all()
        others = [wanted[number] for number in piece if wanted[number] != number]
        found = connection.execute(current.where(cases.c.id.in_(others))).mappings() if others else ()
        now = {row["id"]: row for row in found}
        for row in rows:
            yield wanted[row["id"]], row, now.get(wanted[row["id"]], row)


def _tagging(now: sa.RowMapping, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what counts of a case now, as a row that was tagged holds it."""
    return {
        "primary": now["domain"], "decision": now["decision"], "online": now["online"], "kind": now["kind"],
        "route": now["route"], "signals": list(signals_of(now["signals"])), "amount": said.get("amount"),
        "attention": now["attention"], "model": said.get("model"),
    }  # fmt: skip


def _as_cases(ledger: Ledger, numbers: Sequence[int], officers: Mapping[int, str]) -> Ledger:
    """Return a ledger with the cases' numbers for those of its rows, officers of the desk, and personal numbers as zeros."""
    case_of = dict(enumerate(numbers, 1))
    rows = ledger.rows.with_columns(pl.Series("row", [case_of[row] for row in ledger.rows["row"].to_list()], pl.Int64))
    if officers:
        told = [officers.get(row, name) for row, name in rows.select("row", "officer").iter_rows()]
        rows = rows.with_columns(pl.Series("officer", told, pl.String))
    masked = [pl.Series(name, _masked(rows[name].to_list()), pl.String) for name in _words_of(rows)]
    wrong = [cell._replace(row=case_of[cell.row], value=mask(cell.value)) for cell in ledger.wrong]
    return dataclasses.replace(ledger, rows=rows.with_columns(masked).sort("row"), wrong=wrong)


def _words_of(rows: pl.DataFrame) -> list[str]:
    return [name for name in OTHERS if rows.schema[name] == pl.String and name not in UNMASKED]


def _masked(cells: Sequence[str | None]) -> list[str | None]:
    """Return cells with personal numbers as zeros; each different one is looked at once."""
    known = {cell: mask(cell) for cell in set(cells) if cell is not None}
    return [None if cell is None else known[cell] for cell in cells]
