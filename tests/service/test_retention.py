"""What is past its time is let go of by the service alone; of audit lines that is on record."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from tousu.errors import StoreError
from tousu_service import app
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


class ReachedError(Exception):
    """The last chore was come to."""


def test_a_chore_that_fails_keeps_none_of_the_others_from_being_done(store, tmp_path, monkeypatch):
    def fail(*_):
        raise StoreError("x", fix="y")

    def reach(*_):
        raise ReachedError

    monkeypatch.setattr(app.retention, "trim_files", fail)
    monkeypatch.setattr(app.retention, "purge_desk", reach)
    parts = SimpleNamespace(store=store, settings=load_settings({"TOUSU_STATE_DIR": str(tmp_path)}))
    with pytest.raises(ReachedError):
        asyncio.run(asyncio.wait_for(app._trim_daily(parts), 10))
