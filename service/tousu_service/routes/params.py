"""The moments and pages of requests and replies, as types."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator, PlainSerializer

from tousu.timezone import local, parse_moment

Given = Annotated[datetime, BeforeValidator(parse_moment)]
Shown = Annotated[
    datetime, PlainSerializer(lambda moment: local(moment).isoformat(timespec="microseconds"), return_type=str)
]

Since = Annotated[
    Given | None,
    Query(
        description="从这一时刻起（含）；只写日期为当天零时，不带时区的按北京时间",
        examples=["2026-04-15T00:00:00+08:00"],
    ),
]
Until = Annotated[
    Given | None,
    Query(
        description="到这一时刻止（不含）；只写日期为当天零时，不带时区的按北京时间",
        examples=["2026-05-01T00:00:00+08:00"],
    ),
]
Cursor = Annotated[int, Query(ge=0, le=2**53, description="上一页返回的 next；从头开始为 0")]
Limit = Annotated[int, Query(ge=1, le=1000, description="一页最多几条")]
