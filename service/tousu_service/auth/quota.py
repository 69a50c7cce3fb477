"""How much each key may ask for in a day: numbers in memory that all workers share."""

from __future__ import annotations

import mmap
import time
import zlib
from typing import TYPE_CHECKING

from tousu.timezone import SHANGHAI, today

if TYPE_CHECKING:
    from pathlib import Path

SLOTS = 1 << 14
FILE = "quota"
DAY_SECONDS = 24 * 3600
FIELDS = 3  # the day, and what was asked for in it: requests, texts


class Quota:
    """Counts each client's requests and texts of the present day, Beijing time; a restart begins anew.

    Clients are put into slots by a hash, as their rates are (``RateLimit``). Workers write without a lock: at worst
    something that two of them counted in the same microsecond is counted once.

    Args:
        directory: Where the workers' shared file is; ``None`` keeps the numbers in this process.
        requests: Most requests of a client in a day; 0 is no limit.
        texts: Most texts; 0 is no limit.
    """

    def __init__(self, directory: Path | None, *, requests: int, texts: int) -> None:
        self._most = (requests, texts)
        self.active = bool(requests or texts)
        size = SLOTS * FIELDS * 8
        if directory is None:
            self._memory = mmap.mmap(-1, size)
        else:
            with (directory / FILE).open("a+b") as file:
                file.truncate(size)
                self._memory = mmap.mmap(file.fileno(), size)
        self._numbers = memoryview(self._memory).cast("q")

    def take(self, client: str, *, requests: int = 0, texts: int = 0) -> float:
        """Count what a client asks for; return 0, or the seconds until the next day (then it is not counted)."""
        if not self.active:
            return 0.0
        at = zlib.crc32(client.encode()) % SLOTS * FIELDS
        numbers = self._numbers
        day = _day()
        if numbers[at] != day:
            numbers[at], numbers[at + 1], numbers[at + 2] = day, 0, 0
        counted = numbers[at + 1] + requests, numbers[at + 2] + texts
        if any(most and count > most for count, most in zip(counted, self._most, strict=True)):
            return _seconds_left()
        numbers[at + 1], numbers[at + 2] = counted
        return 0.0

    def close(self) -> None:
        """Let go of the memory."""
        self._numbers.release()
        self._memory.close()


def _day() -> int:
    """Return the number of the present day, Beijing time."""
    return today().toordinal()


def _seconds_left() -> float:
    """Return the seconds until it ends."""
    offset = SHANGHAI.utcoffset(None).total_seconds()
    return DAY_SECONDS - (time.time() + offset) % DAY_SECONDS
