"""Ctrl-C and SIGTERM during a run: noted, and obeyed between two blocks."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopper:
    """While entered, the first signal only sets ``stopped``; a second one stops at once.

    Args:
        active: Whether to do so; reading from a pipe may wait for ever, so there the first signal must do.

    Attributes:
        stopped: Whether the user wants the run to end.
    """

    def __init__(self, *, active: bool = True) -> None:
        self.stopped = False
        self._active = active
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if self._active and threading.current_thread() is threading.main_thread():
            self._before = {name: signal.signal(name, self._note) for name in SIGNALS}
        return self

    def __exit__(self, *exc: object) -> None:
        for name, handler in self._before.items():
            signal.signal(name, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self.stopped:
            raise KeyboardInterrupt
        self.stopped = True
