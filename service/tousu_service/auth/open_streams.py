"""How many streams each client holds open."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from threading import Lock

from tousu.errors import RateExceeded


class OpenStreams:
    """Counts the open streams of each client of this worker process. Thread-safe.

    Args:
        most: How many a client may have open at once.
    """

    def __init__(self, most: int) -> None:
        self._most, self._open, self._lock = most, Counter[str](), Lock()

    def enter(self, client: str) -> ExitStack:
        """Count a stream that begins; return what gives the place back when it is closed.

        Raises:
            RateExceeded: The client has too many open.
        """
        with self._lock:
            if self._open[client] >= self._most:
                raise RateExceeded(
                    f"同时打开的流式请求过多：至多 {self._most} 个", fix="等已有的结束，或合成较少的几个"
                )
            self._open[client] += 1
        place = ExitStack()
        place.callback(self._leave, client)
        return place

    def _leave(self, client: str) -> None:
        with self._lock:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]
