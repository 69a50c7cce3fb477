"""The workers: started on one socket, told where to share their numbers, run until a signal stops them."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tousu_service.auth.access import refuse_open_access
from tousu_service.jobs.supervisor import supervised
from tousu_service.store import Store

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from types import FrameType

    from tousu_service.settings import Settings

PREFIX = "TOUSU_"


def check_access(settings: Settings) -> None:
    """Refuse to stand open to other machines, before any worker starts.

    Raises:
        SettingsError: No key is in force.
        StoreError: The store cannot be asked.
    """
    if settings.on_loopback:
        return
    store = Store.open(settings.database_url)
    try:
        store.migrate()
        refuse_open_access(settings, store)
    finally:
        store.close()


def run(settings: Settings, listener: socket.socket) -> bool:
    """Run the workers until they are told to stop; return whether they could start.

    The workers are processes of their own and read their settings from the environment, which is set here.
    """
    given = {
        "host": settings.host, "port": listener.getsockname()[1], "workers": settings.workers, "model": settings.model,
    }  # fmt: skip
    os.environ.update({PREFIX + name.upper(): str(value) for name, value in given.items() if value is not None})
    with _run_dir(settings) as shared:
        os.environ.update(shared)
        with supervised(settings):
            return _run(settings, listener)


@contextmanager
def _run_dir(settings: Settings) -> Iterator[dict[str, str]]:
    """Give the environment that tells the workers, of requests and of jobs, where to share their numbers."""
    directory = tempfile.mkdtemp(prefix="tousu-run-")
    try:
        yield {"TOUSU_RUN_DIR": directory} | ({"PROMETHEUS_MULTIPROC_DIR": directory} if settings.workers > 1 else {})
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _run(settings: Settings, listener: socket.socket) -> bool:
    """Run the workers; return whether they could start."""
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from tousu_service.server.protocol import Protocol
    from tousu_service.telemetry import logs

    config = uvicorn.Config(
        "tousu_service.app:from_environment", factory=True, workers=settings.workers, loop="uvloop", ws="none",
        http=Protocol, lifespan="on", log_config=None, access_log=False, server_header=False,
        forwarded_allow_ips=settings.trusted_proxies, timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )  # fmt: skip
    if settings.workers > 1:
        logs.configure(settings)
        Multiprocess(config, sockets=[listener]).run()
        return True
    # uvicorn raises the signal that stopped it once more when all is done: that is our regular end.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, _leave)
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    return server.started


def _leave(number: int, frame: FrameType | None) -> None:
    """End the process as one that has done its work."""
    del number, frame
    sys.exit(0)
