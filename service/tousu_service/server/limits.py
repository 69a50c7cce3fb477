"""What one connection may take: seconds, and places among those of its address."""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network, IPv6Network

KEY = "tousu.limits"  # where the application's lifespan tells the protocol of them


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on connections, the same for all of a worker.

    Attributes:
        head: Seconds a client has for a request's head.
        body: Seconds it has for the body; of a stream, for each line.
        write: Seconds it may leave unread what is waiting to be sent.
        most_connections: How many it may hold open from one address; 0 is no limit.
        proxies: Networks of the proxies, whose connections are those of many clients.
    """

    head: float
    body: float
    write: float
    most_connections: int
    proxies: Sequence[IPv4Network | IPv6Network]
    _open: Counter[str] = field(default_factory=Counter)

    def enter(self, host: str) -> bool:
        """Count a connection from an address; return whether it may stay. ``leave`` must follow if so."""
        if not self.most_connections or self._is_proxy(host):
            return True
        if self._open[host] >= self.most_connections:
            return False
        self._open[host] += 1
        return True

    def leave(self, host: str) -> None:
        """Count a connection that ended."""
        if host in self._open:
            self._open[host] -= 1
            if not self._open[host]:
                del self._open[host]

    def _is_proxy(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:  # a socket of another kind
            return True
        return any(address in network for network in self.proxies)
