"""Days that cells tell, in whatever way they are written."""

from __future__ import annotations

import datetime
import re
import unicodedata

from tousu.timezone import local

DATE_NAMES = (
    "投诉时间", "投诉日期", "登记时间", "登记日期", "受理时间", "受理日期", "来电时间", "接收时间", "接收日期",
    "创建时间", "提交时间", "举报时间", "诉求时间", "反映时间", "工单时间", "派单时间", "发生时间", "留言时间",
    "日期", "时间", "date", "created_at", "created", "time", "datetime", "received_at", "complaint_date",
    "date received", "timestamp",
)  # fmt: skip


DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})(?!\d)|(\d\d)(\d\d)(?=\D|\d{6}(?!\d)|$))")


OFFSET = re.compile(r"\d[Tt ]\d.*(?:[Zz]|[+-]\d\d:?\d\d)$")


def day_of(value: object) -> datetime.date | None:
    """Return the day a cell tells, in China where it has an offset; None if it tells none."""
    if isinstance(value, datetime.datetime):
        return (local(value) if value.tzinfo else value).date()
    if isinstance(value, datetime.date):
        return value
    text = unicodedata.normalize("NFKC", str(value if value is not None else "")).strip()
    try:
        if OFFSET.search(text):
            return local(datetime.datetime.fromisoformat(text.replace(" ", "T", 1))).date()
        found = DAY.search(text)
        return datetime.date(*(int(part) for part in found.groups() if part)) if found else None
    except ValueError:
        return None
