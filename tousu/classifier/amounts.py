"""Sums of money in a text, by pattern: Arabic and Chinese numerals, 万 and 千 included, in one compiled loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from tousu.classifier.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tousu.classifier.text import Joined

MOST = 1e12  # yuan; what claims more is no sum
DIGITS, TENS, MYRIADS = 1, 2, 3


def _numerals() -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return for every character of the basic plane what numeral it is, and its value."""
    kind, value = np.zeros(65536, dtype=np.int8), np.zeros(65536)
    for chars in ("0123456789", "０１２３４５６７８９", "〇一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖"):
        for digit, char in enumerate(chars):
            kind[ord(char)], value[ord(char)] = DIGITS, digit
    for char, digit in (("两", 2), ("兩", 2), ("貳", 2), ("參", 3), ("陸", 6)):
        kind[ord(char)], value[ord(char)] = DIGITS, digit
    for chars, number in (("十拾", 1e1), ("百佰", 1e2), ("千仟", 1e3), ("kKｋＫ", 1e3)):
        for char in chars:
            kind[ord(char)], value[ord(char)] = TENS, number
    for chars, number in (("万萬wWｗＷ", 1e4), ("亿億", 1e8)):
        for char in chars:
            kind[ord(char)], value[ord(char)] = MYRIADS, number
    return kind, value


def _marks(chars: str) -> NDArray[np.bool_]:
    """Return for every character of the basic plane whether it is one of ``chars``."""
    marks = np.zeros(65536, dtype=np.bool_)
    marks[[ord(char) for char in chars]] = True
    return marks


KIND, VALUE = _numerals()
LATIN = _marks("kKwWｋＫｗＷ")
ABOUT = _marks("多余餘来來几幾")  # behind a number: "and some"
UNIT = _marks("元圆圓")
PIECE = _marks("块塊")
SIGN = _marks("¥￥")
BLANK = _marks(" \u3000")
# Behind 元: no money (元旦, 元素); behind 块: things counted by the piece; behind a bare 万: things, not money.
NO_YUAN = _marks("旦素宵器件")
NO_PIECE = _marks("砖瓷玻板表手屏地石木肉糖豆电硬面布肥香牌")
NO_MYRIAD = _marks("公里人户平米次辆台粉字吨件条个步名亩份张瓶只头棵本多分伏达科向一")
EXACT = _marks("钱多錢")


def largest_amounts(joined: Joined) -> NDArray[np.float64]:
    """Return the largest sum of money in each text, in yuan, two decimals; NaN where there is none."""
    amounts = np.empty(joined.starts.size - 1)
    find_amounts(joined.raw, joined.starts, KIND, VALUE, amounts)
    return amounts


@njit(inline="always")
def point_at(raw, i, stop):
    """Return the character at ``i`` as an index of the tables, 0 where there is none or none of the basic plane."""
    return raw[i] if i < stop and raw[i] < 65536 else np.uint32(0)


@compiled
def read_number(raw, i, stop, kind, value):
    """Read the number that begins at ``i``; return it, where it ends, and whether it ended in 万 or 亿."""
    total, section, number = 0.0, 0.0, 0.0
    unit = 1.0
    digits, pending = 0, False
    myriad = chinese = False
    while i < stop:
        point = point_at(raw, i, stop)
        which = kind[point]
        if which == 0:
            # A comma between digits in threes, a point before decimals.
            if pending and (point == 44 or point == 65292) and kind[point_at(raw, i + 1, stop)] == 1:
                far = 0
                while far < 4 and point_at(raw, i + 1 + far, stop) - np.uint32(48) < 10:
                    far += 1
                if far == 3 and digits <= 3:
                    i += 1
                    digits = 0
                    continue
                break
            if pending and point == 46 and point_at(raw, i + 1, stop) - np.uint32(48) < 10:
                i += 1
                scale = 0.1
                while i < stop and point_at(raw, i, stop) - np.uint32(48) < 10:
                    number += (raw[i] - 48) * scale
                    scale /= 10
                    i += 1
                continue
            break
        if which > 1 and chinese and digits == 2:
            number %= 10  # 两三千: the higher of the two
        if which == 1:
            number = (
                number * 10 + value[point] if (pending and unit == 1.0) or (pending and digits > 0) else value[point]
            )
            if value[point] == 0 and not pending:
                unit = 1.0
            pending = True
            digits += 1
            myriad = False
            chinese = point >= 0x3000 and point < 0xFF00
        elif which == 2:
            if not pending and value[point] > 10:
                break
            section += (number if pending else 1.0) * value[point]
            unit = value[point]
            number, pending, digits, myriad = 0.0, False, 0, False
        else:
            if not pending and section == 0:
                break
            total = (
                (total + section + number) * value[point] if value[point] > 1e4 else total + (section + number) * 1e4
            )
            unit = value[point]
            section, number, pending, digits, myriad = 0.0, 0.0, False, 0, True
        i += 1
        if number > 1e13:
            break
    # 三万五, 一千二: a single digit behind a unit is of the unit below.
    if pending and unit > 1.0 and digits == 1 and number >= 1:
        number *= unit / 10
        myriad = unit == 1e4
    return total + section + number, i, myriad


@compiled
def find_amounts(raw, starts, kind, value, amounts):
    """Write each text's largest sum.

    Args:
        raw: Code points of all texts joined, uint32; text t is ``raw[starts[t]:starts[t + 1]]``.
        starts: int64, shape (texts + 1,).
        kind: See ``_numerals``, like ``value``.
        value: See there.
        amounts: Output, float64, shape (texts,).
    """
    for t in range(starts.size - 1):
        largest = np.nan
        i, stop = starts[t], starts[t + 1]
        while i < stop:
            point = raw[i]
            if point >= 65536 or kind[point] == 0 or kind[point] == 3 or LATIN[point]:
                i += 1
                continue
            ahead = i - 1
            while ahead >= starts[t] and raw[ahead] < 65536 and BLANK[raw[ahead]]:
                ahead -= 1
            before = raw[ahead] if ahead >= starts[t] and raw[ahead] < 65536 else np.uint32(0)
            if kind[point] == 2 and (value[point] > 10 or before == 20960 or before == 25968):  # 几十, 数十
                i += 1
                continue
            amount, j, myriad = read_number(raw, i, stop, kind, value)
            arabic = point - np.uint32(48) < 10 or (point >= 65296 and point < 65306)
            single = j == i + 1 and not arabic
            i = max(j, i + 1)
            # 123abc, 第12, *12: parts of a code, not a number of its own.
            currency = (
                (before == 66 or before == 98) and ahead > starts[t] and (raw[ahead - 1] == 77 or raw[ahead - 1] == 109)
            )
            letter = before < 128 and (before - np.uint32(65) < 26 or before - np.uint32(97) < 26)
            if before == 42 or (letter and not currency):  # but RMB100; not GB 7718
                continue
            if ABOUT[point_at(raw, j, stop)]:
                after = point_at(raw, j + 1, stop)
                if kind[after] >= 2 and not LATIN[after]:
                    amount *= value[after]
                    myriad = myriad or kind[after] == 3
                    j += 1
                j += 1
            while BLANK[point_at(raw, j, stop)]:
                j += 1
            mark, after = point_at(raw, j, stop), point_at(raw, j + 1, stop)
            said = UNIT[mark] and not NO_YUAN[after]
            said = said or (PIECE[mark] and (EXACT[after] if amount < 10 or single else not NO_PIECE[after]))
            said = said or SIGN[before] or (mark == 20154 and after == 27665)  # 人民(币)
            said = said or ((mark == 82 or mark == 114) and (after == 77 or after == 109))  # RMB
            said = said or before == 24065 or currency  # …币100, RMB100
            said = said or (myriad and not NO_MYRIAD[mark] and not UNIT[mark])
            if said and 0 < amount <= 1e12 and not amount <= largest:
                largest = amount
        amounts[t] = np.round(largest * 100) / 100
