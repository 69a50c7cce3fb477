"""A job in a worker's hands: its heartbeat in a thread of its own, how far it is, and whether it is to stop."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from typing import TYPE_CHECKING, Self

from tousu.errors import StoreError
from tousu_service.store import jobs

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tousu_service.store import Store
    from tousu_service.store.jobs import Job, Verdict

BEAT_SECONDS = 1.0


class JobStopped(Exception):
    """The job is to stop: it was cancelled, or another worker has it now.

    Attributes:
        lost: Whether it is no longer ours.
    """

    def __init__(self, *, lost: bool) -> None:
        self.lost = lost
        super().__init__("lost" if lost else "cancelled")


def owner_name() -> str:
    """Return a name for one claim of this process: machine, process, and what no other claim has."""
    return f"{socket.gethostname()[:100]}:{os.getpid()}:{secrets.token_hex(8)}"


def is_dead(owner: str) -> bool:
    """Return whether a job's holder was a process of this machine that runs no more."""
    host, _, rest = owner.partition(":")
    number = rest.partition(":")[0]
    if host != socket.gethostname()[:100] or not number.isdigit():
        return False
    if int(number) == os.getpid():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


class HeldJob:
    """A claimed job, to be entered while it is worked on.

    Args:
        store: The store.
        job: The job, as ``jobs.claim`` gave it.
        ending: Set when the worker is to end.

    Attributes:
        job: The job.
        step: What is being done now, in Chinese.
        progress: Units of work done.
        total: Units there are, None while unknown.
        rows: Rows done, by earlier attempts too.
    """

    def __init__(self, store: Store, job: Job, ending: threading.Event | None = None) -> None:
        self.job, self._store, self._ending = job, store, ending or threading.Event()
        self.step, self.progress, self.total, self.rows = job.step, 0, job.total, job.rows
        self._verdict: Verdict = "go"
        self._last = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beats, name=f"heartbeat {job.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join(30)

    def check(self) -> None:
        """Go on, unless the job is to stop.

        Raises:
            JobStopped: It is.
            KeyboardInterrupt: The worker is to end.
        """
        if self._ending.is_set():
            raise KeyboardInterrupt
        if self._verdict != "go":
            raise JobStopped(lost=self._verdict == "lost")

    def renew(self, connection: sa.Connection) -> None:
        """Renew the lease within a writing transaction: what it writes stands only if the job still is ours.

        The heartbeat has to wait while this very process writes; so a long transaction renews the lease itself.

        Raises:
            JobStopped: Another worker has it.
        """
        if not jobs.touch(connection, self.job):
            raise JobStopped(lost=True)
        self._last = time.monotonic()

    def _beats(self) -> None:
        """Say that this worker lives until the job is over; without the store for longer than a lease, it is lost."""
        while not self._over.wait(BEAT_SECONDS):
            try:
                self._verdict = jobs.beat(
                    self._store, self.job,
                    progress=self.progress, total=self.total, rows=self.rows, step=self.step,
                )  # fmt: skip
            except StoreError:
                if time.monotonic() - self._last > jobs.LEASE.total_seconds():
                    self._verdict = "lost"
            else:
                self._last = time.monotonic()
            if self._verdict == "lost":
                return
