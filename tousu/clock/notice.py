"""The yearly notice of holidays: a table of days, or its words as the State Council prints them, taken into the calendar."""

from __future__ import annotations

import contextlib
import csv
import datetime
import io
import re
from typing import TYPE_CHECKING

from tousu.clock.legal_days import ONE
from tousu.clock.workdays import DAYS, HEADER, OFF, ON, Day, WorkCalendar, checked_days, default_days, read_days
from tousu.errors import RulesError
from tousu.files.columns import without_brackets
from tousu.files.sink import write_whole
from tousu.resources import written_table_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

YEAR = re.compile(r"(20\d\d)\s*年(?:部分|全年)?节假日")
ITEM = re.compile(
    r"(?:^|[\n。；、])\s*(?:[（(]?[一二三四五六七八九十]+[）)]?[、.．]\s*)?"
    r"((?:元旦|春节|清明|劳动|端午|中秋|国庆)[^：:\n]{0,9})[：:]([^\n]*)"
)
_DAY = r"(?:(\d{4})年)?(?:(\d{1,2})月)?(\d{1,2})日"
SPAN = re.compile(rf"{_DAY}(?:至{_DAY})?[^。；，]*?放假")
TOTAL = re.compile(r"共\s*(\d+)\s*天|放假\s*(\d+)\s*天")
WORKED = re.compile(r"((?:(?:\d{4}年)?\d{1,2}月\d{1,2}日、?)+)上班")
ONE_DAY = re.compile(r"(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日")


def read_notice(path: Path) -> dict[datetime.date, Day]:
    """Return the days that a notice arranges: a table with the columns of the calendar, or the notice's own words.

    Raises:
        RulesError: It cannot be read, tells of no year, or contradicts itself.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"放假通知读不出：{path}", expected="UTF-8 的文本或 csv", fix="检查路径与编码") from error
    if YEAR.search(text) and ITEM.search(text):
        return notice_days(text, path.name)
    return checked_days(enumerate(csv.reader(io.StringIO(text)), 1), path.name)


def notice_days(text: str, source: str) -> dict[datetime.date, Day]:
    """Return the days that the words of a notice arrange.

    Args:
        text: The notice, with its title, a paragraph for each holiday.
        source: What to call it.

    Raises:
        RulesError: It tells of no year, names no days or contradicts itself.
    """
    titled = YEAR.search(text)
    if titled is None:
        raise RulesError(f"{source} 看不出是哪一年的放假通知", expected="标题写着 2027年部分节假日安排 之类")
    year, days = int(titled[1]), {}
    for item in ITEM.finditer(text):
        holiday = re.split("[、，]", item[1].strip())[0]
        words = re.sub(r"\s", "", without_brackets(item[2]))
        for day in _free(words, year, holiday, source):
            days[day] = Day(OFF, holiday, source)
        for run in WORKED.findall(words):
            for told in ONE_DAY.finditer(run):
                days[_date(told[1] or year, told[2], told[3], source)] = Day(ON, holiday, source)
    if not days:
        raise RulesError(
            f"{source} 里没有认出放假的日子", expected="如 元旦：1月1日至3日放假，共3天。1月4日（周日）上班。"
        )
    return days


def _free(words: str, year: int, holiday: str, source: str) -> list[datetime.date]:
    """Return the free days of one holiday."""
    found = SPAN.search(words)
    if found is None or found[2] is None:
        raise RulesError(
            f"{source} 里{holiday}的放假日子认不出",
            expected="如 1月1日至3日放假，共3天",
            fix="改用 csv：日期,安排,节日,来源",
        )
    first = _date(found[1] or year, found[2], found[3], source)
    last = _date(found[4] or found[1] or year, found[5] or found[2], found[6], source) if found[6] else first
    days = [first + ONE * offset for offset in range((last - first).days + 1)]
    total = TOTAL.search(words)
    if not days or (total and int(total[1] or total[2]) != len(days)):
        raise RulesError(f"{source} 里{holiday}从 {first} 到 {last}，与所写的天数不合", fix="核对通知原文")
    return days


def _date(year: str | int, month: str, day: str, source: str) -> datetime.date:
    try:
        return datetime.date(int(year), int(month), int(day))
    except ValueError as error:
        raise RulesError(f"{source}：日历上没有 {year}-{month}-{day}", fix="核对通知原文") from error


def imported(days: Mapping[datetime.date, Day], notice: Mapping[datetime.date, Day]) -> dict[datetime.date, Day]:
    """Return a calendar's table with a notice in it: the years it tells of are replaced, days of others are added."""
    counts = [day.year for day in notice]
    years = {year for year in counts if counts.count(year) > 3}  # a notice reaches some days into the year before
    kept = {day: told for day, told in days.items() if day.year not in years}
    return dict(sorted((kept | dict(notice)).items()))


def write_days(days: Mapping[datetime.date, Day], path: Path | None = None) -> Path:
    """Write a calendar's table, complete or not at all, and return where: by default the station's own where it has a directory of tables.

    Raises:
        FileError: It cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows((day.isoformat(), *told) for day, told in days.items())
    if path is None:
        path = written_table_path(DAYS)
        with contextlib.suppress(OSError):  # told when the file is written
            path.parent.mkdir(exist_ok=True)
    with write_whole(path) as file:
        file.write(text.getvalue().encode())
    return path


def moved_days(before: WorkCalendar, after: WorkCalendar) -> list[tuple[datetime.date, bool]]:
    """Return the days that are worked in one calendar and not in the other, with whether they are worked in the second."""
    years = sorted(after.announced | after.computed)
    moved = []
    for day in sorted(set(before.days) | set(after.days)):
        if before.reaches(day) and day.year in years and before.is_workday(day) != after.is_workday(day):
            moved.append((day, after.is_workday(day)))
    return moved


def read_or_default(path: Path | None) -> dict[datetime.date, Day]:
    """Return the days of a calendar's table, the default one's where the given one is not there yet.

    Raises:
        RulesError: It cannot be read.
    """
    return read_days(path if path is not None and path.exists() else default_days())
