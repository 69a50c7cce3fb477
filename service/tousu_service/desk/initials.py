"""The letters a domain is picked by on the keyboard: the first ones of its name's pinyin.

GB 2312 orders its commoner half, 3,755 characters, by pinyin, so a character's place tells its first letter.
"""

from __future__ import annotations

import bisect
import functools

from tousu.taxonomy import load_taxonomy

FIRST = (
    0xB0A1, 0xB0C5, 0xB2C1, 0xB4EE, 0xB6EA, 0xB7A2, 0xB8C1, 0xB9FE, 0xBBF7, 0xBFA6, 0xC0AC, 0xC2E8, 0xC4C3, 0xC5B6,
    0xC5BE, 0xC6DA, 0xC8BB, 0xC8F6, 0xCBFA, 0xCDDA, 0xCEF4, 0xD1B9, 0xD4D1,
)  # fmt: skip
LETTERS = "abcdefghjklmnopqrstwxyz"
LAST = 0xD7F9


def letter(character: str) -> str:
    """Return the first letter of a character's pinyin; empty for what is not among the commoner half."""
    code = int.from_bytes(character.encode("gb2312", "ignore"), "big")
    return LETTERS[bisect.bisect(FIRST, code) - 1] if FIRST[0] <= code <= LAST else ""


def letters(name: str, code: str) -> str:
    """Return the letters of a name up to its first punctuation mark; those of the code where it has none."""
    begun = "".join(each if each.isalnum() else " " for each in name).split(" ")[0]
    return "".join(letter(each) for each in begun) or code.replace("_", "")


@functools.cache
def of_domains() -> dict[str, str]:
    """Return the letters of every domain by code."""
    return {code: letters(name, code) for code, name in load_taxonomy().names.items()}
