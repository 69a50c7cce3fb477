"""Whether there is room on the disk that holds the service's data."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tousu.messages import system_reason

if TYPE_CHECKING:
    from pathlib import Path

LEAST_FREE = 64 * 1024**2


def disk_state(place: Path) -> str:
    """Return ``ok``, or in Chinese what is wrong with the disk of a directory, which need not be there yet."""
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return f"{place} 看不到（{system_reason(error)}）"
    return "ok" if free >= LEAST_FREE else f"{place} 所在磁盘快满了，只剩 {free // 1024**2} MB"
