"""Starting the worker when there is something to do, again when it dies, and ending it with the service."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tousu.errors import TousuError
from tousu_service.jobs import places, reminders, vectors
from tousu_service.jobs.held import is_dead
from tousu_service.jobs.processes import end_process
from tousu_service.store import Store, jobs, shadows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tousu_service.settings import Settings

POLL_SECONDS = 0.25
IDLE_SECONDS = 30.0
LONGEST_PAUSE = 30.0
END_SECONDS = 20.0
LOOK_SECONDS = 10.0
KEPT_BACK = ("PROMETHEUS_MULTIPROC_DIR",)  # the worker counts nothing for /metrics


class Supervisor:
    """Watches the store for work in a thread, and one worker process at most.

    Args:
        settings: The settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._failures, self._next_look = 0, 0.0
        self._thread = threading.Thread(target=self._watch, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the worker, which gives back what it holds, and stop watching."""
        self._over.set()
        self._thread.join(END_SECONDS)
        process = self._process
        if process is not None and process.poll() is None:
            end_process(process, process.send_signal, seconds=END_SECONDS)

    def _watch(self) -> None:
        """Start the worker whenever there is work and none runs; after one that died quickly, wait ever longer."""
        store = Store.open(self._settings.database_url)
        is_here = functools.partial(places.is_here, self._settings)
        pause = POLL_SECONDS
        try:
            while not self._over.wait(pause):
                pause = POLL_SECONDS
                if self._process is not None and self._process.poll() is None:
                    continue
                ended, self._process = self._process, None
                if ended is not None and ended.returncode != 0:
                    self._failures += 1
                    pause = min(POLL_SECONDS * 2**self._failures, LONGEST_PAUSE)
                    continue
                self._failures = 0 if ended is not None else self._failures
                try:
                    wanted = jobs.anything_to_do(store, is_dead=is_dead, is_here=is_here) or self._now_and_then(store)
                except TousuError:  # the application tells of a store that cannot be reached
                    continue
                if wanted:
                    self._process = self._started()
        finally:
            store.close()

    def _now_and_then(self, store: Store) -> bool:
        """Return whether a model in the shadow has cases to tag, reminders are to be sent or vectors to be made."""
        if time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + LOOK_SECONDS
        with store.reading() as connection:
            waits = shadows.has_work(connection)
        return waits or reminders.is_due(store, self._settings) or vectors.has_work(store, self._settings)

    def _started(self) -> subprocess.Popen[bytes]:
        """Start a worker."""
        command = [sys.executable, "-m", "tousu", "work", "--idle", str(IDLE_SECONDS)]
        env = {name: value for name, value in os.environ.items() if name not in KEPT_BACK}
        return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL)


@contextmanager
def supervised(settings: Settings) -> Iterator[None]:
    """Do background jobs while the service runs, if this machine is to."""
    if not settings.job_worker:
        yield
        return
    supervisor = Supervisor(settings)
    supervisor.start()
    try:
        yield
    finally:
        supervisor.stop()
