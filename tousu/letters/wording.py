"""How laws, articles and days are written in a letter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime

    from tousu.taxonomy import Law

DIGITS = "〇一二三四五六七八九"
ARTICLES = re.compile(r"第([\d、至-]+)(条|款|项)")


def chinese_day(day: datetime.date) -> str:
    """Return a day as letters write it, such as 2026年5月6日."""
    return f"{day.year}年{day.month}月{day.day}日"


def chinese_number(number: int) -> str:
    """Return a number from 1 to 999 in Chinese numerals, such as 二十三."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    said = f"{DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        said += ("" if tens == 1 and not hundreds else DIGITS[tens]) + "十"
    elif hundreds and ones:
        said += "〇"
    return said + (DIGITS[ones] if ones else "")


def chinese_articles(articles: str) -> str:
    """Return articles as letters cite them: 第14、36条 becomes 第十四条、第三十六条, 第16条第3项 第十六条第三项."""

    def written(found: re.Match[str]) -> str:
        listed = [part for part in found[1].split("、") if part]
        each = [
            "至第".join(f"{chinese_number(int(n))}{found[2]}" for n in re.split(r"[至-]", part) if n) for part in listed
        ]
        return "、".join(f"第{part}" for part in each)

    return ARTICLES.sub(written, articles)


def law_name(law: Law) -> str:
    """Return a law's title and number as a letter cites it."""
    number = f"（{law.number}）" if law.number.startswith(("国", "GB", "TSG", "商务")) else ""
    return f"《{law.title}》{number}"


def cited(law: Law, articles: str) -> str:
    """Return a law with its articles as a letter cites it."""
    return law_name(law) + chinese_articles(articles) if articles.startswith("第") else law_name(law)
