"""uvicorn's HTTP protocol, with the limits it lacks, errors in our shape, and answers that arrive."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, cast

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tousu.errors import BodyInvalid, BodyTooSlow, Busy, HeadTooLarge, RequestError
from tousu_service.http.error_handlers import status_of
from tousu_service.http.middleware import EXCHANGE
from tousu_service.server import limits
from tousu_service.server.transport import Corked

if TYPE_CHECKING:
    import asyncio

    from uvicorn.config import Config
    from uvicorn.server import ServerState

    from tousu_service.http.middleware import Exchange

MOST_DISCARDED = 64 * 1024 * 1024
MOST_HEAD = 64 * 1024  # bytes of a request line and headers together
MOST_HEADERS = 100
TURNED_AWAY_SECONDS = 1.0  # that a connection over the limit may last
OF_UPGRADES = frozenset({b"upgrade", b"http2-settings"})
Awaited = Literal["head", "body", "nothing"]


class Protocol(HttpToolsProtocol):
    """One connection.

    A client that does not complete its request's head or body in time is cut off, as is one that does not take
    what is sent to it; a request that arrives in one piece, as nearly all do, never starts a clock.

    An answer that ends the connection is followed by the end of what is sent, never by a reset: what still comes is
    read and thrown away until the client ends it, ``MOST_DISCARDED`` bytes have come, or the time for a body is up.

    A head, or what comes after the last piece of a body, may be ``MOST_HEAD`` bytes long: the parser holds all
    of it, and copies it anew with each piece. So what is received is counted as long as it completes nothing.
    """

    transport: Corked  # type: ignore[assignment]

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:  # fmt: skip
        super().__init__(config, server_state, app_state, _loop)
        self._limits: limits.Limits = app_state[limits.KEY]
        self._clock: asyncio.TimerHandle | None = None
        self._write_clock: asyncio.TimerHandle | None = None
        self._awaited: Awaited = "head"
        self._clocked: Awaited = "nothing"
        self._discarding = self._ended = self._counted = self._upgrading = self._line_came = False
        self._discarded = self._unanswered = 0
        self._pending = 0  # bytes received since something was complete, with those just being parsed
        self._refused: RequestError | None = None  # why what comes is no longer looked at

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock for the first head."""
        corked = Corked(transport, self.loop, on_half_closed=self._read_off, seconds=self._limits.write)
        super().connection_made(cast("asyncio.Transport", corked))
        self._counted = self._limits.enter(self._host())
        if self._counted:
            self._start_clock()
        else:
            most = self._limits.most_connections
            self._stop_parsing(Busy(f"这个地址打开的连接过多：至多 {most} 个", fix="共用连接，或稍后再试"))
            self._stop_clock()
            self._clock = self.loop.call_later(TURNED_AWAY_SECONDS, self.transport.end)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop_clock()
        self.resume_writing()
        self.transport.ended()
        if self._counted:
            self._limits.leave(self._host())
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came, and see whether more is awaited."""
        if self._discarding or self._refused is not None:
            self._discard(len(data))
            return
        before = self._pending = self._pending + len(data)
        self._unset_keepalive_if_required()
        if not self._parse(data):
            return
        if before == self._pending > MOST_HEAD:
            self._stop_parsing(_head_too_large())
        elif self._awaited == "nothing":
            if self._clock is not None:
                self._stop_clock()
        elif self._clocked != self._awaited or (self._line_came and self._is_stream()):
            self._stop_clock()
            self._start_clock()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Let a client that has ended its sending have the answers to what it sent whole."""
        self._ended = True
        if self._awaited == "body" and not self._drop_queued():
            return False
        return bool(self._unanswered) and not self._discarding

    def pause_writing(self) -> None:
        """Start the clock for a client that does not take what is sent."""
        super().pause_writing()
        if self._write_clock is None:
            self._write_clock = self.loop.call_later(self._limits.write, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop that clock."""
        super().resume_writing()
        if self._write_clock is not None:
            self._write_clock.cancel()
            self._write_clock = None

    def shutdown(self) -> None:
        """End the connection as soon as what came is answered; called when the server stops."""
        if self._unanswered:
            super().shutdown()
        else:
            self.transport.end()

    def timeout_keep_alive_handler(self) -> None:
        """End an idle connection."""
        self.transport.end()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._awaited = "head"
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A body begins, if only an empty one."""
        if len(self.headers) > MOST_HEADERS or (self._pending > MOST_HEAD and self._head_size() > MOST_HEAD):
            raise _head_too_large()  # the parser stops
        if self.parser.should_upgrade():
            self._upgrading = True  # the parser skips the body and hands back the rest
            return
        self._awaited, self._discarded, self._pending = "body", 0, 0
        self._unanswered += 1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body has come."""
        if self._upgrading:
            return
        self._awaited, self._pending = "nothing", 0
        super().on_message_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, or throw it away if the answer has gone out already."""
        self._pending = 0
        if self.cycle.response_complete:
            self._discard(len(body))
            return
        self._line_came = self._line_came or b"\n" in body
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Go on with what came meanwhile, or end the connection if that was no request."""
        self._unanswered -= 1
        super().on_response_complete()
        if not self._unanswered and not self.transport.is_closing():
            if self._refused is not None:
                self._answer_refusal(self._refused)
            elif self._ended:
                self.transport.end()

    def _parse(self, data: bytes) -> bool:
        """Hand what came to the parser; return whether more is to be handed to it."""
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = self._decline(data[offer.args[0] :])
                continue
            except httptools.HttpParserError as error:
                found = error.__context__
                ours = isinstance(found, RequestError)
                self._stop_parsing(found if ours else RequestError("收到的不是合法的 HTTP 请求"))  # type: ignore[arg-type]
            return self._refused is None
        return False

    def _decline(self, rest: bytes) -> bytes:
        """Take an offer to change the protocol for none (RFC 9110, 7.8); return what is to be parsed instead of it.

        The parser knows only to take it up: it skips the body. So it begins anew, with a head that offers nothing.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if method == b"CONNECT":
            self._stop_parsing(RequestError("这里不是代理服务器", fix="直接请求本服务的地址"))
            return b""
        kept = b"".join([b"%s: %s\r\n" % pair for pair in self._without_offer()])
        self._upgrading = False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return b"%s %s HTTP/%s\r\n%s\r\n%s" % (method, self.url, version.encode(), kept, rest)

    def _without_offer(self) -> list[tuple[bytes, bytes]]:
        """Return the headers without the offer of another protocol."""
        kept = []
        for name, value in self.headers:
            if name == b"connection":
                tokens = [token.strip() for token in value.split(b",") if token.strip().lower() not in OF_UPGRADES]
                kept += [(name, b", ".join(tokens))] if tokens else []
            elif name not in OF_UPGRADES:
                kept.append((name, value))
        return kept

    def _stop_parsing(self, error: RequestError) -> None:
        """Look at nothing that comes from here on; say so when all that came before is answered."""
        self._refused, self._pending = error, 0
        self._stop_clock()
        if self.transport.is_closing():
            return
        if self._awaited == "body" and not self._drop_queued() and not self.cycle.response_complete:
            self.cycle.keep_alive = False
            wrong = (
                error
                if isinstance(error, HeadTooLarge)
                else BodyInvalid("请求体的分块（chunked）写法不合 HTTP", fix="检查客户端或它前面的代理")
            )
            self.loop.call_soon(self._fail_body, wrong)  # the application may not have begun yet
        elif not self._unanswered:
            self._answer_refusal(error)

    def _drop_queued(self) -> bool:
        """Drop the request whose body will not come whole, if it still waits for one before it; return whether it did."""
        if self.pipeline and self.pipeline[0][0] is self.cycle:
            self.pipeline.popleft()
            self._unanswered -= 1
            return True
        return False

    def _answer_refusal(self, error: RequestError) -> None:
        """Answer that the connection ends here."""
        status = HTTPStatus(status_of(error))
        body = orjson.dumps({"error": error.code, "message": str(error), "request_id": ""})
        head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self.transport.write(head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body)
        self.transport.close()

    def _fail_body(self, error: RequestError) -> None:
        """Let the application refuse a body that will not come whole."""
        exchange: Exchange | None = self.scope.get(EXCHANGE)  # type: ignore[assignment]
        if exchange is None:
            self.transport.end()
            return
        exchange.failure = error
        self.cycle.message_event.set()  # whoever waits for the body looks again

    def _read_off(self) -> None:
        """After the last answer: read on for a while, so that the client gets to see it rather than a reset."""
        self._discarding, self._discarded = True, 0
        self._stop_clock()
        if self._ended:
            self.transport.end()
            return
        self.flow.resume_reading()
        self._clock = self.loop.call_later(self._limits.body, self.transport.end)

    def _discard(self, size: int) -> None:
        """Throw received bytes away; end the connection if they do not end."""
        self._discarded += size
        if self._discarded > MOST_DISCARDED:
            self.transport.end()

    def _host(self) -> str:
        return self.client[0] if self.client else ""

    def _head_size(self) -> int:
        """Return the bytes of the request line and headers that have come."""
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _is_stream(self) -> bool:
        """Return whether the time limit holds for each line, not for the whole body."""
        exchange: Exchange | None = self.scope.get(EXCHANGE) if self.scope else None  # type: ignore[assignment]
        return exchange is not None and exchange.streaming

    def _start_clock(self) -> None:
        seconds = self._limits.head if self._awaited == "head" else self._limits.body
        self._clock, self._clocked = self.loop.call_later(seconds, self._time_is_up), self._awaited
        self._line_came = False

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock, self._clocked = None, "nothing"

    def _time_is_up(self) -> None:
        """Let the application refuse a late body; a late head, or a body already refused, ends the connection."""
        self._clock, self._clocked = None, "nothing"
        if self.flow.read_paused:
            self._start_clock()  # it is we who do not read
        elif self._awaited == "body" and self.cycle is not None and not self.cycle.response_complete:
            seconds = self._limits.body
            self._fail_body(BodyTooSlow(f"请求体没有在 {seconds:g} 秒内收完", fix="检查网络，或分成较小的请求"))
        else:
            self.transport.end()


def _head_too_large() -> HeadTooLarge:
    """Return the error for a head over the limit."""
    return HeadTooLarge(
        "请求行与请求头过长", expected=f"合计不超过 {MOST_HEAD} 字节、{MOST_HEADERS} 行", fix="内容放在请求体里发送"
    )
