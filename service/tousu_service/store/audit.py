"""The audit: who did what, when. Lines are only ever added; the database refuses anything else."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tousu_service.store.clock import now
from tousu_service.store.tables import audit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tousu_service.store.base import Store

QUIET_SECONDS = 60.0
MOST_KNOWN = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One audit line; ``detail`` never holds a complaint's text or a secret."""

    seq: int
    at: datetime
    actor: str
    action: str
    detail: dict[str, Any]


class Refusals:
    """Decides which refused requests get a line: one per cause and minute, or an attacker could fill the disk.

    Causes are kept for at most ``MOST_KNOWN`` callers; further ones share one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str, str], tuple[float, int]] = {}

    def count(self, reason: str, presented: str, host: str) -> int | None:
        """Return how many refusals this line stands for, or None when it needs no line now."""
        moment = time.monotonic()
        with self._lock:
            if len(self._seen) >= MOST_KNOWN:
                self._seen = {cause: seen for cause, seen in self._seen.items() if moment - seen[0] < QUIET_SECONDS}
            cause = (reason, presented, host)
            if cause not in self._seen and len(self._seen) >= MOST_KNOWN:
                cause = (reason, "*", "*")
            since, held = self._seen.get(cause, (float("-inf"), 0))
            if moment - since < QUIET_SECONDS:
                self._seen[cause] = (since, held + 1)
                return None
            self._seen[cause] = (moment, 0)
            return held + 1


def write(connection: sa.Connection, action: str, *, actor: str, detail: Mapping[str, Any]) -> None:
    """Add a line within a writing transaction, so that it stands if and only if what it tells of does."""
    connection.execute(
        sa.insert(audit).values(at=now(connection), actor=actor[:120], action=action, detail=dict(detail))
    )


def refused(store: Store, *, reason: str, presented: str = "", host: str = "", path: str = "") -> None:
    """Add a line for a refused request, at most one a minute for the same cause.

    Args:
        store: The store.
        reason: ``missing``, ``malformed``, ``unknown``, ``wrong_secret``, ``revoked`` or ``scope``.
        presented: The id part of the key presented, never its secret.
        host: Address of the caller.
        path: What was asked for.

    Raises:
        StoreError: The line could not be written.
    """
    times = store.refusals.count(reason, presented, host)
    if times is not None:
        detail = {"reason": reason, "key": presented[:20], "path": path[:200], "times": times}
        store.audit("key_refused", actor=host or "unknown", detail=detail)


def lines(
    store: Store, *, since: datetime | None = None, until: datetime | None = None, after: int = 0, limit: int = 100
) -> list[Line]:
    """Return lines in the order written.

    Args:
        store: The store.
        since: From this moment on.
        until: Before this moment.
        after: Only lines numbered higher.
        limit: At most so many.
    """
    query = sa.select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(limit)
    if since is not None:
        query = query.where(audit.c.at >= since)
    if until is not None:
        query = query.where(audit.c.at < until)
    with store.reading() as connection:
        return [Line(**row) for row in connection.execute(query).mappings()]
