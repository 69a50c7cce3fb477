"""The store: opening, migrating, reading and writing transactions."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from tousu.errors import SettingsError, StoreError
from tousu.messages import system_reason
from tousu_service.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Connection as DBAPIConnection

    from sqlalchemy.pool import ConnectionPoolEntry

WAIT_SECONDS = 5
CACHE_KIB = (
    65_536  # of a SQLite file's pages a connection keeps at most; with 2 MB adding 100,000 cases reads them anew
)
DISK_FULL = ("database or disk is full", "no space left on device")  # SQLite's and PostgreSQL's words
WRITERS = 0x746F757375  # the advisory lock all writers of one PostgreSQL database take
POSTGRES_OPTIONS = f"-c statement_timeout={WAIT_SECONDS * 1000} -c lock_timeout={WAIT_SECONDS * 1000} -c timezone=UTC"


class Store:
    """What the service keeps, in SQLite or PostgreSQL. Thread-safe; one per process.

    Writers take turns: on SQLite by its own lock, on PostgreSQL by an advisory one. So numbers and times of
    rows grow in the order in which they become visible, and who reads "all until now" misses none.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Return the store at a database URL. Nothing is connected yet.

        Args:
            url: ``sqlite:///relative/path``, ``sqlite:////absolute/path`` or ``postgresql+psycopg://…``.

        Raises:
            SettingsError: The URL is none, or of another kind of database.
            StoreError: The directory of the SQLite file cannot be made.
        """
        try:
            parsed = sa.make_url(url)
        except ArgumentError as error:
            raise _wrong_url() from error
        if parsed.drivername in {"postgresql", "postgres"}:
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
            return cls(_sqlite(parsed))
        if parsed.drivername == "postgresql+psycopg":
            return cls(_postgres(parsed))
        raise _wrong_url()

    @property
    def where(self) -> str:
        """The database's address without its password, for logs and people."""
        return self.engine.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    def migrate(self) -> None:
        """Bring the tables to this version's state; safe when several workers start at once.

        Raises:
            StoreError: The database cannot be reached or written, or a newer tousu has migrated it.
        """
        with self.writing() as connection:
            schema.upgrade(connection)

    def ready(self) -> None:
        """Check that the database answers, is migrated and takes writes.

        Raises:
            StoreError: It is not so; the message says what to do.
        """
        with self.reading() as connection:
            schema.check(connection)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection in a reading transaction.

        Raises:
            StoreError: The database cannot be reached or failed.
        """
        with self._failing_by_name(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection in a writing transaction, one writer at a time; leaving it commits durably.

        Raises:
            StoreError: The database cannot be reached, is locked for too long, or failed.
        """
        with self._failing_by_name(), self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection = connection.execution_options(tousu_begin="IMMEDIATE")
            with connection.begin():
                if connection.dialect.name != "sqlite":
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITERS)))
                yield connection

    @contextmanager
    def _failing_by_name(self) -> Iterator[None]:
        """Turn the database's errors into ``StoreError``, without the statement's values or the password."""
        try:
            yield
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            if any(sign in str(cause).lower() for sign in DISK_FULL):
                raise StoreError(
                    f"磁盘已满，写不进数据库：{self.where}", fix="清理磁盘；已有的数据完好，之后自动恢复"
                ) from error
            kind = type(cause).__name__
            raise StoreError(
                f"数据库暂不可用（{kind}）：{self.where}",
                fix="检查数据库是否在运行、磁盘是否已满、权限是否正确；稍后重试",
            ) from error


def _wrong_url() -> SettingsError:
    """Return the error for an unusable database address, which may hold a password and is not repeated."""
    return SettingsError(
        "数据库地址（database_url）不可用",
        expected="sqlite:///路径 或 postgresql+psycopg://用户:口令@主机/库名",
        fix="改正该设置",
    )


def _sqlite(url: sa.URL) -> sa.Engine:
    """Return an engine on a SQLite file that writes through to the disk at every commit."""
    if not url.database or url.database == ":memory:":
        raise _wrong_url()
    file = Path(url.database).resolve()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _make_private(file)
    except OSError as error:
        raise StoreError(f"数据库文件打不开：{file}（{system_reason(error)}）", fix="检查目录是否存在、可写") from error
    engine = sa.create_engine(
        url.set(drivername="sqlite", database=str(file)),
        connect_args={"timeout": WAIT_SECONDS},
        pool_timeout=WAIT_SECONDS,
        json_serializer=_to_json,
        json_deserializer=_from_json,
    )

    @sa.event.listens_for(engine, "connect")
    def connect(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        del record
        connection.isolation_level = None  # the driver begins nothing by itself
        _write_ahead(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", f"cache_size=-{CACHE_KIB}"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('tousu_begin', 'DEFERRED')}")

    return engine


def _write_ahead(connection: DBAPIConnection) -> None:
    """Let a SQLite file have its write-ahead log. Of several that open a new file, SQLite lets none wait for this step.

    Raises:
        sqlite3.OperationalError: The file is still locked after ``WAIT_SECONDS``.
    """
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _to_json(value: Any) -> str:
    """Return a value as JSON; half a character, which no UTF-8 holds, is escaped as ``json`` does."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)


def _from_json(words: str | bytes) -> Any:
    """Return what JSON says, as ``_to_json`` or ``json`` wrote it."""
    try:
        return orjson.loads(words)
    except orjson.JSONDecodeError:
        return json.loads(words)


def _make_private(file: Path) -> None:
    """Make a file that is not there, readable to its owner alone: complaints' texts are nobody else's business.

    A file that is there is not opened: closing it would drop the locks of this process's other connections to it
    (https://sqlite.org/howtocorrupt.html, 2.2), and the next process to leave would take the log away under them.

    Raises:
        OSError: It cannot be made, or not be read and written.
    """
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if file.is_dir() or not os.access(file, os.R_OK | os.W_OK):
        code = errno.EISDIR if file.is_dir() else errno.EACCES
        raise OSError(code, os.strerror(code), str(file))


def _postgres(url: sa.URL) -> sa.Engine:
    """Return an engine on PostgreSQL that gives up in seconds rather than hang when the server is gone."""
    return sa.create_engine(
        url,
        pool_size=5, max_overflow=5, pool_timeout=WAIT_SECONDS, pool_pre_ping=True,
        json_serializer=_to_json, json_deserializer=_from_json,
        connect_args={
            "connect_timeout": WAIT_SECONDS, "options": POSTGRES_OPTIONS, "application_name": "tousu",
            "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 10_000,
        },
    )  # fmt: skip
