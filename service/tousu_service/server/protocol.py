"""uvicorn's HTTP protocol, with the limits on time and on heads it lacks and errors in our shape."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, cast

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tousu.errors import HeadTooLarge, RequestError
from tousu_service.http.error_handlers import status_of
from tousu_service.http.middleware import EXCHANGE

if TYPE_CHECKING:
    import asyncio

    from uvicorn.config import Config
    from uvicorn.server import ServerState

    from tousu_service.http.middleware import Exchange

LIMITS = "tousu.limits"  # the application says in its lifespan's state how long heads and bodies may take
HEAD = b"HTTP/1."
MOST_DISCARDED = 64 * 1024 * 1024
MOST_HEAD = 64 * 1024  # bytes of a request line and headers together
MOST_HEADERS = 100
Awaited = Literal["head", "body", "nothing"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds a client has for a request's head and for its body (of a stream: for each piece of it)."""

    head: float
    body: float


class Corked:
    """A transport that holds an answer's head back until its body comes: one system call and one packet, not two.

    A head without a body following in the same turn of the loop is sent at the end of that turn.

    Args:
        transport: The connection's transport, which gets everything else as it is.
        loop: The event loop.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop, self._held = transport, loop, b""
        self.is_closing, self.get_extra_info = transport.is_closing, transport.get_extra_info
        self.pause_reading, self.resume_reading = transport.pause_reading, transport.resume_reading
        self.set_protocol, self.can_write_eof = transport.set_protocol, transport.can_write_eof

    def write(self, data: bytes) -> None:
        """Send, what was held back first; hold back what begins an answer."""
        if self._held:
            self._transport.write(self._held + data)
            self._held = b""
        elif data.startswith(HEAD):
            self._held = data
            self._loop.call_soon(self._release)
        else:
            self._transport.write(data)

    def write_eof(self) -> None:
        """Send what was held back, then end what is sent; what comes is still received."""
        self._release()
        self._transport.write_eof()

    def close(self) -> None:
        """Send what was held back, then close."""
        self._release()
        self._transport.close()

    def _release(self) -> None:
        if self._held:
            self._transport.write(self._held)
            self._held = b""


class Protocol(HttpToolsProtocol):
    """One connection.

    A client that does not complete its request's head or body in time is cut off; a request that arrives in
    one piece, as nearly all do, never starts a clock. A client that goes on sending a body already refused
    is cut off after ``MOST_DISCARDED`` bytes (until then the rest is read and thrown away, so that the
    client gets to see the refusal rather than a reset connection).

    A head, or what comes after the last piece of a body, may be ``MOST_HEAD`` bytes long: the parser holds all
    of it, and copies it anew with each piece. So what is received is counted as long as it completes nothing.
    """

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:  # fmt: skip
        super().__init__(config, server_state, app_state, _loop)
        self._limits: Limits = app_state[LIMITS]
        self._clock: asyncio.TimerHandle | None = None
        self._awaited: Awaited = "head"
        self._clocked: Awaited = "nothing"
        self._discarded = 0
        self._pending = 0  # bytes received since something was complete, with those just being parsed
        self._refused: RequestError | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock for the first head."""
        super().connection_made(cast("asyncio.Transport", Corked(transport, self.loop)))
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came, and see whether more is awaited."""
        if self._refused is not None:
            self._discard(len(data))
            return
        before = self._pending = self._pending + len(data)
        super().data_received(data)
        if before == self._pending > MOST_HEAD:
            self._refuse(_head_too_large())
            return
        if self._awaited == "nothing":
            if self._clock is not None:
                self._stop_clock()
        elif self._clocked != self._awaited or self._is_stream():
            self._stop_clock()
            self._start_clock()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._awaited = "head"
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A body begins, if only an empty one."""
        if len(self.headers) > MOST_HEADERS or (self._pending > MOST_HEAD and self._head_size() > MOST_HEAD):
            self._refused = _head_too_large()
            raise self._refused  # the parser stops, and ``send_400_response`` is called
        self._awaited, self._discarded, self._pending = "body", 0, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body has come."""
        self._awaited, self._pending = "nothing", 0
        super().on_message_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, or throw it away if the answer has gone out already."""
        self._pending = 0
        if self.cycle.response_complete:
            self._discard(len(body))
            return
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no HTTP, or whose head is too large."""
        del msg
        self._refuse(self._refused or RequestError("收到的不是合法的 HTTP 请求"))

    def _refuse(self, error: RequestError) -> None:
        """Answer that the connection ends here, and read on for a while so that the client gets to see it."""
        self._refused, self._pending = error, 0
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # an answer now would be taken for that to the request before
            return
        status = HTTPStatus(status_of(error))
        body = orjson.dumps({"error": error.code, "message": str(error), "request_id": ""})
        head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self.transport.write(head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body)
        self.transport.write_eof()
        self._stop_clock()
        self._awaited, self._discarded = "head", 0
        self._start_clock()

    def _discard(self, size: int) -> None:
        """Throw received bytes away; end the connection if they do not end."""
        self._discarded += size
        if self._discarded > MOST_DISCARDED:
            self.transport.close()

    def _head_size(self) -> int:
        """Return the bytes of the request line and headers that have come."""
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _is_stream(self) -> bool:
        """Return whether the time limit holds for each piece, not for the whole body."""
        exchange: Exchange | None = self.scope.get(EXCHANGE) if self.scope else None  # type: ignore[assignment]
        return exchange is not None and exchange.streaming

    def _start_clock(self) -> None:
        seconds = self._limits.head if self._awaited == "head" else self._limits.body
        self._clock, self._clocked = self.loop.call_later(seconds, self._time_is_up), self._awaited

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock, self._clocked = None, "nothing"

    def _time_is_up(self) -> None:
        """Let the application refuse a late body; a late head, or a body already refused, ends the connection."""
        self._clock, self._clocked = None, "nothing"
        exchange: Exchange | None = self.scope.get(EXCHANGE) if self.scope else None  # type: ignore[assignment]
        if self._awaited == "body" and exchange is not None and not self.cycle.response_complete:
            exchange.late = True
            self.cycle.message_event.set()  # whoever waits for the body looks again
        elif not self.transport.is_closing():
            self.transport.close()


def _head_too_large() -> HeadTooLarge:
    """Return the error for a head over the limit."""
    return HeadTooLarge(
        "请求行与请求头过长", expected=f"合计不超过 {MOST_HEAD} 字节、{MOST_HEADERS} 行", fix="内容放在请求体里发送"
    )
