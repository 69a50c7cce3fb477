"""What lists choose and count by, held in memory: a mask over all cases takes a millisecond, a scan of the table a second.

Each process holds the columns of its store, some thirty bytes a case, and brings them up to date within the reader's
transaction: new cases, and those somebody answered, assigned or took back since. So what is counted is what is there.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import sqlalchemy as sa

from tousu_service.desk.store.cases import BIT_OF
from tousu_service.desk.store.filters import COLUMNS, HIDDEN, NUMBERS, Filter, found_by_words
from tousu_service.store.desk_tables import answers, assignments, cases, uploads

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from tousu_service.store import Store

HELD = {name: column for name, column in COLUMNS.items() if name != "complainant"}  # whose hashes would fill the memory
MOST_SEARCHES = 8
_held: WeakKeyDictionary[sa.Engine, Columns] = WeakKeyDictionary()
_holding = threading.Lock()


def columns_of(connection: sa.Connection) -> Columns:
    """Return the columns of a connection's store, as they are in its transaction."""
    with _holding:
        columns = _held.setdefault(connection.engine, Columns())
    columns.refresh(connection)
    return columns


def warm(store: Store) -> None:
    """Bring the columns of a store up to date before anybody asks.

    Raises:
        StoreError: The store cannot be asked.
    """
    with store.reading() as connection:
        columns_of(connection)


class Columns:
    """The columns, by number of the case. Thread-safe; a reader may see what a later one brought in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = {"cases": 0, "answers": 0, "assignments": 0}
        self._void: frozenset[int] = frozenset()
        self._words: dict[str, dict[Any, int]] = {name: {None: 0} for name in HELD}
        self._words["predicted"] = self._words["domain"]  # so that one can be compared with the other
        self._codes: dict[str, NDArray[np.int32]] = {name: np.zeros(1024, np.int32) for name in HELD}
        self._found: dict[tuple[str, int, int, int], NDArray[np.bool_]] = {}
        self._signals, self._online = np.zeros(1024, np.int16), np.zeros(1024, np.bool_)

    def refresh(self, connection: sa.Connection) -> None:
        """Take in what has changed."""
        last = {
            "cases": cases.c.id, "answers": answers.c.id, "assignments": assignments.c.id
        }  # fmt: skip
        with self._lock:
            query = sa.select(*(sa.select(sa.func.max(column)).scalar_subquery() for column in last.values()))
            now = dict(zip(last, (value or 0 for value in connection.execute(query).one()), strict=True))
            gone = sa.select(uploads.c.id).where(uploads.c.state == "void")
            void = frozenset(connection.execute(gone).scalars())
            if now == self._last and void == self._void:
                return
            self._take(connection, cases.c.id > self._last["cases"], void)
            for table in (answers, assignments):
                touched = sa.select(table.c.case_id).where(table.c.id > self._last[table.name])
                self._take(connection, cases.c.id.in_(touched), void)
            if changed := self._void ^ void:
                self._take(connection, cases.c.upload_id.in_(changed), void)
            # Only now: what could not be read is read again, and no mask is longer than the columns.
            self._last, self._void = {name: max(now[name], seen) for name, seen in self._last.items()}, void

    def mask(self, connection: sa.Connection, wanted: Filter) -> NDArray[np.bool_]:
        """Return which cases are asked for, by number, bool, shape (highest number + 1,)."""
        size = self._last["cases"] + 1
        mask = self._codes["state"][:size] > 0
        for name, value in wanted.chosen.items():
            if name in HELD:
                code = self._words[name].get(int(value) if name in NUMBERS else value, -1)
                mask &= self._codes[name][:size] == code
            else:
                query = sa.select(cases.c.id).where(cases.c.complainant == value)
                mask &= _among(connection.execute(query).scalars().all(), size)
        if "state" not in wanted.chosen:
            for state in HIDDEN:
                mask &= self._codes["state"][:size] != self._words["state"].get(state, -1)
        if wanted.signal:
            mask &= (self._signals[:size] & BIT_OF[wanted.signal]) != 0
        if wanted.online:
            mask &= self._online[:size] == (wanted.online == "1")
        if wanted.changed:
            mask &= self._codes["state"][:size] == self._words["state"].get("answered", -1)
            mask &= self._codes["domain"][:size] != self._codes["predicted"][:size]
        if wanted.words:
            mask &= self._with_words(connection, wanted.words, size)
        return mask

    def _with_words(self, connection: sa.Connection, words: str, size: int) -> NDArray[np.bool_]:
        """Return a mask of the cases with words in their text, number or respondent; the last ones asked for are kept."""
        key = (words, size, self._last["answers"], self._last["assignments"])
        with self._lock:
            if key in self._found:
                return self._found[key]
            named = [code for name, code in self._words["respondent"].items() if name and words in name]
        found = _among(found_by_words(connection, words), size)
        found |= np.isin(self._codes["respondent"][:size], named)
        with self._lock:
            while len(self._found) >= MOST_SEARCHES:
                self._found.pop(next(iter(self._found)))
            self._found[key] = found
        return found

    def counts(self, mask: NDArray[np.bool_], name: str) -> dict[Any, int]:
        """Return how many of the cases of a mask have each value of a column, those that have one."""
        with self._lock:
            values = list(self._words[name])
        found = np.bincount(self._codes[name][: mask.size][mask], minlength=len(values)).tolist()
        pairs = zip(values, found, strict=False)  # a value another reader has just brought in is not in the mask's
        return {value: number for value, number in pairs if number and value not in (None, "")}

    def signal_counts(self, mask: NDArray[np.bool_]) -> dict[str, int]:
        """Return how many of the cases of a mask have each signal."""
        bits = self._signals[: mask.size][mask]
        found = {code: int(((bits & bit) != 0).sum()) for code, bit in BIT_OF.items()}
        return {code: number for code, number in found.items() if number}

    def _take(self, connection: sa.Connection, which: sa.ColumnElement[bool], void: frozenset[int]) -> None:
        """Read the columns of some cases; those of a void upload are so, even where it is only just being taken back."""
        held = HELD | {"state": sa.case((cases.c.upload_id.in_(void), "void"), else_=cases.c.state)}
        query = sa.select(cases.c.id, cases.c.signals, cases.c.online, *held.values())
        rows = connection.execute(query.where(which)).all()
        if not rows:
            return
        numbers, signals, online, *values = zip(*rows, strict=True)
        places = np.asarray(numbers)
        self._grow(int(places.max()) + 1)
        for name, column in zip(HELD, values, strict=True):
            words = self._words[name]
            self._codes[name][places] = [words.setdefault(value, len(words)) for value in column]
        self._signals[places], self._online[places] = signals, online

    def _grow(self, size: int) -> None:
        """Make room for numbers below ``size``."""
        have = self._signals.size
        if size <= have:
            return
        more = max(size, have * 2) - have
        self._codes = {name: np.pad(codes, (0, more)) for name, codes in self._codes.items()}
        self._signals, self._online = np.pad(self._signals, (0, more)), np.pad(self._online, (0, more))


def _among(numbers: Iterable[int] | Sequence[int], size: int) -> NDArray[np.bool_]:
    """Return a mask of some numbers."""
    mask = np.zeros(size, np.bool_)
    found = np.fromiter(numbers, np.int64)
    mask[found[found < size]] = True
    return mask
