"""The tables: made by the migrations, just as the code thinks them, once, whoever starts first."""

from __future__ import annotations

import functools
import multiprocessing
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tousu.errors import SettingsError, StoreError
from tousu_service.store import Store, audit
from tousu_service.store.tables import metadata


def migrate(url: str, start: multiprocessing.Barrier) -> None:
    """Start like a worker does."""
    store = Store.open(url)
    start.wait(30)
    store.migrate()
    store.ready()
    store.close()


def of_the_database(dialect, _thing, name, kind, *_rest):
    """Whether a table or index is made in this kind of database: one index of texts only in SQLite."""
    return dialect == "sqlite" or kind != "index" or name != "ix_case_texts_id_text"


def test_migrations_make_the_tables_of_the_code(store):
    with store.reading() as connection:
        opts = {"compare_type": True, "include_object": functools.partial(of_the_database, connection.dialect.name)}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(store):
    audit.append(store, "here", actor="test", detail={})
    store.migrate()
    store.ready()


def test_workers_migrate_at_once(url):
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(5)
    workers = [spawn.Process(target=migrate, args=(url, start)) for _ in range(4)]
    for worker in workers:
        worker.start()
    start.wait(30)
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0] * 4


def test_a_new_file_that_is_locked_is_waited_for(tmp_path):
    file = tmp_path / "tousu.db"
    holder = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN EXCLUSIVE")
    threading.Timer(0.5, holder.execute, ["COMMIT"]).start()
    store = Store.open(f"sqlite:///{file}")
    store.migrate()
    store.ready()
    store.close()
    holder.close()


def test_an_empty_database_is_not_ready(url):
    store = Store.open(url)
    with pytest.raises(StoreError, match="尚未迁移"):
        store.ready()
    store.close()


def test_a_newer_database_is_refused(store):
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for use in (store.ready, store.migrate):
        with pytest.raises(StoreError, match="9999"):
            use()


@pytest.mark.parametrize("table", ["activations", "audit"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET seq = 7", "DELETE FROM {}"])
def test_the_database_refuses_to_change_what_is_append_only(store, table, statement):
    with store.writing() as connection:
        row = {"at": sa.func.now(), "kind": "start", "path": "x", "version": "1", "by": "a", "why": "b"}
        row |= {"actor": "a", "action": "b", "detail": {}}
        columns = metadata.tables[table].c
        connection.execute(sa.insert(metadata.tables[table]).values({k: v for k, v in row.items() if k in columns}))
    with pytest.raises(StoreError), store.writing() as connection:
        connection.exec_driver_sql(statement.format(table))
    with store.reading() as connection:
        assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 1


def test_sqlite_commits_go_through_to_the_disk(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'deep' / 'tousu.db'}")
    store.migrate()
    with store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    assert stat.S_IMODE((tmp_path / "deep" / "tousu.db").stat().st_mode) == 0o600
    store.close()


def test_opening_once_more_leaves_the_locks_of_the_first(tmp_path):
    url = f"sqlite:///{tmp_path / 'tousu.db'}"
    first = Store.open(url)
    first.migrate()
    with first.reading() as connection:
        connection.exec_driver_sql("SELECT 1 FROM audit")
    Store.open(url).close()
    here = "from tousu_service.store import Store, audit; import sys; s = Store.open(sys.argv[1])"
    code = f"{here}; audit.append(s, 'b', actor='b', detail={{}}); s.close()"
    subprocess.run([sys.executable, "-c", code, url], check=True)
    assert [line.actor for line in audit.lines(first)] == ["b"]
    audit.append(first, "a", actor="a", detail={})
    subprocess.run([sys.executable, "-c", f"{here}; assert len(audit.lines(s)) == 2", url], check=True)
    first.close()


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://a:geheim@b/c", "sqlite://", "postgresql+psycopg2://a/b"])
def test_other_addresses_are_refused_without_repeating_them(url):
    with pytest.raises(SettingsError) as caught:
        Store.open(url)
    assert "geheim" not in str(caught.value)


def test_an_unreachable_database_is_named_without_its_password():
    store = Store.open("postgresql://tousu:geheim@127.0.0.1:1/tousu")
    with pytest.raises(StoreError) as caught:
        store.ready()
    assert "127.0.0.1" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="数据库文件打不开"):
        Store.open(f"sqlite:///{Path(tmp_path) / 'file' / 'tousu.db'}")
