"""Moments as people and programs write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tousu.timezone import parse_moment


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("20260401", "2026-03-31T16:00Z"), ("2026-04-01", "2026-03-31T16:00Z"), (" 2026-04-01 ", "2026-03-31T16:00Z"),
        ("2026-04-01T08:00", "2026-04-01T00:00Z"), ("2026-04-01 08:00", "2026-04-01T00:00Z"),
        ("2026-04-01T08:00:00+08:00", "2026-04-01T00:00Z"), ("2026-04-01T08:00:00 08:00", "2026-04-01T00:00Z"),
        ("2026-04-01 08:00:00 08:00", "2026-04-01T00:00Z"), ("2026-04-01T08:00:00.5 0800", "2026-04-01T00:00:00.5Z"),
        ("2026-04-01T08:00:00Z", "2026-04-01T08:00Z"), ("2026-04-01t08:00:00-05:00", "2026-04-01T13:00Z"),
        ("20260401T080000+0800", "2026-04-01T00:00Z"),
    ],
)  # fmt: skip
def test_a_moment_is_what_it_says(written, moment):
    assert parse_moment(written) == datetime.fromisoformat(moment).astimezone(UTC)


@pytest.mark.parametrize(
    "written",
    ["", "0", "1775001600", "1775001600.5", "2026", "202604", "20260230", "2026-13-01", "昨天", "1e9", "-1",
     "2026-04-01T25:00", "2026-04-01T08:00:00 8", "0001-01-01T00:00+08:00", "99991231T23:59-23:59", "２０２６0401"],
)  # fmt: skip
def test_anything_else_is_none(written):
    with pytest.raises(ValueError, match="应为日期或时刻"):
        parse_moment(written)
