"""The desk under kill -9 and under hostile forms, short; ``python -m tests.chaos`` runs them long."""

from __future__ import annotations

from tests.chaos import desk_kill, desk_posts


def test_kill(tmp_path):
    assert "0 lost, 0 doubled" in desk_kill.run(kills=2, seconds=1.0, rows=8_000, home=tmp_path)


def test_hostile_forms(tmp_path):
    assert "0 of 5xx" in desk_posts.run(tmp_path, count=2000)
