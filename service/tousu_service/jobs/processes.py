"""Processes that the service starts, brought to their end."""

from __future__ import annotations

import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def end_process(process: subprocess.Popen[bytes], send: Callable[[int], object], *, seconds: float) -> None:
    """End a process, kindly first.

    Args:
        process: The process.
        send: Sends it a signal, and to what else is to end with it.
        seconds: How long it may take to end by itself.
    """
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            send(how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return
