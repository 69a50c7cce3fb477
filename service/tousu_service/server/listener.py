"""The socket `tousu serve` listens on: one for a single worker, one for each of several."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from tousu.errors import SettingsError
from tousu.messages import system_reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from tousu_service.settings import Settings

WAITING = 2048


class EachItsOwn(socket.socket):
    """A bound address of which every worker process that is given it makes a listening socket of its own.

    The kernel then shares new connections out among the workers that are ready (SO_REUSEPORT, socket(7)). On one
    socket for all, whoever wakes first takes whatever waits: of 16 connections one worker was seen to hold all.
    """

    def __reduce_ex__(self, protocol: Any) -> tuple[Callable[..., socket.socket], tuple[Any, ...]]:
        """Tell how the worker process makes its own."""
        del protocol
        return _shared, (self.family, self.type, self.proto, self.getsockname())


def bound(settings: Settings) -> socket.socket:
    """Return the socket to serve on.

    A single worker's listens already: who asks before the model is loaded waits instead of being refused.

    Raises:
        SettingsError: The address is taken or not ours.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        alone = socket.socket(family, kind, protocol)
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        alone.bind(address)
        alone.listen(WAITING)
        if settings.workers == 1 or not hasattr(socket, "SO_REUSEPORT"):
            alone.set_inheritable(True)
            return alone
        # Nobody else has the address, or this would have failed: a shared one alone would join whoever shares it too.
        address = alone.getsockname()
        alone.close()
        return _shared(family, kind, protocol, address, EachItsOwn)
    except OSError as error:
        raise SettingsError(
            f"不能监听 {settings.host}:{settings.port}（{system_reason(error)}）",
            expected="本机的地址和没有被占用的端口", fix="停掉占用它的程序，或用 --port 换一个",
        ) from error  # fmt: skip


def _shared(
    family: int, kind: int, protocol: int, address: Any, form: type[socket.socket] = socket.socket
) -> socket.socket:
    """Return a socket bound to an address that others of this user may be bound to as well."""
    made = form(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(address)
    return made
