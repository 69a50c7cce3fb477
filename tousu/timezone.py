"""Beijing time with its offset for people, UTC inside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

# China keeps one offset all year, so no time-zone files are needed.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


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
