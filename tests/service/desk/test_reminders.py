"""The desk's reminders: at their hour, each case once a day and stage, two workers or one, and never when they are off."""

from __future__ import annotations

import datetime
import sqlite3
import threading

import pytest

from tests.remind.receivers import http_server
from tests.service.desk.people import officer_of, tagged
from tousu.timezone import SHANGHAI
from tousu_service.desk.store import bulk, uploads
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.jobs import reminders, worker
from tousu_service.settings import load_settings
from tousu_service.store import audit

DAY = datetime.date(2026, 5, 13)
TEXT = "面包发霉是投诉内容"


def at(hour, minute=0):
    return datetime.datetime(2026, 5, 13, hour, minute, tzinfo=SHANGHAI)


def settings(tmp_path, base=None, **others):
    file = tmp_path / "remind.toml"
    channel = f'[[channel]]\nname = "群"\nkind = "webhook"\nbase = "{base}"\n' if base else ""
    link = 'link = "http://desk.test/desk/cases/{row}"\n'
    file.write_text(f'schema = 1\n{link}{channel}[default]\nchannels = ["群"]\n', "utf-8")
    return load_settings({"TOUSU_STATE_DIR": str(tmp_path), "TOUSU_REMIND_SETTINGS": str(file), **others})


def add(store, *received):
    """Store open cases; return their numbers. The first is given to somebody at the desk."""
    with store.writing() as connection:
        columns = {"text": "内容", "number": "编号"}
        upload = uploads.add(connection, name="表", sha256="0" * 64, size=1, columns=columns, actor="test").id
        tagging = tagged("elevator", 0.95)
        new = [
            NewCase(n, f"{TEXT}{n}", tagging, number=f"A{n}", received=day, facts={"承办人": "李平"})
            for n, day in enumerate(received, 1)
        ]
        add_cases(connection, upload, new, secret="s")
        chief = officer_of(connection, "所长", "reviewer")
        bulk.assign(connection, [1], chief.id, by=chief, note="", due_on="")


def test_off_unless_set_and_not_before_the_hour(store, tmp_path):
    off = load_settings({"TOUSU_STATE_DIR": str(tmp_path)})
    assert not reminders.is_due(store, off, at(12))
    on = settings(tmp_path, "http://127.0.0.1:1", TOUSU_REMIND_AT="08:30")
    assert not reminders.is_due(store, on, at(8, 29))
    assert reminders.is_due(store, on, at(8, 30))


def test_each_case_once_by_two_workers_at_a_time(store, tmp_path):
    add(store, "2026-05-06", "2026-04-20", "2026-05-12")
    with http_server() as (received, base):
        on = settings(tmp_path, f"{base}/hook")
        both = [threading.Thread(target=reminders.send, args=(store, on, at(9))) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        reminders.send(store, on, at(10))
        told = [item for _, _, body in received for item in body["cases"]]
    assert sorted(item["case"] for item in told) == ["A1", "A2"]  # the third has days left
    assert {body["officer"] for _, _, body in received} == {"所长", "李平"}
    assert {item["link"] for item in told} == {"http://desk.test/desk/cases/1", "http://desk.test/desk/cases/2"}
    assert TEXT not in str(received)


def test_the_audit_says_a_day_was_done_and_a_failure_is_tried_again(store, tmp_path, monkeypatch):
    add(store, "2026-04-20")
    now = datetime.datetime.now(SHANGHAI)
    on = settings(tmp_path, "http://127.0.0.1:1", TOUSU_REMIND_AT="00:00")
    assert reminders.is_due(store, on, now)
    assert reminders.send(store, on)["failed"] == 1
    assert not reminders.is_due(store, on)
    later = datetime.datetime.now(SHANGHAI) + reminders.AGAIN
    assert later.date() != now.date() or reminders.is_due(store, on, later)
    with http_server() as (received, base):
        on = settings(tmp_path, f"{base}/hook", TOUSU_REMIND_AT="00:00")
        assert reminders.send(store, on)["sent"] == 1
        assert len(received) == 1
    assert later.date() != now.date() or not reminders.is_due(store, on, later)
    runs = audit.latest(store, action=reminders.ACTION)
    assert [run.detail["failed"] for run in runs] == [0, 1]
    assert TEXT not in str(runs)


def test_wrong_settings_of_reminders_are_told_and_kept_from_nobody(store, tmp_path):
    on = settings(tmp_path, "http://127.0.0.1:1")
    on.remind_settings.write_text("schema = 2", "utf-8")
    assert reminders.send(store, on, at(9)) == {"sent": 0, "failed": 1, "error": "settings_invalid"}


def test_any_other_end_counts_as_a_try(store, tmp_path, monkeypatch):
    def locked(*_):
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr("tousu.remind.run.remind", locked)
    add(store, "2026-04-20")
    on = settings(tmp_path, "http://127.0.0.1:1", TOUSU_REMIND_AT="00:00")
    assert reminders.send(store, on) == {"sent": 0, "failed": 1, "error": "internal"}
    assert not reminders.is_due(store, on)


def test_a_worker_waits_before_it_looks_again_whatever_happened(store, tmp_path, monkeypatch):
    looker, waited = worker.Worker(store, settings(tmp_path), idle_seconds=0.0), []
    monkeypatch.setattr(worker.reminders, "is_due", lambda *_: 1 / 0)
    monkeypatch.setattr(looker._stop, "wait", waited.append)
    with pytest.raises(ZeroDivisionError):
        looker._remind()
    assert waited == [worker.REMIND_SECONDS]


def test_no_such_hour(tmp_path):
    from tousu.errors import SettingsError

    with pytest.raises(SettingsError, match="TOUSU_REMIND_AT"):
        settings(tmp_path, "http://127.0.0.1:1", TOUSU_REMIND_AT="25:00")
