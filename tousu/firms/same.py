"""Whether two names are of one firm: no part contradicts, and the brands are the same but for a slip of the pen."""

from __future__ import annotations

import functools
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tousu.firms.names import Firm
    from tousu.firms.words import FirmWords

SHORT = 2  # letters of a brand too short to bear a slip among names of its trade
LONG = 5  # letters of brand and trade that bear a letter too many, or a strange one


class Relation(Enum):
    """How two names stand to one another."""

    DIFFERENT = 0
    WIDER = 1  # nothing contradicts, but one says less: the firm, and a shop of it
    SAME = 2


class Matcher:
    """Compares names of firms.

    Args:
        words: The table they are taken apart by.
    """

    def __init__(self, words: FirmWords) -> None:
        self._food, self._look_alikes = frozenset(words.food), words.look_alikes
        self._telling, self._common = frozenset(words.telling), frozenset(words.common)

    def relation(self, one: Firm, other: Firm) -> Relation:
        """Return how two names stand to one another."""
        parted = _site_parted(one, other)
        if parted is not None:
            return Relation.WIDER
        if not self._agree(one, other):
            return Relation.DIFFERENT
        trades = self._trades(one, other)
        if trades is Relation.DIFFERENT:
            return trades
        if one.brand != other.brand and (trades is Relation.WIDER or not self._slip(one, other)):
            return Relation.DIFFERENT
        wider = (
            trades is Relation.WIDER or (bool(one.branch) != bool(other.branch)) or bool(one.shop) != bool(other.shop)
        )
        wider = wider or bool(one.place) != bool(other.place)
        return Relation.WIDER if wider else Relation.SAME

    def _agree(self, one: Firm, other: Firm) -> bool:
        """Return whether places, branches and kinds of shop do not contradict."""
        if one.shop and other.shop and one.shop != other.shop:
            return False
        if one.place and other.place and not _contained(one.place, other.place):
            return False
        if not (one.branch and other.branch) or one.branch == other.branch:
            return True
        if _digits(one.branch) != _digits(other.branch):
            return False
        return _contained(one.branch, other.branch) or self._one_letter(one.branch, other.branch, strict=True)

    def _trades(self, one: Firm, other: Firm) -> Relation:
        """Return how the trades stand to one another."""
        if one.trade == other.trade:
            return Relation.SAME
        longer = min(len(one.brand), len(other.brand)) > SHORT
        if not one.trade or not other.trade:
            return Relation.WIDER if longer else Relation.DIFFERENT
        food = {one.trade, other.trade} <= self._food
        return Relation.WIDER if food and longer and "餐饮" in (one.trade, other.trade) else Relation.DIFFERENT

    def _slip(self, one: Firm, other: Firm) -> bool:
        """Return whether two brands differ by a slip of the pen."""
        if _digits(one.brand) != _digits(other.brand):
            return False
        short = min(len(one.brand), len(other.brand)) <= SHORT
        if short and (one.trade == "" or len(one.brand) != len(other.brand)):
            return False
        return self._one_letter(one.brand, other.brand, strict=short, room=len(one.trade))

    def _one_letter(self, one: str, other: str, *, strict: bool, room: int = 0) -> bool:
        """Return whether one letter is another that sounds or looks the same, or in a long name is missing.

        Args:
            one: A brand or branch.
            other: Another.
            strict: Whether lucky letters and family names tell.
            room: How many letters of both besides are the same.
        """
        if len(one) == len(other):
            places = [place for place in range(len(one)) if one[place] != other[place]]
            if len(places) == 2 and places[1] == places[0] + 1 and len(one) > SHORT:
                first, second = places
                return one[first] == other[second] and one[second] == other[first]
            return len(places) == 1 and self._mistaken(one[places[0]], other[places[0]], strict=strict)
        long, short = sorted((one, other), key=len, reverse=True)
        if len(long) - len(short) != 1 or len(short) + room < LONG or len(short) < 3:
            return False
        place = next((place for place in range(len(short)) if long[place] != short[place]), len(short))
        return long[:place] + long[place + 1 :] == short and long[place] not in self._telling and 0 < place < len(short)

    def _mistaken(self, one: str, other: str, *, strict: bool) -> bool:
        """Return whether one letter may have been written for another."""
        if (one, other) in self._look_alikes:
            return not {one, other} <= self._telling
        if {one, other} & self._telling:
            return False
        if strict and {one, other} <= self._common:
            return False
        return bool(sounds(one) & sounds(other))


def _site_parted(one: Firm, other: Firm) -> Firm | None:
    """Return the name with a branch behind its brand where the other is just that brand and trade; else None."""
    for wide, narrow in ((one, other), (other, one)):
        brand = wide.core
        if narrow.sited and not narrow.trade and len(brand) > SHORT and narrow.brand.startswith(brand):
            site = narrow.brand[len(brand) :]
            if len(site) >= 2 and (not wide.branch or _contained(wide.branch, site)):
                return narrow
    return None


def _contained(one: str, other: str) -> bool:
    """Return whether one holds the other."""
    return one in other or other in one


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit() or letter in "一二三四五六七八九十")


@functools.cache
def sounds(letter: str) -> frozenset[str]:
    """Return how a letter may be read, in toneless pinyin, with what hotline clerks mishear made one."""
    from pypinyin import Style, pinyin

    readings = pinyin(letter, style=Style.NORMAL, errors="ignore")
    return frozenset(_heard(reading) for reading in (readings[0] if readings else []))


def _heard(reading: str) -> str:
    """Return a syllable with zh, ch, sh as z, c, s and -ng as -n."""
    for full, flat in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if reading.startswith(full):
            reading = flat + reading[2:]
    return reading[:-1] if reading.endswith(("ing", "eng")) else reading
