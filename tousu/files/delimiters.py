"""Which character stands between the cells of a text file."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# The surest first; \x01 is Hive's.
DELIMITERS = (",", "\t", ";", "|", "\x01", "^")
# Others that people use; files of these are refused with a hint.
ODD = ("~", "#", "$", "@", "&", "!", "\x02", "\x1e", "\x1f", "｜", "¦", "，", "；", "\xa6")
LOOKED_AT = 200  # lines
TITLES = 20  # lines at the top that may hold none
MOSTLY = 0.5  # of the lines have the same number of cells


def find_delimiter(lines: Sequence[str], *, tab: bool = False) -> str:
    """Return the delimiter of a file's first lines: that of the first line with any, if the others agree.

    Args:
        lines: The first lines.
        tab: Whether the file's name says that it is the tab.
    """
    if tab and any("\t" in line for line in lines[:TITLES]):
        return "\t"
    first = next((line for line in lines[:TITLES] if any(map(line.count, DELIMITERS))), "")
    likely = max(DELIMITERS, key=first.count) if first else "\t" if tab else ","
    shares = {delimiter: _agreement(lines, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: shares[delimiter])
    return best if shares[likely] < MOSTLY <= shares[best] else likely


def odd_delimiter(lines: Sequence[str]) -> str:
    """Return the character that stands equally often in a one-column file's lines, as only a delimiter does; or nothing."""
    filled = [line for line in lines[:LOOKED_AT] if line.strip()]
    for sign in ODD:
        counts = Counter(line.count(sign) for line in filled)
        most, number = counts.most_common(1)[0] if counts else (0, 0)
        if most and len(filled) > 1 and filled[0].count(sign) == most and number == len(filled):
            return sign
    return ""


def _agreement(lines: Sequence[str], delimiter: str) -> float:
    """Return the share of records with the usual number of cells, 0 if that is one."""
    try:
        widths = Counter(len(row) for row in csv.reader(lines[:LOOKED_AT], delimiter=delimiter) if row)
    except csv.Error:
        return 0.0
    if not widths:
        return 0.0
    width, number = widths.most_common(1)[0]
    return number / widths.total() if width > 1 else 0.0
