"""Beijing time with its offset for people, UTC inside."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

# China keeps one offset all year, so no time-zone files are needed.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
DAY = re.compile(r"\d{4}-?\d\d-?\d\d")
MOMENT = re.compile(r"\d{4}-?\d\d-?\d\d[Tt ]\d\d.*")
LOST_PLUS = re.compile(r"(.*[Tt ]\d\d(?::?\d\d(?::?\d\d(?:\.\d+)?)?)?) (\d\d:?\d\d)")


def now() -> datetime:
    """Return this moment with Beijing's offset."""
    return datetime.now(SHANGHAI)


def today() -> date:
    """Return the day it is in China."""
    return now().date()


def local(moment: datetime) -> datetime:
    """Return the moment with Beijing's offset."""
    return moment.astimezone(SHANGHAI)


def to_utc(moment: datetime) -> datetime:
    """Return the moment in UTC; one without an offset is Beijing time.

    Raises:
        ValueError: It is outside the calendar.
    """
    try:
        utc = (moment.replace(tzinfo=SHANGHAI) if moment.tzinfo is None else moment).astimezone(UTC)
        local(utc)  # and it must be one that can be shown
    except OverflowError as error:
        raise ValueError("时间超出范围") from error
    return utc


def parse_moment(written: str) -> datetime:
    """Return in UTC the moment that somebody wrote: a day is its beginning, a bare number is none.

    An offset may have lost its plus: in an address an unescaped one is a space, and nothing else can stand between a
    time and what looks like an offset.

    Raises:
        ValueError: It is neither a day nor a moment; the message is in Chinese.
    """
    found = written.strip()
    try:
        if DAY.fullmatch(found):
            return to_utc(datetime.fromisoformat(found))
        if MOMENT.fullmatch(found):
            return to_utc(datetime.fromisoformat(LOST_PLUS.sub(r"\1+\2", found).replace("t", "T")))
    except ValueError:
        pass
    raise ValueError("应为日期或时刻，如 2026-04-15、20260415 或 2026-04-15T09:30:00+08:00（网址里的 + 要写成 %2B）")
