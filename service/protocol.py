"""uvicorn's HTTP protocol, with the two time limits it lacks and errors in our shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from classifier.errors import RequestError
from service.security import EXCHANGE

if TYPE_CHECKING:
    import asyncio

    from uvicorn.config import Config
    from uvicorn.server import ServerState

    from service.security import Exchange

LIMITS = "tousu.limits"  # the application says in its lifespan's state how long heads and bodies may take
HEAD = b"HTTP/1."
MOST_DISCARDED = 64 * 1024 * 1024
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
        self.set_protocol = transport.set_protocol

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
        super().data_received(data)
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
        self._awaited, self._discarded = "body", 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body has come."""
        self._awaited = "nothing"
        super().on_message_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, or throw it away if the answer has gone out already."""
        if self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > MOST_DISCARDED:
                self.transport.close()
            return
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no HTTP."""
        del msg
        self._awaited = "nothing"
        error = RequestError("收到的不是合法的 HTTP 请求")
        body = orjson.dumps({"error": error.code, "message": str(error), "request_id": ""})
        head = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self.transport.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        self.transport.close()

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
