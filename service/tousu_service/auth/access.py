"""Who may: the key of a request looked up, its scope and rate checked, refusals written into the audit."""

from __future__ import annotations

import functools
import hashlib
import ipaddress
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from anyio import CapacityLimiter, to_thread

from tousu.errors import HostRefused, KeyRefused, RateExceeded, ScopeMissing, SettingsError, StoreError
from tousu_service.auth.keyring import Keyring
from tousu_service.auth.quota import Quota
from tousu_service.auth.refusals import Refusals, write_refusal
from tousu_service.http.error_handlers import refusal
from tousu_service.http.middleware import EXCHANGE
from tousu_service.store import keys
from tousu_service.telemetry import logs

if TYPE_CHECKING:
    from starlette.exceptions import HTTPException
    from starlette.requests import Request

    from tousu_service.auth.rate_limit import RateLimit
    from tousu_service.http.middleware import Exchange
    from tousu_service.settings import Settings
    from tousu_service.store import Store

Scope = Literal["classify", "correct", "admin"]
MOST_REMEMBERED = 1000
LOOK_UPS = 8  # threads for keys that may not be ours; the others are for those who have one
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
        self.quota = Quota(settings.run_dir, requests=settings.requests_per_day, texts=settings.texts_per_day)
        self._keyring, self._refusals = Keyring(store), Refusals(settings.audit_refusals_per_day)
        self._look_ups = CapacityLimiter(LOOK_UPS)
        self._names = {name.strip().lower() for name in settings.allowed_hosts.split(",")} - {""}
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
        exchange: Exchange = request.scope[EXCHANGE]
        if exchange.admitted is not None and exchange.admitted[0] == scope:
            return exchange.admitted[1]
        presented = _presented(request)
        if self._open and not presented:
            self._check_host(request)
            client = LOCAL
        else:
            client = await self._known(request, presented, scope)
        exchange.client = client.id
        if scope not in client.scopes:
            await self._refused(request, "scope", client.id)
            have = "、".join(sorted(client.scopes))
            fix = "用 tousu 命令行，或先新增有此权限的密钥" if client is LOCAL else "换用有此权限的密钥"
            raise refusal(ScopeMissing(f"没有 {scope} 权限（现有 {have}）", fix=fix))
        if client is not LOCAL and (wait := self._rate_limit.take(client.id)):
            limit = self._settings.rate_per_second
            error = RateExceeded(f"请求过快：每秒至多 {limit:g} 个", fix="按 Retry-After 等候后重试，或用批量接口")
            raise refusal(error, retry_after=wait)
        if client is not LOCAL and (wait := self.quota.take(client.id, requests=1)):
            raise self._over_quota(wait)
        exchange.admitted = scope, client
        return client

    def count_texts(self, request: Request, texts: int) -> None:
        """Count texts that an admitted client wants tagged.

        Raises:
            HTTPException: They are more than its key may have tagged today.
        """
        client = request.scope[EXCHANGE].client
        if self.quota.active and client != LOCAL.id and (wait := self.quota.take(client, texts=texts)):
            raise self._over_quota(wait)

    def _over_quota(self, wait: float) -> HTTPException:
        limits = self._settings.requests_per_day, self._settings.texts_per_day
        told = "、".join(f"{most} {what}" for most, what in zip(limits, ("个请求", "条"), strict=True) if most)
        return refusal(
            RateExceeded(f"今天的用量已满：每天至多 {told}", fix="明天再试，或请运维人员放宽"), retry_after=wait
        )

    def _check_host(self, request: Request) -> None:
        """Refuse a request that means another host: a page of that name may have led a browser on this machine here.

        Raises:
            HTTPException: It is so.
        """
        host = request.headers.get("host", "localhost").lower()
        name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
        if name != "localhost" and name not in self._names and not _is_address(name):
            error = HostRefused(
                "这个主机名不是本服务的", expected="localhost、IP 地址或设置项 allowed_hosts 里的名字",
                fix="用本机地址访问，或把主机名写进 allowed_hosts；供别的机器使用时请先新增密钥",
            )  # fmt: skip
            raise refusal(error)

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
            if not key_id or (not fresh and self._keyring.cached(key_id)):
                found = self._keyring.examine(presented)  # the store is not asked
            else:
                look_up = functools.partial(self._keyring.examine, presented, fresh=fresh)
                found = await to_thread.run_sync(look_up, limiter=self._look_ups)
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
        """Write a refusal into the audit, if it is due a line; if the store fails, into the log alone."""
        host = request.client.host if request.client else ""
        times = self._refusals.count(reason, presented, host)
        if times is None:
            return
        path = getattr(request.scope.get("route"), "path", "other")
        try:
            write = functools.partial(
                write_refusal, self._store, reason=reason, presented=presented, host=host, path=path, times=times
            )
            await to_thread.run_sync(write, limiter=self._look_ups)
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


@functools.lru_cache(maxsize=64)
def _is_address(name: str) -> bool:
    """Return whether a host is given by its address, which no page can have as its name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


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
