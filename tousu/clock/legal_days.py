"""Holidays of a year not announced yet, by the rule of the law alone: legal days, and days in lieu of those on weekends.

The yearly notice moves weekends about; nobody can compute that. What is computed here is provisional until it is imported.
"""

from __future__ import annotations

import csv
import datetime
from typing import TYPE_CHECKING

from tousu.errors import RulesError
from tousu.ledger.days import read_day
from tousu.resources import table_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TITLE = "节日表"
SPRING, QINGMING, DRAGON, AUTUMN = "春节", "清明节", "端午节", "中秋节"
LUNAR = (SPRING, QINGMING, DRAGON, AUTUMN)
SATURDAY = 5
ONE = datetime.timedelta(1)


def default_festivals() -> Path:
    """Return the path of the table of festivals by the moon and the sun: the station's own where it has one, else the shipped one.

    Raises:
        SettingsError: There is no such directory of own tables.
    """
    return table_path("calendar/festivals.csv")


def read_festivals(path: Path | None = None) -> dict[int, dict[str, datetime.date]]:
    """Return for each year of the table the first day of the festivals in ``LUNAR``.

    Raises:
        RulesError: It cannot be read, or a line is wrong; the message names it.
    """
    file = path or default_festivals()
    try:
        lines = list(csv.reader(file.read_text("utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"{TITLE}读不出：{file}", expected="UTF-8 的 csv", fix="检查路径与编码") from error
    years = {}
    for number, cells in enumerate(lines[1:], 2):
        days = [read_day(cell) for cell in cells[1:]]
        told = [day for day in days if isinstance(day, datetime.date) and str(day.year) == cells[0]]
        if len(told) != len(LUNAR):
            raise RulesError(f"{TITLE} {file} 第 {number} 行写错了", expected=f"年，随后是当年{'、'.join(LUNAR)}的日期")
        years[int(cells[0])] = dict(zip(LUNAR, told, strict=True))
    return years


def legal_days(year: int, festivals: Mapping[str, datetime.date]) -> list[tuple[datetime.date, str]]:
    """Return the 13 days of a year that are free for everybody since 2025, with their holiday, in order."""
    spring, fixed = festivals[SPRING], _fixed_days(year)
    days = [(spring + ONE * offset, SPRING) for offset in (-1, 0, 1, 2)]
    days += [(festivals[name], name) for name in (QINGMING, DRAGON, AUTUMN)]
    return sorted([*fixed, *days])


def _fixed_days(year: int) -> list[tuple[datetime.date, str]]:
    """Return the legal days that stand on the same dates every year."""
    dates = [
        (1, 1, "元旦"),
        (5, 1, "劳动节"),
        (5, 2, "劳动节"),
        (10, 1, "国庆节"),
        (10, 2, "国庆节"),
        (10, 3, "国庆节"),
    ]
    return [(datetime.date(year, month, day), holiday) for month, day, holiday in dates]


def free_days(year: int, festivals: Mapping[str, datetime.date]) -> dict[datetime.date, str]:
    """Return the free days of a year that no notice tells of yet, with their holiday.

    A legal day that falls on a weekend, or on another legal day, is made up for on the next day that is worked.
    """
    legal = legal_days(year, festivals)
    free: dict[datetime.date, str] = {}
    owed = []
    for day, holiday in legal:
        if day in free or day.weekday() >= SATURDAY:
            owed.append((day, holiday))
        free.setdefault(day, holiday)
    for day, holiday in owed:
        lieu = day
        while lieu in free or lieu.weekday() >= SATURDAY:
            lieu += ONE
        free[lieu] = holiday
    return free
