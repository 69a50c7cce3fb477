"""The ledger answers which model was live at any moment."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from tousu_service.store import audit, ledger


def entry(store, version, kind="activate"):
    return ledger.append(store, kind, path=f"/m/{version}", version=version, by="root", why="test")


def test_an_empty_ledger(store):
    assert ledger.revision(store) == 0
    assert ledger.current(store) is None
    assert ledger.history(store) == []


def test_the_live_model_at_any_moment(store):
    entries = []
    for version in "abc":
        entries.append(entry(store, version))
        time.sleep(0.002)
    assert ledger.current(store) == entries[2]
    assert ledger.history(store) == entries[::-1]
    assert ledger.revision(store) == entries[2].seq
    tick = timedelta(microseconds=1)
    assert ledger.at(store, entries[0].at - tick) is None
    for before, after in itertools.pairwise(entries):
        assert ledger.at(store, before.at) == before
        assert ledger.at(store, after.at - tick) == before
    assert [(line.action, line.detail["was"]) for line in audit.lines(store)] == [
        ("model_activated", None), ("model_activated", "a"), ("model_activated", "b"),
    ]  # fmt: skip


def test_of_several_starting_workers_one_writes(store):
    def start(_):
        return ledger.append_if_current(store, 0, "start", path="shipped", version="1", by="service", why="x")

    with ThreadPoolExecutor(6) as pool:
        written = [found for found in pool.map(start, range(6)) if found]
    assert ledger.history(store) == written
    assert len(written) == 1
