"""A database's copy in one file, taken while the service writes; looked at before it counts, and put back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tousu.errors import StoreError
from tousu.messages import system_reason
from tousu_service.store import audit
from tousu_service.store.base import Store
from tousu_service.store.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Sequence

SQLITE_HEAD = b"SQLite format 3\0"
POSTGRES_HEAD = b"PGDMP"
PROGRAM_SECONDS = 3600


def backup(store: Store, target: Path, *, by: str) -> dict[str, int]:
    """Write a consistent copy that only its owner can read; return how many rows each table has in it.

    Raises:
        StoreError: It exists already, cannot be written, or does not hold what it should; nothing is left there then.
    """
    if target.exists():
        raise StoreError(f"{target} 已经存在", fix="换一个文件名，备份不覆盖旧的")
    fresh = target.with_name(f".{target.name}.{os.getpid()}.new")
    audit.append(store, "backup_made", actor=by, detail={"file": target.name})
    try:
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        if store.engine.dialect.name == "sqlite":
            rows = _copy_sqlite(Path(str(store.engine.url.database)), fresh)
        else:
            rows = _dump_postgres(store, fresh)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.rename(target)
    except OSError as error:
        raise StoreError(f"备份写不到 {target}（{system_reason(error)}）", fix="检查目录、权限与磁盘空间") from error
    finally:
        fresh.unlink(missing_ok=True)
    return rows


def restore(url: str, source: Path, *, by: str) -> dict[str, int]:
    """Put a copy in the database's place, after looking at it; return how many rows each table has.

    A SQLite file that was there is kept beside, under a name that ends in the time.

    Raises:
        StoreError: It is no sound copy for this kind of database and this version, or the service is running.
    """
    store = Store.open(url)
    try:
        with source.open("rb") as file:
            head = file.read(16)
        sqlite = store.engine.dialect.name == "sqlite"
        if not head.startswith(SQLITE_HEAD if sqlite else POSTGRES_HEAD):
            expected = "SQLite 的备份" if sqlite else "pg_dump 的备份"
            raise StoreError(f"{source} 不是 {expected}", expected=expected, fix="检查 database_url 与备份文件")
        if sqlite:
            _put_sqlite(Path(str(store.engine.url.database)), source)
        else:
            options = ("--clean", "--if-exists", "--single-transaction", "--exit-on-error")
            _run("pg_restore", *options, f"--dbname={_address(store)}", str(source), password=store.engine.url.password)
        store.migrate()
        store.ready()
        audit.append(store, "backup_restored", actor=by, detail={"file": source.name})
        return _rows(store)
    except OSError as error:
        raise StoreError(f"备份 {source} 读不出（{system_reason(error)}）", fix="检查文件与权限") from error
    finally:
        store.close()


def _copy_sqlite(database: Path, fresh: Path) -> dict[str, int]:
    """Copy a SQLite database by its own means; return the copy's rows."""
    try:
        source, copy = sqlite3.connect(database, timeout=30), sqlite3.connect(fresh)
        try:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        finally:
            source.close()
            copy.close()
    except sqlite3.Error as error:
        raise StoreError(f"备份没有做成（{type(error).__name__}：{error}）", fix="检查磁盘空间；稍后重试") from error
    return _looked_at(fresh)


def _looked_at(file: Path) -> dict[str, int]:
    """Return how many rows each table of a SQLite copy has.

    Raises:
        StoreError: The copy is damaged, or of a version this one does not know.
    """
    try:
        connection = sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)
        try:
            sound = connection.execute("PRAGMA integrity_check").fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        sound = [(str(error),)]
    if sound != [("ok",)]:
        raise StoreError(f"备份 {file} 已损坏：{sound[0][0]}", fix="换一份备份")
    copy = Store(sa.create_engine(f"sqlite:///file:{file}?mode=ro&immutable=1&uri=true"))
    try:
        copy.ready()
        return _rows(copy)
    finally:
        copy.close()


def _put_sqlite(database: Path, source: Path) -> None:
    """Put a looked-at copy in the place of a database that nobody has open."""
    _looked_at(source)
    if database.stat().st_size:
        _refuse_open(database)
        database.rename(database.with_name(f"{database.name}.{time.strftime('%Y%m%d-%H%M%S')}"))
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    fresh = database.with_name(f".{database.name}.{os.getpid()}.new")
    try:
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        shutil.copyfile(source, fresh)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.rename(database)
    finally:
        fresh.unlink(missing_ok=True)


def _refuse_open(database: Path) -> None:
    """Refuse a database that somebody has open: what he writes from now on would be lost.

    Raises:
        StoreError: Somebody has.
    """
    connection = sqlite3.connect(database, timeout=1)
    try:
        mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except sqlite3.Error:
        mode = ""
    finally:
        connection.close()
    if mode != "delete":
        raise StoreError(f"{database} 正在使用", fix="先停止服务，再恢复")


def _dump_postgres(store: Store, fresh: Path) -> dict[str, int]:
    """Dump a PostgreSQL database; return its rows."""
    _run("pg_dump", "--format=custom", f"--file={fresh}", _address(store), password=store.engine.url.password)
    listed = _run("pg_restore", "--list", str(fresh))
    missing = [table for table in metadata.tables if f" TABLE DATA public {table} " not in listed]
    if missing:
        raise StoreError(f"备份里没有 {'、'.join(missing)}", fix="检查数据库用户的权限")
    return _rows(store)


def _rows(store: Store) -> dict[str, int]:
    """Return how many rows each table has."""
    with store.reading() as connection:
        return {
            name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }


def _address(store: Store) -> str:
    """Return a database's address as PostgreSQL's own programs take it; the password goes by the environment."""
    return store.engine.url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _run(program: str, *arguments: str, password: str | None = None) -> str:
    """Run one of PostgreSQL's programs; return what it prints.

    Raises:
        StoreError: It is not there or failed.
    """
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    command: Sequence[str] = (program, *arguments)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, timeout=PROGRAM_SECONDS
        )
    except FileNotFoundError as error:
        raise StoreError(f"没有 {program}", fix="安装 PostgreSQL 的客户端程序（postgresql-client）") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["没有说明"])[-1]
        raise StoreError(f"{program} 没有做成：{last[:300]}", fix="按其说明改正后重试")
    return done.stdout
