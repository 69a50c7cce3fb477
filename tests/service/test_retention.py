"""What is past its time is let go of by the service alone; of audit lines that is on record."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from tests.service.desk.people import tagged, upload_of
from tousu.errors import StoreError
from tousu_service import app
from tousu_service.desk.store import lists
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.desk.store.filters import Filter
from tousu_service.jobs.retention import trim_audit
from tousu_service.settings import load_settings
from tousu_service.store import audit, clock
from tousu_service.store.tables import audit as table


def test_old_lines_go_and_the_trimming_stays(store, monkeypatch):
    present = clock.present
    monkeypatch.setattr(clock, "present", lambda connection: present(connection) - timedelta(days=400))
    for n in range(3):
        audit.append(store, "old", actor="test", detail={"n": n})
    monkeypatch.setattr(clock, "present", present)
    audit.append(store, "new", actor="test", detail={})
    assert trim_audit(store, days=180, actor="service") == 3
    lines = audit.lines(store)
    assert [line.action for line in lines] == ["new", "audit_trimmed"]
    assert (lines[1].actor, lines[1].detail["rows"], lines[1].detail["days"]) == ("service", 3, 180)
    assert trim_audit(store, days=180, actor="service") == 0
    assert len(audit.lines(store)) == 2
    with pytest.raises(StoreError), store.writing() as connection:  # nobody else can, still
        connection.execute(sa.delete(table))
    assert len(audit.lines(store)) == 2


class ReachedError(BaseException):
    """The last chore was come to; nothing of the service catches it."""


def test_a_chore_that_fails_keeps_none_of_the_others_from_being_done(store, tmp_path, monkeypatch):
    def fail(*_):
        raise StoreError("x", fix="y")

    def break_down(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(app.retention, "trim_files", fail)
    monkeypatch.setattr(app.masks, "warm", break_down)
    run_chores_once(store, tmp_path, monkeypatch)


def run_chores_once(store, tmp_path, monkeypatch):
    def reach(*_):
        raise ReachedError

    monkeypatch.setattr(app.retention, "purge_desk", reach)
    parts = SimpleNamespace(store=store, settings=load_settings({"TOUSU_STATE_DIR": str(tmp_path)}))
    with pytest.raises(ReachedError):
        asyncio.run(asyncio.wait_for(app._do_chores(parts), 60))


def test_what_lists_count_by_is_read_before_anybody_asks(store, tmp_path, monkeypatch):
    def read(*_):
        raise AssertionError("read again")

    with store.writing() as connection:
        new = [NewCase(n, f"第{n}件", tagged("elevator", 0.95)) for n in range(1, 6)]
        add_cases(connection, upload_of(connection), new, secret="s")
    run_chores_once(store, tmp_path, monkeypatch)
    monkeypatch.setattr(app.masks.Columns, "_take", read)
    with store.reading() as connection:
        assert lists.choose(connection, Filter.of({"domain": "elevator"})).count == 5
