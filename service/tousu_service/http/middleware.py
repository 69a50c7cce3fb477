"""The outermost layer: request ids, limits on bodies and time, headers, the log line and the count of each request."""

from __future__ import annotations

import itertools
import os
import re
import time
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from tousu.errors import AddressUnknown, BodyKind, BodyTooLarge, Busy, RequestError
from tousu_service.http import error_handlers
from tousu_service.telemetry import logs

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tousu.errors import TousuError
    from tousu_service.settings import Settings
    from tousu_service.store.keys import ApiKey
    from tousu_service.telemetry.metrics import Metrics

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
SELF_ONLY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    b"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", SELF_ONLY),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
EXCHANGE = "tousu.exchange"
LEFT = 499  # what nginx writes for a client that left before the answer
UNCOUNTED = frozenset({"/healthz", "/readyz"})  # they tell of the service when it is full, too
NO_SOCKETS = {"type": "websocket.close"}


class Ids:
    """Request ids of one process: a random part drawn at start, and a number."""

    def __init__(self) -> None:
        self.prefix, self.numbers = os.urandom(8).hex(), itertools.count(1)


class Exchange:
    """One request and its answer, as they pass.

    Attributes:
        admitted: The scope it was asked for, and the key that has it.
        request_id: The client's, if it sent a sound one, else one of ours.
        client: Who asked, once that is known.
        limit: Most bytes of the body; None for any.
        status: Status of the answer, 0 until it begins.
        read: Bytes of the body received so far.
        streaming: Whether the body may be of any length, the time limit holding for each piece of it.
        complete: Whether the whole body has come.
        headers: What is sent with every answer; pages for people have others.
        failure: Set by the protocol when the body will not come whole: too late, or no HTTP.
        hosts: How often the request names its host.
    """

    __slots__ = (
        "_declared", "_receive", "_send", "admitted", "client", "complete", "encoded", "failure", "headers", "hosts", "limit", "read",
        "request_id", "status", "streaming",
    )  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, ids: Ids, limit: int) -> None:
        self._receive, self._send = receive, send
        self.limit: int | None = limit
        self.client, self.request_id = "", ""
        self.status = self.read = self._declared = self.hosts = 0
        self.encoded = self.streaming = self.complete = False
        self.failure: RequestError | None = None
        self.headers = HEADERS
        self.admitted: tuple[str, ApiKey] | None = None
        for name, value in scope["headers"]:
            if name == b"content-length":
                self._declared = int(value) if value.isdigit() else 0
            elif name == b"x-request-id" and REQUEST_ID.fullmatch(value):
                self.request_id = value.decode()
            elif name == b"host":
                self.hosts += 1
            elif name == b"content-encoding":
                self.encoded = value.strip().lower() not in {b"", b"identity"}
        if not self.request_id:
            self.request_id = f"{ids.prefix}{next(ids.numbers):08x}"

    def stream(self, *, most: int | None = None) -> None:
        """Let the body be of any length, or of at most so many bytes; the time limit then holds for each piece of it."""
        self.streaming = True
        self.limit = most

    async def receive(self) -> Message:
        """Receive a piece of the body within the limits.

        Raises:
            HTTPException: The body is too large, too slow, no HTTP or compressed.
        """
        if self.complete:
            return await self._receive()  # what comes now is the client's leaving
        if self.encoded:
            raise error_handlers.refusal(
                BodyKind("请求体是压缩过的", fix="去掉 Content-Encoding，直接发送 UTF-8 的 JSON")
            )
        if self.limit is not None and self._declared > self.limit:
            raise self._too_large()
        message = await self._receive()
        self.read += len(message.get("body", b""))
        if self.limit is not None and self.read > self.limit:
            raise self._too_large()
        self.complete = not message.get("more_body", False)
        if self.failure is not None and not self.complete:
            raise error_handlers.refusal(self.failure)
        return message

    async def send(self, message: Message) -> None:
        """Send a piece of the answer, our headers with the first one."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], *self.headers, (b"x-request-id", self.request_id.encode())]
        await self._send(message)

    def _too_large(self) -> Exception:
        found = max(self._declared, self.read)
        return error_handlers.refusal(
            BodyTooLarge(
                f"请求体超过上限（{found} 字节）", expected=f"不超过 {self.limit} 字节",
                fix="分成几次发送，或改用 /v1/classify/stream",
            )
        )  # fmt: skip


class RequestMiddleware:
    """ASGI middleware around everything else; the only one of ours, since each layer costs every request."""

    def __init__(self, app: ASGIApp, *, settings: Settings, metrics: Metrics, lines: logs.Gathered) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics
        self._requests = logs.Requests(lines, settings)
        self._log = logs.logger()
        self._ids, self._in_flight = Ids(), 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and its answer back."""
        if scope["type"] != "http":
            await (self._app(scope, receive, _quiet(send)) if scope["type"] == "lifespan" else send(NO_SOCKETS))
            return
        begun = time.perf_counter()
        limits = self._settings
        exchange = Exchange(scope, receive, send, ids=self._ids, limit=limits.max_body_bytes)
        scope[EXCHANGE] = exchange
        scope.setdefault("state", {})["request_id"] = exchange.request_id
        counts = scope["path"] not in UNCOUNTED
        self._in_flight += counts
        self._metrics.begun()
        try:
            if exchange.hosts != 1 or not scope["path"].isprintable() or self._in_flight > limits.max_in_flight:
                refused = self._refused(scope, exchange, busy=counts and self._in_flight > limits.max_in_flight)
                if refused is not None:
                    answer = error_handlers.answer_error(refused, request_id=exchange.request_id)
                    await answer(scope, receive, exchange.send)
                    return
            await self._app(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            exchange.status = exchange.status or LEFT
        except Exception as error:  # noqa: BLE001 -- whatever it was, the client gets an answer and the log its place
            self._log.error(
                "crash", request_id=exchange.request_id, exception=type(error).__name__, frames=logs.frames(error)
            )
            if not exchange.status:
                status, code, message = error_handlers.CRASHED
                answer = error_handlers.answer(status, code, message, request_id=exchange.request_id)
                await answer(scope, receive, exchange.send)
        finally:
            self._in_flight -= counts
            self._told(scope, exchange, time.perf_counter() - begun)

    @staticmethod
    def _refused(scope: Scope, exchange: Exchange, *, busy: bool) -> TousuError | None:
        """Return why a request is not even looked at."""
        if exchange.hosts > 1 or (not exchange.hosts and scope["http_version"] != "1.0"):
            return RequestError("请求头 Host 应当有且只有一个", fix="检查客户端或它前面的代理")
        if not scope["path"].isprintable():
            return AddressUnknown("没有这个地址：里面有控制字符", fix="全部接口见 docs")
        return Busy("正在处理的请求太多", fix="稍后重试") if busy else None

    def _told(self, scope: Scope, exchange: Exchange, seconds: float) -> None:
        """Count and log a request: its route, never its address or body, which are the client's words."""
        route = getattr(scope.get("route"), "path", "other")
        self._metrics.answered(route, scope["method"], exchange.status, seconds)
        self._requests.told(
            request_id=exchange.request_id, method=scope["method"], route=route, status=exchange.status,
            ms=round(seconds * 1000, 3), client=exchange.client,
        )  # fmt: skip


def _quiet(send: Send) -> Send:
    """Return ``send`` without the traceback of a refused start; the reason has been logged in one line."""

    async def sending(message: Message) -> None:
        await send({"type": message["type"]})

    return sending
