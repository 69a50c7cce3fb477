"""Who may: the key of a request looked up, its scope and rate checked, refusals written into the audit."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from anyio import to_thread

from tousu.errors import KeyRefused, RateExceeded, ScopeMissing, SettingsError, StoreError
from tousu_service.auth.keyring import Keyring
from tousu_service.auth.refusals import Refusals
from tousu_service.http.error_handlers import refusal
from tousu_service.http.middleware import EXCHANGE
from tousu_service.store import keys
from tousu_service.telemetry import logs

if TYPE_CHECKING:
    from starlette.requests import Request

    from tousu_service.auth.rate_limit import RateLimit
    from tousu_service.settings import Settings
    from tousu_service.store import Store

Scope = Literal["classify", "correct", "admin"]
MOST_REMEMBERED = 1000
# Whoever asks from this machine while no key has ever been made. Administration is by the command line then.
LOCAL = keys.ApiKey(
    "local", "本机", frozenset({"classify", "correct"}), "", datetime.min.replace(tzinfo=UTC), "", None, None
)


@dataclass(slots=True)
class Seen:
    """A key that was good when the store was last asked."""

    key: keys.ApiKey
    at: float


class Access:
    """Who is let in. ``refresh`` must be called now and then: it learns whether there are keys at all.

    Args:
        store: The store.
        settings: The settings.
        rate_limit: How fast each key may ask.
    """

    def __init__(self, store: Store, settings: Settings, rate_limit: RateLimit) -> None:
        self._store, self._settings, self._rate_limit = store, settings, rate_limit
        self._keyring, self._refusals = Keyring(store), Refusals()
        self._open = False
        self._seen: dict[bytes, Seen] = {}

    def refresh(self) -> None:
        """Learn whether the service is open: on the loopback, and no key ever made, revoked ones counted.

        Raises:
            StoreError: The store cannot be asked; all stays as it was.
        """
        self._open = self._settings.on_loopback and not keys.listed(self._store)

    async def admit(self, request: Request, scope: Scope) -> keys.ApiKey:
        """Return the client of a request.

        Raises:
            HTTPException: It may not come in, not do this, or not so fast.
            StoreError: The store cannot be asked whether it may.
        """
        presented = _presented(request)
        if self._open and not presented:
            client = LOCAL
        else:
            client = await self._known(request, presented, scope)
        request.scope[EXCHANGE].client = client.id
        if scope not in client.scopes:
            await self._refused(request, "scope", client.id)
            have = "、".join(sorted(client.scopes))
            fix = "用 tousu 命令行，或先新增有此权限的密钥" if client is LOCAL else "换用有此权限的密钥"
            raise refusal(ScopeMissing(f"没有 {scope} 权限（现有 {have}）", fix=fix))
        if client is not LOCAL and (wait := self._rate_limit.take(client.id)):
            limit = self._settings.rate_per_second
            error = RateExceeded(f"请求过快：每秒至多 {limit:g} 个", fix="按 Retry-After 等候后重试，或用批量接口")
            raise refusal(error, retry_after=wait)
        return client

    async def _known(self, request: Request, presented: str, scope: Scope) -> keys.ApiKey:
        """Return the key presented, if it is in force.

        Raises:
            HTTPException: It is not.
            StoreError: The store cannot be asked, and the key was not seen lately or is to do more than classify.
        """
        mark = hashlib.sha256(presented.encode("utf-8", "replace")).digest()
        key_id = keys.id_of(presented)
        fresh = scope != "classify"
        try:
            if not fresh and key_id and self._keyring.cached(key_id):
                found = self._keyring.examine(presented)
            else:
                found = await to_thread.run_sync(lambda: self._keyring.examine(presented, fresh=fresh))
        except StoreError:
            seen = self._seen.get(mark)
            if fresh or seen is None or time.monotonic() - seen.at > self._settings.key_grace_seconds:
                raise
            return seen.key
        if isinstance(found, keys.ApiKey):
            if len(self._seen) >= MOST_REMEMBERED:
                self._seen.clear()
            self._seen[mark] = Seen(found, time.monotonic())
            return found
        self._seen.pop(mark, None)
        await self._refused(request, found, key_id or "")
        missing = "请求没有带密钥" if found == "missing" else "密钥不对或已吊销"
        raise refusal(
            KeyRefused(missing, expected="Authorization: Bearer tousu_…", fix="向运维人员索取密钥（tousu keys add）")
        )

    async def _refused(self, request: Request, reason: str, presented: str) -> None:
        """Write a refusal into the audit; if the store fails, into the log alone."""
        host = request.client.host if request.client else ""
        path = getattr(request.scope.get("route"), "path", "other")
        try:
            await to_thread.run_sync(
                lambda: self._refusals.write(self._store, reason=reason, presented=presented, host=host, path=path)
            )
        except StoreError as error:
            logs.logger().error("audit_failed", reason=reason, code=error.code)


def refuse_open_access(settings: Settings, store: Store) -> None:
    """Refuse an address other machines can reach while no key is in force.

    Raises:
        SettingsError: It is so.
        StoreError: The store cannot be asked.
    """
    if settings.on_loopback or keys.any_in_force(store):
        return
    raise SettingsError(
        f"拒绝启动：要监听 {settings.host}，别的机器都能访问，而现在没有任何有效的密钥",
        expected="先有密钥，或只监听本机 127.0.0.1",
        fix="用 tousu keys add 名称 新增密钥后再启动",
    )


def _presented(request: Request) -> str:
    """Return the key that came with a request, empty if none did.

    Proxies put an ``Authorization`` of their own before requests; only one that is a Bearer's is meant for us.
    """
    other, given = "", ""
    for name, value in request.scope["headers"]:
        if name == b"authorization":
            kind, _, rest = value.partition(b" ")
            if kind.lower() == b"bearer":
                return str(rest.strip().decode("latin-1"))
            other = "?"
        elif name == b"x-api-key":
            given = value.strip().decode("latin-1")
    return given or other
