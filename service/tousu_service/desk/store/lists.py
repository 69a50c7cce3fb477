"""Lists of cases: a page of them, how many there are, and by what they can be told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from tousu.errors import Conflict
from tousu.masking import mask
from tousu_service.desk.numbers import whole_number
from tousu_service.desk.store.filters import unseen
from tousu_service.desk.store.masks import columns_of
from tousu_service.store.desk_tables import case_texts, cases, uploads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tousu_service.desk.store.filters import Filter
    from tousu_service.desk.store.masks import Columns

PAGE = 50
SHOWN_CHARS = 60
LONGEST_NUMBER = 40  # read beyond what is shown, so that no number is cut before it is masked
FACETS = ("domain", "kind", "route", "attention", "decision", "state", "month", "upload")
MOST_VALUES = 20
PIECE = 500
# Names of orders: the column, and whether the highest comes first.
ORDERS: dict[str, tuple[sa.Column[Any], bool]] = {
    "new": (cases.c.id, True), "old": (cases.c.id, False), "received": (cases.c.received, False),
    "latest": (cases.c.received, True), "unsure": (cases.c.confidence, False), "sure": (cases.c.confidence, True),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chosen:
    """The cases asked for.

    Attributes:
        columns: What is held in memory of all cases.
        mask: Which of them are meant, by number, bool.
    """

    columns: Columns
    mask: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """How many they are."""
        return int(self.mask.sum())


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list.

    Attributes:
        rows: Its cases; ``text`` is their beginning, personal numbers as zeros; ``unseen`` as of ``filters.unseen``.
        after: Where the next page begins; None on the last one.
    """

    rows: list[dict[str, Any]]
    after: str | None


def choose(connection: sa.Connection, wanted: Filter) -> Chosen:
    """Return which cases are asked for, as they are in a transaction."""
    columns = columns_of(connection)
    return Chosen(columns, columns.mask(connection, wanted))


def page(connection: sa.Connection, chosen: Chosen, *, order: str = "new", after: str = "") -> Page:
    """Return a page of the cases asked for.

    Args:
        connection: The transaction they were chosen in.
        chosen: Which cases.
        order: One of ``ORDERS``.
        after: ``Page.after`` of the page before, empty for the first one.
    """
    column, down = ORDERS.get(order, ORDERS["new"])
    columns = [each for each in cases.c if each.name not in {"complainant", "priority"}]
    query = sa.select(*columns, begun_text(), unseen()).join(case_texts, case_texts.c.id == cases.c.id)
    query = query.where(cases.c.id.in_(_numbers(connection, chosen.mask, column, after, down=down)))
    keys = [column] if column is cases.c.id else [column, cases.c.id]
    query = query.order_by(*((key.desc() if down else key) for key in keys))
    rows = [dict(row) | {"text": beginning(row["text"])} for row in connection.execute(query).mappings()]
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return Page(rows[:PAGE], f"{last[column.name]}~{last['id']}" if last else None)


def ids(connection: sa.Connection, wanted: Filter, *, most: int) -> list[tuple[int, int]]:
    """Return number and version of the cases asked for.

    Raises:
        Conflict: They are none, or more than ``most``.
    """
    numbers: list[int] = np.flatnonzero(choose(connection, wanted).mask).tolist()
    if not 0 < len(numbers) <= most:
        raise Conflict(f"选中了 {len(numbers)} 件", expected=f"1 到 {most} 件", fix="加上筛选条件")
    found: list[tuple[int, int]] = []
    for at in range(0, len(numbers), PIECE):
        query = sa.select(cases.c.id, cases.c.version).where(cases.c.id.in_(numbers[at : at + PIECE]))
        found += [(row.id, row.version) for row in connection.execute(query.order_by(cases.c.id))]
    return found


def facets(chosen: Chosen) -> dict[str, list[tuple[str, int]]]:
    """Return how many of the cases asked for have each value, by the names of ``FACETS``, and ``signal``."""
    columns, mask = chosen.columns, chosen.mask
    found = {name: _ordered(name, columns.counts(mask, name)) for name in FACETS}
    found["respondent"] = _ordered("respondent", columns.counts(mask, "respondent"))[:MOST_VALUES]
    found["signal"] = _ordered("signal", columns.signal_counts(mask))
    return found


def upload_names(connection: sa.Connection) -> dict[int, str]:
    """Return the names of all uploads by number."""
    return {row.id: row.name for row in connection.execute(sa.select(uploads.c.id, uploads.c.name))}


def _ordered(name: str, counted: Mapping[Any, int]) -> list[tuple[str, int]]:
    """Return a facet's values: months and uploads from the latest on, others from the commonest on."""
    pairs = [(value, number) for value, number in counted.items() if value not in (None, "")]
    if name in {"month", "upload"}:
        pairs.sort(key=lambda pair: pair[0], reverse=True)
    else:
        pairs.sort(key=lambda pair: (-pair[1], str(pair[0])))
    return [(str(value), number) for value, number in pairs]


def _numbers(
    connection: sa.Connection, mask: NDArray[np.bool_], column: sa.Column[Any], after: str, *, down: bool
) -> list[int]:  # fmt: skip
    """Return the numbers of a page's cases and of the one behind it.

    By number they are read off the mask. In other orders an index is followed, what is not in the mask passed over;
    where few are asked for, these are ordered instead.
    """
    if column is cases.c.id:
        numbers = np.flatnonzero(mask)
        place = whole_number(after.rpartition("~")[2])
        if place is not None:
            numbers = numbers[numbers < place] if down else numbers[numbers > place]
        return list((numbers[::-1] if down else numbers)[: PAGE + 1].tolist())
    query = sa.select(cases.c.id).where(*_behind(column, after, down=down))
    query = query.order_by(*((key.desc() if down else key) for key in (column, cases.c.id)))
    few = np.flatnonzero(mask)
    if few.size <= PIECE:
        return list(connection.execute(query.where(cases.c.id.in_(few.tolist())).limit(PAGE + 1)).scalars())
    found: list[int] = []
    with connection.execution_options(stream_results=True).execute(query) as rows:
        for piece in rows.scalars().partitions(PIECE):
            found += [number for number in piece if number < mask.size and mask[number]]
            if len(found) > PAGE:
                break
    return found[: PAGE + 1]


def _behind(column: sa.Column[Any], after: str, *, down: bool) -> list[sa.ColumnElement[bool]]:
    """Return the condition for what comes behind the last row of a page; none for an address that makes no sense."""
    value, _, words = after.rpartition("~")
    number = whole_number(words)
    if number is None:
        return []
    key: Any = value
    if column is cases.c.confidence:
        try:
            key = float(value)
        except ValueError:
            return []
    pair, place = sa.tuple_(column, cases.c.id), sa.tuple_(key, number)
    return [pair < place if down else pair > place]


def begun_text() -> sa.ColumnElement[str]:
    """Return the column ``text`` with as much of a case's text as ``beginning`` needs."""
    return sa.func.substr(case_texts.c.text, 1, SHOWN_CHARS + LONGEST_NUMBER).label("text")


def beginning(text: str) -> str:
    """Return the beginning of a text on one line, without personal numbers: masked first, then cut."""
    line = " ".join(mask(text)[:SHOWN_CHARS].split())
    return line if len(text) <= SHOWN_CHARS else f"{line}…"
