"""Giving back memory that only starting needed."""

from __future__ import annotations

import ctypes
import gc
import re
from pathlib import Path

MAPS = Path("/proc/self/smaps")
COMPILER = "libllvmlite"
DONT_NEED = 4
RANGE = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (\S+) .*?(/\S*)?$")


def settle() -> None:
    """Tell the collector that what has been built stays, and let the compiler's pages go.

    The compiled loops come from a cache, but linking them touches most of the compiler's 70 MB of code.
    Those pages are a file's, unchanged; the kernel reads them again should they ever be needed.
    """
    gc.freeze()
    gc.enable()
    if MAPS.exists():
        libc = ctypes.CDLL(None, use_errno=True)
        for start, size in _clean_ranges(MAPS.read_text()):
            libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(size), DONT_NEED)


def _clean_ranges(smaps: str) -> list[tuple[int, int]]:
    """Return (start, size) of the compiler's mappings that cannot be written and have not been."""
    found: list[tuple[int, int]] = []
    wanted = False
    for line in smaps.splitlines():
        head = RANGE.match(line)
        if head:
            start, end = int(head[1], 16), int(head[2], 16)
            wanted = COMPILER in (head[4] or "") and "w" not in head[3]
            if wanted:
                found.append((start, end - start))
        elif wanted and line.startswith(("Private_Dirty:", "Anonymous:")) and line.split()[1] != "0":
            found.pop()
            wanted = False
    return found
