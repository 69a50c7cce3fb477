"""API keys: made, found, listed, revoked. A key is ``tousu_<id>_<secret>``; only the secret's hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
            "id": key_id, "name": name, "secret_sha256": hash_of(secret), "scopes": list(wanted),
            "created_at": now(connection), "created_by": by[:80],
        }  # fmt: skip
        connection.execute(sa.insert(api_keys).values(values))
        audit.write(connection, "key_added", actor=by, detail={"key": key_id, "name": name, "scopes": list(wanted)})
    return _key(values | {"revoked_at": None, "revoked_by": None}), f"{PREFIX}_{key_id}_{secret}"


def revoke(store: Store, key_id: str, *, by: str) -> tuple[ApiKey, bool]:
    """Revoke a key; running services learn of it within a second.

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


def id_of(presented: str) -> str | None:
    """Return the id part of a presented key, None if it has not a key's form."""
    parts = presented.split("_", 2) if len(presented) <= LONGEST and presented.isascii() else []
    return parts[1] if len(parts) == 3 and parts[0] == PREFIX and parts[1].isalnum() and parts[2] else None


def hash_of(secret: str) -> str:
    """Return the SHA-256 of a secret; it has 192 random bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: Mapping[Any, Any]) -> ApiKey:
    """Return a row of the table as a key."""
    return ApiKey(**(dict(row) | {"scopes": frozenset(row["scopes"])}))
