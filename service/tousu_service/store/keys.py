"""API keys: made, checked, listed, revoked. A key is ``tousu_<id>_<secret>``; only the secret's hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from tousu.errors import NotFound, SettingsError
from tousu_service.store import audit
from tousu_service.store.clock import now
from tousu_service.store.tables import api_keys
from tousu_service.validation import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tousu_service.store.base import Store

SCOPES = ("classify", "correct", "admin")
PREFIX = "tousu"
LONGEST = 200
LONGEST_NAME = 80
CACHE_SECONDS = 1.0
MOST_CACHED = 1000

Refusal = Literal["missing", "malformed", "unknown", "wrong_secret", "revoked"]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A client's key, without its secret."""

    id: str
    name: str
    scopes: frozenset[str]
    secret_sha256: str
    created_at: datetime
    created_by: str
    revoked_at: datetime | None
    revoked_by: str | None


class Cache:
    """Keys looked up a moment ago: a revocation elsewhere is in force here within ``CACHE_SECONDS``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[float, ApiKey]] = {}
        self._cleared = 0

    def get(self, key_id: str) -> ApiKey | None:
        """Return the key if it was put in within the last second."""
        until, key = self._held.get(key_id, (0.0, None))
        return key if time.monotonic() < until else None

    def mark(self) -> tuple[float, int]:
        """Return what to hand to ``put`` for a key that is read from the store from now on."""
        return time.monotonic(), self._cleared

    def put(self, key: ApiKey, mark: tuple[float, int]) -> None:
        """Keep a key just read, unless a revocation came in between."""
        read_at, cleared = mark
        with self._lock:
            if cleared != self._cleared:
                return
            if len(self._held) >= MOST_CACHED:
                self._held.clear()
            self._held[key.id] = (read_at + CACHE_SECONDS, key)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._held = {}
            self._cleared += 1


def add(store: Store, name: str, scopes: Iterable[str], *, by: str) -> tuple[ApiKey, str]:
    """Make a key for a client; the second value is the key itself, shown this once.

    Raises:
        SettingsError: The name is empty, too long or no single line, or a scope is unknown.
        StoreError: It could not be stored.
    """
    wanted = tuple(dict.fromkeys(scopes))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise SettingsError(
            f"权限范围不对：{'、'.join(unknown) or '一个也没有'}", expected="、".join(SCOPES), fix="改正 --scope"
        )
    name = one_line("密钥的名称", name, least=1, most=LONGEST_NAME)
    key_id, secret = secrets.token_hex(5), secrets.token_hex(24)
    with store.writing() as connection:
        values = {
            "id": key_id, "name": name, "secret_sha256": _hash(secret), "scopes": list(wanted),
            "created_at": now(connection), "created_by": by[:80],
        }  # fmt: skip
        connection.execute(sa.insert(api_keys).values(values))
        audit.write(connection, "key_added", actor=by, detail={"key": key_id, "name": name, "scopes": list(wanted)})
    return _key(values | {"revoked_at": None, "revoked_by": None}), f"{PREFIX}_{key_id}_{secret}"


def revoke(store: Store, key_id: str, *, by: str) -> tuple[ApiKey, bool]:
    """Revoke a key: at once in this process, within ``CACHE_SECONDS`` in others.

    Returns:
        The key, and whether it had been revoked before: then nothing was changed, and it says when and by whom.

    Raises:
        NotFound: There is no such key.
        StoreError: It could not be stored.
    """
    with store.writing() as connection:
        change = sa.update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
        done = connection.execute(change.values(revoked_at=now(connection), revoked_by=by[:80]))
        row = connection.execute(sa.select(api_keys).where(api_keys.c.id == key_id)).mappings().one_or_none()
        if row is None:
            raise NotFound(f"没有密钥 {key_id}", fix="用 tousu keys list 查看编号")
        if done.rowcount:
            audit.write(connection, "key_revoked", actor=by, detail={"key": key_id, "name": row["name"]})
    store.key_cache.clear()
    return _key(row), not done.rowcount


def listed(store: Store) -> list[ApiKey]:
    """Return all keys, revoked ones too, oldest first."""
    with store.reading() as connection:
        return [_key(row) for row in connection.execute(sa.select(api_keys).order_by(api_keys.c.created_at)).mappings()]


def find(store: Store, key_id: str) -> ApiKey | None:
    """Return the key of that id, revoked or not, as the store has it now."""
    with store.reading() as connection:
        row = connection.execute(sa.select(api_keys).where(api_keys.c.id == key_id)).mappings().one_or_none()
    return None if row is None else _key(row)


def any_in_force(store: Store) -> bool:
    """Return whether there is any key that is not revoked."""
    with store.reading() as connection:
        return (
            connection.execute(sa.select(api_keys.c.id).where(api_keys.c.revoked_at.is_(None)).limit(1)).first()
            is not None
        )


def verify(store: Store, presented: str, *, fresh: bool = False) -> ApiKey | None:
    """Return the key a client presented, or None if it is not to be let in.

    Args:
        store: The store.
        presented: What came in the request.
        fresh: Ask the store even if the key was seen a moment ago (for whatever writes).

    Raises:
        StoreError: The store cannot be asked: nobody can be let in now.
    """
    found = examine(store, presented, fresh=fresh)
    return found if isinstance(found, ApiKey) else None


def examine(store: Store, presented: str, *, fresh: bool = False) -> ApiKey | Refusal:
    """Return the key a client presented, or why it is not to be let in (for the audit, not for the client)."""
    if not presented:
        return "missing"
    key_id = id_of(presented)
    if key_id is None:
        return "malformed"
    key = None if fresh else store.key_cache.get(key_id)
    if key is None:
        mark = store.key_cache.mark()
        key = find(store, key_id)
        if key is not None:
            store.key_cache.put(key, mark)
    hashed = _hash(presented.split("_", 2)[2])
    if not hmac.compare_digest(hashed, key.secret_sha256 if key else _hash("")):
        return "wrong_secret" if key else "unknown"
    if key is None:
        return "unknown"
    return key if key.revoked_at is None else "revoked"


def id_of(presented: str) -> str | None:
    """Return the id part of a presented key, None if it has not a key's form."""
    parts = presented.split("_", 2) if len(presented) <= LONGEST and presented.isascii() else []
    return parts[1] if len(parts) == 3 and parts[0] == PREFIX and parts[1].isalnum() and parts[2] else None


def _hash(secret: str) -> str:
    """Return the SHA-256 of a secret; it has 192 random bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: Mapping[Any, Any]) -> ApiKey:
    """Return a row of the table as a key."""
    return ApiKey(**(dict(row) | {"scopes": frozenset(row["scopes"])}))
