"""Personal numbers in a text become zeros before it is stored or handed on.

Digits turn into ``0`` one for one, because the classifier reads every run of digits as one ``0``: what is
stored trains and tags just as what was said, and offsets stay the same. Order numbers of eleven and more
digits are masked too; they cannot be told from card numbers. Characters that nobody sees divide no number,
and a mobile phone's or ID card's number may go on in the next line.
"""

from __future__ import annotations

import re

# Formatting, joining and control characters, accents and frames over a digit, letters that are blank. The unit separator is
# none of them: it stands between cells that are masked in one go.
HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u0300-\u036f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20f0\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
BLANK = r"\ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
GAP = rf"[-{BLANK}\u2010-\u2015\u2212\uff0d]"  # between groups of digits
ID_CARD = rf"\d{{6}}{GAP}?(?:19|20)\d{{6}}{GAP}?\d{{3}}[\dXx]"  # in groups or in one
MOBILE = rf"(?:\+?86{GAP}?)?1[3-9]\d(?:{GAP}?\d{{4}}){{2}}"
NUMBERS = re.compile(
    rf"""
    (?<!\d)(?:
        \d{{17}}[Xx]                                            # ID card with a check letter
      | {ID_CARD}
      | \d{{4}}(?:{GAP}?\d{{4}}){{3}}(?:{GAP}?\d{{1,3}})?       # bank card, in groups
      | {MOBILE}
      | 0\d{{2,3}}(?:{GAP}|[)）]){{0,2}}\d{{7,8}}               # landline with its area code
      | \d{{11,}}                                               # any of them written together
    )(?!\d)
    """,
    re.VERBOSE,
)
# Of these alone may a part stand in the next line: other digits in lines of their own are amounts and days.
DIVIDED = re.compile(rf"(?<!\d)(?:{ID_CARD}|{MOBILE})(?!\d)")
ENDS = r"\n\r\v\f\x85\u2028\u2029"  # of lines
LINE_END = re.compile(rf"(?<=\d){GAP}?[\t{BLANK}]*[{ENDS}][\t{BLANK}{ENDS}]*{GAP}?(?=[\dXx])")
REACH = 24  # characters; no number has so many on one side of a line's end
SPOKEN = re.compile(r"[零〇一二三四五六七八九幺两]{11,}")
PLATES = re.compile(
    r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-HJ-NP-Za-hj-np-z][·\- ]?)"
    r"((?=[A-Za-z0-9]{0,5}[0-9])[A-HJ-NP-Za-hj-np-z0-9]{4,6}[挂学警港澳]?)(?![A-Za-z0-9])"
)
DIGIT = re.compile(r"[\dXx]")


def mask(text: str) -> str:
    """Return ``text`` with phone, ID-card, bank-card and plate numbers as zeros, of the same length."""
    seen = HIDDEN.sub("", text)
    masked = _masked(seen)
    if len(seen) == len(text):
        return masked
    left = iter(masked)
    return "".join(mark if HIDDEN.match(mark) else next(left) for mark in text)


def kept_lines(text: str) -> str:
    """Return what a person wrote into a form as it is kept: no characters that nobody sees, personal numbers as zeros."""
    return mask("".join(mark for mark in text if mark.isprintable() or mark.isspace()))


def kept_line(text: str) -> str:
    """Return what a person wrote into a form as ``kept_lines`` keeps it, on one line."""
    return " ".join(kept_lines(text).split())


def _masked(text: str) -> str:
    """Return a text without hidden characters masked."""
    text = _masked_across_lines(text)
    text = NUMBERS.sub(lambda found: DIGIT.sub("0", found[0]), text)
    text = SPOKEN.sub(lambda found: "零" * len(found[0]), text)
    return PLATES.sub(lambda found: found[1] + "0" * len(found[2]), text)


def _masked_across_lines(text: str) -> str:
    """Return a text with the numbers masked that begin in one line and end in the next."""
    marks: list[str] = []
    for end in LINE_END.finditer(text):
        begin = max(0, end.start() - REACH)
        places = [*range(begin, end.start()), *range(end.end(), min(len(text), end.end() + REACH))]
        for found in DIVIDED.finditer("".join(text[place] for place in places)):
            if begin + found.start() < end.start() < begin + found.end():
                marks = marks or list(text)
                for place in places[found.start() : found.end()]:
                    marks[place] = DIGIT.sub("0", text[place])
    return "".join(marks) or text
