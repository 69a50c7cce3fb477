"""Days as a legal period needs them: read strictly, and what cannot be read is named, never guessed.

A report counts a day it can make out somewhere in a cell (``tousu/files/dates.py``); a deadline may not rest on that.
"""

from __future__ import annotations

import datetime
import re
import unicodedata

from tousu.timezone import local

EPOCH = datetime.date(1899, 12, 30)  # day 0 of Excel's count, from March 1900 on
FIRST_SERIAL, LAST_SERIAL = 25569, 73050  # 1970-01-01 and 2099-12-31
LAST_COMPACT = 10**14  # below it stand year, month, day and time in a row
NOTHING = re.compile(
    r"|[-—–/\\.]+|无|空|暂无|待定|不详|未知|n/?a|null|none|nan|nat|"
    r"(?:尚?未|还未|没有|暂未)(?:受理|立案|办结|结案|终止|告知|答复|完成|填写?|送检|登记|开始|恢复)|(?:办理|处理|调解|核查)中|在办|待办|待受理|待办结",
    re.IGNORECASE,
)
_CLOCK = (
    r"(?:[ T　]*(?:上午|下午|中午|晚上|凌晨|AM|PM)?[ ]*(?:[01]?\d|2[0-4])[:时点](?:[0-5]?\d(?:[:分](?:[0-5]?\d(?:\.\d+)?)?秒?)?分?)?"
    r"[ ]*(?:AM|PM)?)?"
)
_WEEKDAY = r"(?:[ ]*[(]?(?:星期|周)[一二三四五六日天][)]?)?"
DAY = re.compile(
    rf"((?:19|20)\d\d)[ ]*(?:([-/.])[ ]*(\d{{1,2}})[ ]*\2[ ]*(\d{{1,2}})|年[ ]*(\d{{1,2}})[ ]*月[ ]*(\d{{1,2}})[ ]*日?){_WEEKDAY}{_CLOCK}",
    re.IGNORECASE,
)
COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:[T ]?(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)?")
OFFSET = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d.*(?:[Zz]|[+-]\d\d:?\d\d)")
NUMBER = re.compile(r"\d{5}(?:\.\d+)?")
SHORT_YEAR = re.compile(r"\d{1,2}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:\D.*)?")
YEAR_LAST = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{4}(?:\D.*)?")
NO_DAY = re.compile(r"(?:19|20)\d\d[-/.年]\d{1,2}月?|\d{1,2}月\d{1,2}日?")
NO_SUCH = "日历上没有这一天"


def read_day(value: object) -> datetime.date | str | None:
    """Return the day a cell tells; None for a cell that tells there is none; else why it cannot be read, in Chinese.

    Taken: cells of dates, ``2026-05-03``, ``2026/5/3``, ``2026.5.3``, ``2026年5月3日``, ``20260503``, each with or without
    a time of day, moments with an offset (their day in China), and Excel's day numbers from 1970 to 2099.
    Refused: years of two digits, the year behind, days without a month, anything around the day.

    Args:
        value: The cell, as ``tousu/files/tables.py`` gives it.
    """
    if isinstance(value, str):
        return _written(value)
    if value is None:
        return None
    if isinstance(value, datetime.datetime):
        return (local(value) if value.tzinfo else value).date()
    if isinstance(value, datetime.date):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _numbered(value)
    return "不是日期"


def _numbered(number: int | float) -> datetime.date | str | None:
    """Return the day of a number: Excel's count, or year, month and day in a row."""
    if number != number or number == 0:
        return None
    if abs(number) > LAST_COMPACT:
        return "这个数不是日期"
    if FIRST_SERIAL <= number < LAST_SERIAL + 1:
        return EPOCH + datetime.timedelta(days=int(number))
    found = COMPACT.fullmatch(str(int(number))) if number == int(number) else None
    return _day(*found.groups()) if found else "这个数不是日期"


def _written(text: str) -> datetime.date | str | None:
    """Return the day a text tells."""
    try:
        return datetime.date.fromisoformat(text) if len(text) == 10 and text[4] == text[7] == "-" else _spelt(text)
    except ValueError:
        return _spelt(text)


def _spelt(text: str) -> datetime.date | str | None:
    """Return the day a text tells that is not plainly in ISO's short form."""
    plain = unicodedata.normalize("NFKC", text).strip().strip("'")
    if NOTHING.fullmatch(plain):
        return None
    if OFFSET.fullmatch(plain):
        try:
            return local(datetime.datetime.fromisoformat(plain.replace(" ", "T", 1))).date()
        except (ValueError, OverflowError):
            return NO_SUCH
    found = DAY.fullmatch(plain)
    if found:
        year, _, month, day, other_month, other_day = found.groups()
        return _day(year, month or other_month, day or other_day)
    found = COMPACT.fullmatch(plain)
    if found:
        return _day(*found.groups())
    if NUMBER.fullmatch(plain):
        return _numbered(float(plain))
    return _why(plain)


def _day(year: str, month: str, day: str) -> datetime.date | str:
    try:
        return datetime.date(int(year), int(month), int(day))
    except ValueError:
        return NO_SUCH


def _why(plain: str) -> str:
    """Return in Chinese why a text tells no day."""
    if SHORT_YEAR.fullmatch(plain):
        return "年份只有两位，分不清是哪一年"
    if YEAR_LAST.fullmatch(plain):
        return "年份写在后面，分不清月和日"
    if NO_DAY.fullmatch(plain):
        return "日期不全"
    return "认不出日期"
