"""How fast each client may ask: one number per client in memory that all workers share."""

from __future__ import annotations

import mmap
import time
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SLOTS = 1 << 14
FILE = "rates"


class RateLimit:
    """The generic cell rate algorithm: for each client the moment at which its bucket is empty again.

    Clients are put into slots by a hash; two that share one (keys number in the dozens, slots in the
    thousands) share their rate. Workers write without a lock: at worst one request of two that came in the
    same microsecond is not counted.

    Args:
        directory: Where the workers' shared file is; ``None`` keeps the numbers in this process.
        per_second: Requests a second in the long run; 0 is no limit.
        burst: Requests that may come at once.
    """

    def __init__(self, directory: Path | None, *, per_second: float, burst: int) -> None:
        self._step = 1 / per_second if per_second else 0.0
        self._depth = burst * self._step
        if directory is None:
            self._memory = mmap.mmap(-1, SLOTS * 8)
        else:
            with (directory / FILE).open("a+b") as file:
                file.truncate(SLOTS * 8)
                self._memory = mmap.mmap(file.fileno(), SLOTS * 8)
        self._empty_at = memoryview(self._memory).cast("d")

    def take(self, client: str) -> float:
        """Count one request of a client; return 0, or the seconds until it may ask again (then it is not counted)."""
        if not self._step:
            return 0.0
        slot = zlib.crc32(client.encode()) % SLOTS
        now = time.monotonic()
        empty_at = max(self._empty_at[slot], now) + self._step
        if empty_at - now > self._depth:
            return empty_at - now - self._depth
        self._empty_at[slot] = empty_at
        return 0.0

    def close(self) -> None:
        """Let go of the memory."""
        self._empty_at.release()
        self._memory.close()
