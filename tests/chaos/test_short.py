"""The chaos runs, short; ``python -m tests.chaos`` runs them long."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.chaos import database, kill, memory, switch

pytestmark = pytest.mark.slow


def test_kill(tmp_path):
    assert "0 lost, 0 doubled" in kill.run(kills=3, seconds=0.8, home=tmp_path)


def test_database():
    # Not below pytest's own root: another pytest starting meanwhile takes its rights from PostgreSQL's user.
    with tempfile.TemporaryDirectory() as home:
        assert "0 lost, 0 doubled" in database.run(stops=2, seconds=1.5, home=Path(home))


def test_switch(tmp_path, small_model):
    assert "0 failed, 0 mixed" in switch.run(switches=3, seconds=6, home=tmp_path, model=small_model)


def test_memory(tmp_path):
    assert "0 failed" in memory.run(requests=6000, home=tmp_path)
