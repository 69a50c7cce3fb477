"""What a domain is picked by on the keyboard: the first letters of its name's pinyin."""

from __future__ import annotations

import functools

from tousu.taxonomy import load_taxonomy


def initials(name: str, code: str) -> str:
    """Return the initials of a name up to its first punctuation mark; the letters of the code where it has none."""
    from pypinyin import Style, pinyin

    begun = "".join(each if each.isalnum() else " " for each in name).split(" ")[0]
    found = pinyin(begun, style=Style.FIRST_LETTER, errors="ignore")
    return "".join(readings[0] for readings in found) or code.replace("_", "")


@functools.cache
def of_domains() -> dict[str, str]:
    """Return the initials of every domain by code."""
    return {code: initials(name, code) for code, name in load_taxonomy().names.items()}
