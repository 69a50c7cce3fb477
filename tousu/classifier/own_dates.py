"""The dates a text tells of itself: when what it complains of happened, for time limits."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CLAUSE = re.compile(r"[^,。;!?\n]+")
# What is told of claiming, of the present and of other things' ages is no event that begins the time limit.
NO_EVENT = re.compile(
    r"起诉|法院|仲裁|投诉|举报|反映|报警|找到|想起|拖到|回来|听说|咽不下|现在|如今|至今|到今|答复|信访|12315|12345|生产日期|出生|注册|成立|"
    r"年纪|[今现]年[已]?(?:[六七八九]十|\d\d岁|\d\d[,。])"
)
_MONTH = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_HAN = "〇零○一二三四五六七八九"
# A year of two digits only where something follows that makes it one: 19年5月, 一五年买的; not 十年, 10年老店.
_SHORT = rf"(?=(?:{_MONTH}月|在|买|办|底|初|春|夏|秋|冬|的时候))"
DATE = re.compile(
    rf"(?P<year>(?:19|20)\d\d)(?:年(?:(?P<month>{_MONTH})月)?|[-/.](?P<other>[01]?\d)(?!\d))"
    rf"|(?P<han>二[{_HAN}]{{3}})年(?:(?P<han_month>{_MONTH})月)?"
    rf"|(?<![\d{_HAN}])(?P<short>[012]\d|[〇零○一二][{_HAN}])年{_SHORT}(?:(?P<short_month>{_MONTH})月)?"
    r"|(?P<ago>[二三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九]|(?<!\d)\d\d?)[多几来余]?年(?:多|半)?(?:以?前|之前)"
    rf"|(?P<named>大前年|前年|去年|今年|同年|当年|次年|第二年)(?:的?(?P<named_month>{_MONTH})月)?"
    r"|(?P<recent>昨[天晚日]|前[天日]|今[天日早晚]|上个?(?:月|周|星期)|这个?(?:月|周)|本[月周]|刚刚?才?|最近|近日|日前)"
    rf"|(?<![\d一二三四五六七八九十])(?:(?P<bare>{_MONTH})月(?!卡|费|租|薪|供|嫂|饼|子|均|内)|(?P<dotted>1[0-2]|[1-9])\.[0-3]?\d(?![\d.]|元|万|米|寸|折|克|斤|块))"
)
DIGITS = {digit: number for number, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0, "○": 0}
YEARS_BACK = {"大前年": 3, "前年": 2, "去年": 1, "今年": 0}


def latest_event(text: str, received: datetime.date) -> datetime.date | None:
    """Return the end of the month, or year where no month is told, of the latest event that ``text`` dates.

    Args:
        text: The text, with simplified characters and half-width signs.
        received: The day it came in; what it tells without a year is held against that day.

    Returns:
        The latest one not after ``received``; None where the text dates none.
    """
    events = [event for event in _events(text, received) if event <= received]
    return max(events, default=None)


def years_before(day: datetime.date, years: int) -> datetime.date:
    """Return the same day so many years earlier; 28 February for a leap day that is not there."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def _events(text: str, received: datetime.date) -> Iterator[datetime.date]:
    """Yield the events a text dates, in its order."""
    last: tuple[int, int | None] | None = None
    for clause in CLAUSE.findall(text):
        counts = not NO_EVENT.search(clause)
        for found in DATE.finditer(clause):
            year, month = _read(found, last, received)
            if year is None:
                continue
            if found["recent"] is None:
                last = (year, month)
            if counts:
                yield _end_of(year, month, received)


def _read(
    found: re.Match[str], last: tuple[int, int | None] | None, received: datetime.date
) -> tuple[int | None, int | None]:
    """Return the year and the month, where one is told, of a date as written; ``last`` is the one told before."""
    if found["year"]:
        month = _number(found["month"] or found["other"])
        return int(found["year"]), month if month in range(1, 13) else None
    if written := found["han"] or found["short"]:
        year = int("".join(str(DIGITS.get(digit, digit)) for digit in written))
        return year if year > 100 else 2000 + year, _number(found["han_month"] or found["short_month"])
    if found["ago"]:
        return received.year - (_number(found["ago"]) or 0), None
    if named := found["named"]:
        month = _number(found["named_month"])
        if named in YEARS_BACK:
            return received.year - YEARS_BACK[named], month
        return (None, None) if last is None else (last[0] + (named in ("次年", "第二年")), month)
    if found["recent"]:
        return received.year, received.month
    bare = _number(found["bare"] or found["dotted"]) or 1
    if last is not None and last[1] is not None and last[1] <= bare:
        return last[0], bare  # 2021年6月装的，7月就裂了
    return received.year - (bare > received.month), bare


def _number(written: str | None) -> int | None:
    """Return a number up to 99 written in either numerals; None for nothing."""
    if not written:
        return None
    if written.isdecimal():
        return int(written)
    tens, ten, ones = written.rpartition("十")
    return (DIGITS[tens or "一"] * 10 if ten else 0) + (DIGITS[ones] if ones else 0)


def _end_of(year: int, month: int | None, received: datetime.date) -> datetime.date:
    """Return the last day of a month or year, but not one behind ``received`` where that lies within it."""
    month_after = datetime.date(year + 1, 1, 1) if month in (None, 12) else datetime.date(year, month + 1, 1)
    end = month_after - datetime.timedelta(days=1)
    within = year == received.year and month in (None, received.month)
    return min(end, received) if within else end
