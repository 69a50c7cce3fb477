"""Keys that clients present: looked up, compared, and remembered for a moment."""

from __future__ import annotations

import hmac
import threading
import time
from typing import TYPE_CHECKING, Literal

from tousu_service.store import keys

if TYPE_CHECKING:
    from tousu_service.store import Store

CACHE_SECONDS = 1.0
MOST_CACHED = 1000

Refusal = Literal["missing", "malformed", "unknown", "wrong_secret", "revoked"]


class Keyring:
    """The keys of a store; a revocation is in force here within ``CACHE_SECONDS``. Thread-safe.

    Args:
        store: The store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._held: dict[str, tuple[float, keys.ApiKey]] = {}

    def cached(self, key_id: str) -> keys.ApiKey | None:
        """Return the key if it was looked up within the last second."""
        until, key = self._held.get(key_id, (0.0, None))
        return key if time.monotonic() < until else None

    def verify(self, presented: str, *, fresh: bool = False) -> keys.ApiKey | None:
        """Return the key a client presented, or None if it is not to be let in.

        Args:
            presented: What came in the request.
            fresh: Ask the store even if the key was seen a moment ago (for whatever writes).

        Raises:
            StoreError: The store cannot be asked: nobody can be let in now.
        """
        found = self.examine(presented, fresh=fresh)
        return found if isinstance(found, keys.ApiKey) else None

    def examine(self, presented: str, *, fresh: bool = False) -> keys.ApiKey | Refusal:
        """Return the key a client presented, or why it is not to be let in (for the audit, not for the client).

        Raises:
            StoreError: The store cannot be asked.
        """
        if not presented:
            return "missing"
        key_id = keys.id_of(presented)
        if key_id is None:
            return "malformed"
        key = (None if fresh else self.cached(key_id)) or self._looked_up(key_id)
        hashed = keys.hash_of(presented.split("_", 2)[2])
        if not hmac.compare_digest(hashed, key.secret_sha256 if key else keys.hash_of("")):
            return "wrong_secret" if key else "unknown"
        if key is None:
            return "unknown"
        return key if key.revoked_at is None else "revoked"

    def _looked_up(self, key_id: str) -> keys.ApiKey | None:
        """Return a key as the store has it now, remembered from the moment it was asked."""
        asked_at = time.monotonic()
        key = keys.find(self._store, key_id)
        if key is not None:
            with self._lock:
                if len(self._held) >= MOST_CACHED:
                    self._held.clear()
                self._held[key_id] = (asked_at + CACHE_SECONDS, key)
        return key
