"""Personal numbers in a text become zeros before it is stored or handed on.

Digits turn into ``0`` one for one, because the classifier reads every run of digits as one ``0``: what is
stored trains and tags just as what was said, and offsets stay the same. Order numbers of eleven and more
digits are masked too; they cannot be told from card numbers.
"""

from __future__ import annotations

import re

NUMBERS = re.compile(
    r"""
    (?<!\d)(?:
        \d{17}[Xx]                                              # ID card with a check letter
      | \d{6}[-\ ]?(?:19|20)\d{6}[-\ ]?\d{3}[\dXx]              # ID card, in groups
      | \d{4}(?:[-\ ]?\d{4}){3}(?:[-\ ]?\d{1,3})?               # bank card, in groups
      | (?:\+?86[-\ ]?)?1[3-9]\d(?:[-\ ]?\d{4}){2}              # mobile phone, in groups
      | 0\d{2,3}[-\ )]{0,2}\d{7,8}                              # landline with its area code
      | \d{11,}                                                 # any of them written together
    )(?!\d)
    """,
    re.VERBOSE,
)
SPOKEN = re.compile(r"[零〇一二三四五六七八九幺两]{11,}")
PLATES = re.compile(
    r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-HJ-NP-Za-hj-np-z][·\- ]?)"
    r"((?=[A-Za-z0-9]{0,5}[0-9])[A-HJ-NP-Za-hj-np-z0-9]{4,6}[挂学警港澳]?)(?![A-Za-z0-9])"
)
DIGIT = re.compile(r"[\dXx]")


def mask(text: str) -> str:
    """Return ``text`` with phone, ID-card, bank-card and plate numbers as zeros, of the same length."""
    text = NUMBERS.sub(lambda found: DIGIT.sub("0", found[0]), text)
    text = SPOKEN.sub(lambda found: "零" * len(found[0]), text)
    return PLATES.sub(lambda found: found[1] + "0" * len(found[2]), text)
