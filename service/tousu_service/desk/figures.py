"""Figures of all cases, by the functions behind the commands: computed once, kept until a case changes.

Each process keeps the last few. One is computed at a time; who asks for the same meanwhile gets the same. On a desk where
every minute brings an answer, what took long is shown for a while as it was, and the page says when that was.
"""

from __future__ import annotations

import gc
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from tousu.errors import Busy
from tousu_service.desk.store.changes import changed_last

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import sqlalchemy as sa

    from tousu.ledger.read import Ledger
    from tousu_service.store import Store

KEPT = 8
WAIT_SECONDS = 60.0
SHOWN_FOR = 20.0  # so many times as long as it took it is shown after a case has changed: at most a twentieth of the time is computing
_held: WeakKeyDictionary[sa.Engine, Figures] = WeakKeyDictionary()
_holding = threading.Lock()


@dataclass(frozen=True, slots=True)
class Made:
    """What was computed.

    Attributes:
        value: The figures.
        at: When.
        seconds: How long it took.
        changed: What ``changed_last`` was then.
        is_old: Whether a case has changed since.
    """

    value: Any
    at: datetime
    seconds: float
    changed: tuple[Any, ...]
    is_old: bool = False


def figures_of(
    store: Store, key: tuple[Any, ...], make: Callable[[Ledger], Any], *, afresh: bool = False
) -> Made:  # fmt: skip
    """Return what is made of the store's cases, as it is kept or computed now.

    Args:
        store: The store.
        key: What it is, and of which week, month or day.
        make: Makes it of the cases as a ledger, in the caller's thread.
        afresh: Compute whatever has changed, however long that takes.

    Raises:
        Busy: Others have been computing for too long.
        TousuError: What ``make`` raises.
    """
    with _holding:
        held = _held.setdefault(store.engine, Figures())
    return held.get(store, key, make, afresh=afresh)


class Figures:
    """What a process keeps of one store. Thread-safe."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._made: OrderedDict[tuple[Any, ...], Made] = OrderedDict()

    def get(self, store: Store, key: tuple[Any, ...], make: Callable[[Ledger], Any], *, afresh: bool) -> Made:
        """Return what is made, see ``figures_of``."""
        found = self._kept(store, key, afresh=afresh)
        if found is not None:
            return found
        if not self._turn.acquire(timeout=WAIT_SECONDS):
            raise Busy("正在算别的数，还没有轮到", fix="过一会儿再打开")
        try:
            return self._kept(store, key, afresh=afresh) or self._computed(store, key, make)
        finally:
            self._turn.release()

    def _kept(self, store: Store, key: tuple[Any, ...], *, afresh: bool) -> Made | None:
        """Return what is kept and holds as the cases are now, or is shown as it was; None if there is none."""
        with store.reading() as connection:
            changed = changed_last(connection)
        made = self._made.get(key)
        if made is None or made.changed == changed:
            return made
        age = (datetime.now(UTC) - made.at).total_seconds()
        if afresh or made.seconds < 1 or age > SHOWN_FOR * made.seconds:
            return None
        return Made(made.value, made.at, made.seconds, made.changed, is_old=True)

    def _computed(self, store: Store, key: tuple[Any, ...], make: Callable[[Ledger], Any]) -> Made:
        from tousu_service.desk.store.as_ledger import desk_ledger

        begun, at = time.monotonic(), datetime.now(UTC)
        with _without_searches_for_garbage():
            with store.reading() as connection:
                changed, ledger = changed_last(connection), desk_ledger(connection)
            value = make(ledger)
        made = Made(value, at, time.monotonic() - begun, changed)
        self._made[key] = made
        self._made.move_to_end(key)
        while len(self._made) > KEPT:
            self._made.popitem(last=False)
        return made


@contextmanager
def _without_searches_for_garbage() -> Iterator[None]:
    """Let no search for garbage go over all the new rows, in which there are no circles: it stops every thread for tenths of a second."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
