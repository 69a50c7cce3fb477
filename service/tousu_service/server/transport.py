"""A connection's transport: heads held back for their bodies, and ends that the other side gets to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

HEAD = b"HTTP/1."


class Corked:
    """A transport that holds an answer's head back until its body comes: one system call and one packet, not two.

    A head without a body following in the same turn of the loop is sent at the end of that turn. ``close`` is what
    the server calls after an answer that ends a connection: it ends only what is sent. A connection closed while
    something received lies unread is reset, and with it the answer is lost; so ``on_half_closed`` has to see to
    it that the rest is read, and to call ``end``.

    Args:
        transport: The connection's transport, which gets everything else as it is.
        loop: The event loop.
        on_half_closed: Called once, when what is sent has been ended.
        seconds: How long what was sent may take to be received once the connection is ended.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        *,
        on_half_closed: Callable[[], None],
        seconds: float,
    ) -> None:
        self._transport, self._loop, self._held = transport, loop, b""
        self._on_half_closed, self._seconds = on_half_closed, seconds
        self._half_closed = False
        self._last_call: asyncio.TimerHandle | None = None
        self.get_extra_info, self.abort = transport.get_extra_info, transport.abort
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

    def is_closing(self) -> bool:
        """Return whether no further answer will be sent."""
        return self._half_closed or self._transport.is_closing()

    def close(self) -> None:
        """Send what was held back and end what is sent; what comes is still received."""
        if self.is_closing():
            return
        self._half_closed = True
        self._release()
        self._transport.write_eof()
        self._on_half_closed()

    def end(self) -> None:
        """End the connection, at the latest when the other side has not taken what was sent in time."""
        if self._transport.is_closing():
            return
        self._release()
        self._transport.close()
        self._last_call = self._loop.call_later(self._seconds, self._transport.abort)

    def ended(self) -> None:
        """Forget the time limit of a connection that is no more."""
        if self._last_call is not None:
            self._last_call.cancel()

    def _release(self) -> None:
        if self._held:
            self._transport.write(self._held)
            self._held = b""
