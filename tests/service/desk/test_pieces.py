"""Taking uploads back and emptying them, a piece at a time: others write meanwhile, and what ended early is ended later."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.service.desk.people import tagged, upload_of
from tousu_service.desk.store import lists, pieces, uploads
from tousu_service.desk.store.as_ledger import desk_ledger
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.desk.store.filters import Filter
from tousu_service.jobs.retention import purge_desk
from tousu_service.settings import load_settings
from tousu_service.store import audit, vectors
from tousu_service.store.desk_tables import case_texts, cases
from tousu_service.store.desk_tables import uploads as uploads_table

ROWS = 95


class KilledError(Exception):
    """The process is at its end."""


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 10)


@pytest.fixture
def upload(store):
    return filled(store)


@pytest.fixture
def settings(store, tmp_path):
    return load_settings({}, state_dir=str(tmp_path), desk_days=30)


def filled(store, rows=ROWS):
    """Put an upload of old cases into a store, with gaps between its rows."""
    new = [
        NewCase(n * 3, "电梯困人", tagged("elevator", 0.6 if n % 2 else 0.95), complainant="张", facts={"街道": "东"})
        for n in range(1, rows + 1)
    ]
    with store.writing() as connection:
        number = upload_of(connection)
        add_cases(connection, number, new, secret="s")
        old = sa.update(uploads_table).where(uploads_table.c.id == number)
        connection.execute(old.values(state="ready", created_at=datetime(2020, 1, 1, tzinfo=UTC)))
    return number


@contextmanager
def between(does):
    """Do something between the pieces, given how many there have been."""
    with pytest.MonkeyPatch.context() as patched:
        count = itertools.count(1)
        patched.setattr(pieces, "time", SimpleNamespace(sleep=lambda _: does(next(count))))
        yield


def ends_after(number):
    def does(count):
        if count == number:
            raise KilledError

    return does


def states(store, upload):
    query = sa.select(cases.c.state, sa.func.count()).where(cases.c.upload_id == upload).group_by(cases.c.state)
    with store.reading() as connection:
        return dict(connection.execute(query).all())


def listed(store, **query):
    with store.reading() as connection:
        return lists.choose(connection, Filter.of(query)).count


def full(store, upload):
    """How many cases have a text, other cells or a complainant."""
    left = sa.or_(
        case_texts.c.text != "", sa.cast(case_texts.c.facts, sa.Text) != "{}", cases.c.complainant.is_not(None)
    )
    query = sa.select(sa.func.count()).select_from(cases).join(case_texts, case_texts.c.id == cases.c.id)
    with store.reading() as connection:
        return connection.execute(query.where(cases.c.upload_id == upload, left)).scalar_one()


def purged(store):
    return [line.detail["upload"] for line in audit.lines(store) if line.action == "desk_purged"]


def test_what_was_half_taken_back_counts_as_void_and_is_so_after_the_next_start(store, upload):
    other = filled(store, 7)
    assert listed(store) == ROWS + 7
    with between(ends_after(3)), pytest.raises(KilledError):
        uploads.take_back(store, upload, actor="x")
    assert states(store, upload)["void"] == 30
    assert (listed(store), listed(store, state="void")) == (7, ROWS)
    with store.reading() as connection:
        assert desk_ledger(connection).rows.height == 7
    uploads.mend(store)
    assert states(store, upload) == {"void": ROWS}
    assert "void" not in states(store, other)
    assert (listed(store), listed(store, state="void")) == (7, ROWS)


def test_what_was_half_brought_back_counts_as_void_until_all_is(store, upload):
    uploads.take_back(store, upload, actor="x")
    with between(ends_after(3)), pytest.raises(KilledError):
        uploads.bring_back(store, upload, actor="x")
    assert states(store, upload)["void"] == ROWS - 30
    assert (listed(store), listed(store, state="void")) == (0, ROWS)
    uploads.bring_back(store, upload, actor="x")
    assert states(store, upload) == {"open": 48, "auto": 47}
    assert listed(store) == ROWS


@pytest.mark.parametrize("long", ["void", "purge"])
def test_others_write_between_the_pieces(store, upload, settings, long):
    wrote = []

    def write(count):
        other = threading.Thread(target=audit.append, args=(store, "meanwhile"), kwargs={"actor": "x", "detail": {}})
        other.start()
        other.join(2)
        wrote.append(not other.is_alive())

    with between(write):
        if long == "void":
            uploads.take_back(store, upload, actor="x")
        else:
            purge_desk(store, settings)
    assert wrote == [True] * 10


def test_taken_back_brought_back_and_emptied_at_once_ends_as_one_of_them_says(store, upload, settings):
    def toggle(turn):
        turn(store, upload, actor="x")

    uploads.take_back(store, upload, actor="x")
    with ThreadPoolExecutor(4) as pool:
        turns = (uploads.bring_back, uploads.take_back, uploads.bring_back)
        done = [*map(partial(pool.submit, toggle), turns), pool.submit(purge_desk, store, settings)]
        for each in done:
            each.result(60)
    with store.reading() as connection:
        void = uploads.find(connection, upload).state == "void"
    assert states(store, upload) == ({"void": ROWS} if void else {"open": 48, "auto": 47})
    assert listed(store) == (0 if void else ROWS)
    assert full(store, upload) == 0


PURGE = """
import sys
from tousu_service.desk.store import pieces
from tousu_service.jobs.retention import purge_desk
from tousu_service.settings import load_settings
from tousu_service.store import Store
pieces.PIECE, pieces.PAUSE_SECONDS = 10, 0.3
purge_desk(Store.open(sys.argv[1]), load_settings({}, state_dir=sys.argv[2], desk_days=30))
"""


def test_emptying_that_was_killed_is_gone_on_with(store, url, upload, settings, tmp_path):
    other = subprocess.Popen([sys.executable, "-c", PURGE, url, str(tmp_path)])
    until = time.monotonic() + 30
    while full(store, upload) == ROWS and time.monotonic() < until:
        time.sleep(0.05)
    other.kill()
    other.wait()
    assert 0 < full(store, upload) < ROWS
    assert purged(store) == []
    assert purge_desk(store, settings) == 1
    assert full(store, upload) == 0
    assert purged(store) == [upload]
    assert purge_desk(store, settings) == 0
    assert sum(states(store, upload).values()) == ROWS


def test_one_upload_that_cannot_be_emptied_keeps_none_of_the_others_from_it(store, upload, settings, monkeypatch):
    after, forget, calls = filled(store, 5), vectors.forget, []

    def fails(connection, which):
        calls.append(which)
        if len(calls) == 1:
            raise sa.exc.OperationalError("", {}, Exception("canceling statement due to lock timeout"))
        forget(connection, which)

    with monkeypatch.context() as broken, capture_logs() as told:
        broken.setattr(vectors, "forget", fails)
        assert purge_desk(store, settings) == 1
    assert [(line["event"], line["upload"]) for line in told] == [("purge_failed", upload)]
    assert (full(store, upload), full(store, after)) == (ROWS, 0)
    assert purge_desk(store, settings) == 1
    assert (full(store, upload), purged(store)) == (0, [after, upload])
