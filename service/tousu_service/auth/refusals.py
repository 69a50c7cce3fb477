"""Refused requests in the audit: a line for each cause and minute, not for each request."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from tousu_service.store import audit

if TYPE_CHECKING:
    from tousu_service.store import Store

QUIET_SECONDS = 60.0
MOST_KNOWN = 1000
MOST_A_DAY = 5000
DAY_SECONDS = 24 * 3600.0


class Refusals:
    """Decides which refused requests get a line: an attacker must not fill the disk.

    Causes are kept for at most ``MOST_KNOWN`` callers; further ones share one.

    Args:
        most: Lines that a worker writes in 24 hours; further refusals are counted into the first line after them.
    """

    def __init__(self, most: int = MOST_A_DAY) -> None:
        self._lock = threading.Lock()
        self._most, self._written, self._day = most, 0, time.monotonic()
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
            if moment - self._day > DAY_SECONDS:
                self._written, self._day = 0, moment
            if moment - since < QUIET_SECONDS or self._written >= self._most:
                self._seen[cause] = (since, held + 1)
                return None
            self._seen[cause] = (moment, 0)
            self._written += 1
            return held + 1


def write_refusal(
    store: Store, *, reason: str, times: int, presented: str = "", host: str = "", path: str = ""
) -> None:
    """Add the line of a refused request to the audit.

    Args:
        store: The store.
        reason: ``missing``, ``malformed``, ``unknown``, ``wrong_secret``, ``revoked`` or ``scope``.
        times: How many refusals the line stands for.
        presented: The id part of the key presented, never its secret.
        host: Address of the caller.
        path: What was asked for.

    Raises:
        StoreError: The line could not be written.
    """
    detail = {"reason": reason, "key": presented[:20], "path": path[:200], "times": times}
    audit.append(store, "key_refused", actor=host or "unknown", detail=detail)
