"""Lists of cases: a page of them, how many there are, and by what they can be told apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tousu.case_codes import SIGNALS
from tousu_service.desk.store.cases import BIT_OF
from tousu_service.desk.store.filters import COLUMNS, Filter, conditions
from tousu_service.masking import mask
from tousu_service.store.desk_tables import case_texts, cases, uploads

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = 50
SHOWN_CHARS = 60
FACETS = ("domain", "kind", "route", "attention", "decision", "state", "month", "upload")
MOST_VALUES = 20
# Names of orders: the column, and whether the highest comes first.
ORDERS: dict[str, tuple[sa.Column[Any], bool]] = {
    "new": (cases.c.id, True), "old": (cases.c.id, False), "received": (cases.c.received, False),
    "latest": (cases.c.received, True), "unsure": (cases.c.confidence, False), "sure": (cases.c.confidence, True),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list.

    Attributes:
        rows: Its cases; ``text`` is their beginning, personal numbers as zeros.
        after: Where the next page begins; None on the last one.
    """

    rows: list[dict[str, Any]]
    after: str | None


def page(connection: sa.Connection, wanted: Filter, *, order: str = "new", after: str = "") -> Page:
    """Return a page of the cases asked for.

    Args:
        connection: A transaction.
        wanted: Which cases.
        order: One of ``ORDERS``.
        after: ``Page.after`` of the page before, empty for the first one.
    """
    column, down = ORDERS.get(order, ORDERS["new"])
    columns = [each for each in cases.c if each.name not in {"complainant", "priority"}]
    text = sa.func.substr(case_texts.c.text, 1, SHOWN_CHARS + 20).label("text")
    query = sa.select(*columns, text).join(case_texts, case_texts.c.id == cases.c.id)
    query = query.where(*conditions(connection, wanted), *_behind(column, after, down=down))
    keys = [column] if column is cases.c.id else [column, cases.c.id]
    query = query.order_by(*((key.desc() if down else key) for key in keys)).limit(PAGE + 1)
    rows = [dict(row) | {"text": _beginning(row["text"])} for row in connection.execute(query).mappings()]
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Page(rows[:PAGE], f"{last[column.name]}~{last['id']}" if last else None)


def count(connection: sa.Connection, wanted: Filter) -> int:
    """Return how many cases are asked for."""
    query = sa.select(sa.func.count()).select_from(cases).where(*conditions(connection, wanted))
    return int(connection.execute(query).scalar_one())


def ids(connection: sa.Connection, wanted: Filter, *, most: int) -> list[tuple[int, int]]:
    """Return number and version of the cases asked for, the first ``most`` of them."""
    query = sa.select(cases.c.id, cases.c.version).where(*conditions(connection, wanted)).order_by(cases.c.id)
    return [(row.id, row.version) for row in connection.execute(query.limit(most))]


def facets(connection: sa.Connection, wanted: Filter) -> dict[str, list[tuple[str, int]]]:
    """Return how many of the cases asked for have each value, by the names of ``FACETS``, and ``signal``.

    All are counted in one pass over an index that holds just these columns.
    """
    where = conditions(connection, wanted)
    columns = [COLUMNS[name] for name in FACETS]
    grouped = sa.select(*columns, sa.func.count()).where(*where).group_by(*columns)
    counts: dict[str, Counter[Any]] = {name: Counter() for name in FACETS}
    for *values, number in connection.execute(grouped):
        for name, value in zip(FACETS, values, strict=True):
            counts[name][value] += number
    found = {name: _ordered(name, counted) for name, counted in counts.items()}
    found["signal"] = _signals(connection, where)
    found["respondent"] = _respondents(connection, where)
    return found


def upload_names(connection: sa.Connection) -> dict[int, str]:
    """Return the names of all uploads by number."""
    return {row.id: row.name for row in connection.execute(sa.select(uploads.c.id, uploads.c.name))}


def _signals(connection: sa.Connection, where: list[sa.ColumnElement[bool]]) -> list[tuple[str, int]]:
    """Return how many of the cases have each signal, the commonest first."""
    grouped = sa.select(cases.c.signals, sa.func.count()).where(*where, cases.c.signals != 0).group_by(cases.c.signals)
    counted: Counter[str] = Counter()
    for bits, number in connection.execute(grouped):
        for code in SIGNALS:
            if bits & BIT_OF[code]:
                counted[code] += number
    return counted.most_common()


def _respondents(connection: sa.Connection, where: list[sa.ColumnElement[bool]]) -> list[tuple[str, int]]:
    """Return the respondents named most often."""
    number = sa.func.count().label("number")
    grouped = sa.select(cases.c.respondent, number).where(*where, cases.c.respondent.is_not(None))
    grouped = grouped.group_by(cases.c.respondent).order_by(number.desc(), cases.c.respondent).limit(MOST_VALUES)
    return [(row.respondent, row.number) for row in connection.execute(grouped)]


def _ordered(name: str, counted: Mapping[Any, int]) -> list[tuple[str, int]]:
    """Return a facet's values: months and uploads from the latest on, others from the commonest on."""
    pairs = [(value, number) for value, number in counted.items() if value not in (None, "")]
    if name in {"month", "upload"}:
        pairs.sort(key=lambda pair: pair[0], reverse=True)
    else:
        pairs.sort(key=lambda pair: (-pair[1], str(pair[0])))
    return [(str(value), number) for value, number in pairs]


def _behind(column: sa.Column[Any], after: str, *, down: bool) -> list[sa.ColumnElement[bool]]:
    """Return the condition for what comes behind the last row of a page; none for an address that makes no sense."""
    value, _, number = after.rpartition("~")
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        return []
    if column is cases.c.id:
        return [cases.c.id < int(number) if down else cases.c.id > int(number)]
    key: Any = value
    if column is cases.c.confidence:
        try:
            key = float(value)
        except ValueError:
            return []
    pair, place = sa.tuple_(column, cases.c.id), sa.tuple_(key, int(number))
    return [pair < place if down else pair > place]


def _beginning(text: str) -> str:
    """Return the beginning of a text on one line, without personal numbers."""
    line = " ".join(mask(text).split())
    return line if len(line) <= SHOWN_CHARS else f"{line[:SHOWN_CHARS]}…"
