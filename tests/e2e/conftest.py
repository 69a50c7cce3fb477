"""Real servers: one that all tests share, and ones with settings of their own."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.harness.server import ROOT, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

NDJSON = {"Content-Type": "application/x-ndjson"}


@contextmanager
def running(home, *, workers=1, **settings) -> Iterator[Server]:
    made = Server(home, workers=workers, **settings)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def service(tmp_path_factory) -> Iterator[Server]:
    """The server most tests ask: the shipped model, the loopback, no keys."""
    with running(tmp_path_factory.mktemp("service")) as made:
        yield made


@pytest.fixture(scope="session")
def web(service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=20, trust_env=False) as client:
        yield client


@pytest.fixture
def serve(tmp_path) -> Callable[..., AbstractContextManager[Server]]:
    """Start a server with settings of one's own."""

    def start(*, workers: int = 1, **settings: str) -> AbstractContextManager[Server]:
        return running(tmp_path, workers=workers, **settings)

    return start


def ask(server: Server, method: str, path: str, **options) -> httpx.Response:
    """Ask a server once, on a connection of its own."""
    return httpx.request(
        method, f"http://127.0.0.1:{server.port}{path}", timeout=20, verify=False, trust_env=False, **options
    )


def command(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a tousu command with a server's settings."""
    whole = [sys.executable, "-m", "tousu", *arguments]
    return subprocess.run(whole, cwd=ROOT, env=server.env, capture_output=True, text=True, check=False, timeout=60)


def new_key(server: Server, *scopes: str) -> str:
    """Make a key; return it whole."""
    wanted = [word for scope in scopes for word in ("--scope", scope)]
    done = command(server, "keys", "add", "受理系统", *wanted)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
