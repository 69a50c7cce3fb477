"""A key's day: requests and texts counted over all workers, refused when they are used up."""

from __future__ import annotations

from tousu_service.auth import quota
from tousu_service.auth.quota import Quota
from tousu_service.auth.refusals import Refusals


def test_requests_and_texts_of_a_day_over_two_workers(tmp_path, monkeypatch):
    one, two = (Quota(tmp_path, requests=5, texts=100) for _ in range(2))
    assert [worker.take("a", requests=1) for worker in (one, two, one, two, one)] == [0.0] * 5
    assert 0 < two.take("a", requests=1) <= 24 * 3600
    assert two.take("b", requests=1, texts=100) == 0
    assert one.take("b", texts=1) > 0
    assert one.take("b", requests=1) == 0  # what was refused is not counted
    today = quota._day()
    monkeypatch.setattr(quota, "_day", lambda: today + 1)
    assert two.take("a", requests=1, texts=100) == 0
    one.close()
    two.close()


def test_without_limits_nothing_is_counted():
    free = Quota(None, requests=0, texts=0)
    assert not free.active
    assert free.take("a", requests=10**9, texts=10**9) == 0
    free.close()


def test_refusals_write_so_many_lines_a_day_and_no_more(monkeypatch):
    refusals = Refusals(10)
    told = [refusals.count("unknown", f"key{n}", "10.0.0.9") for n in range(100)]
    assert sum(times is not None for times in told) == 10
    monkeypatch.setattr("tousu_service.auth.refusals.DAY_SECONDS", -1.0)
    assert refusals.count("unknown", "another", "10.0.0.9") == 1
