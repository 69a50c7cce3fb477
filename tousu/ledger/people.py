"""Those who complain: one spelling for one name, and what of a telephone tells two people apart."""

from __future__ import annotations

import re
import unicodedata

# Names that are nobody's or many people's: none given, hidden letters, a form of address behind no more than a surname.
NAMELESS = re.compile(
    r"匿名|不详|未知|不愿|保密|未留|无名|群众|市民|网民|消费者|某|[*×●]|xx|(?<![a-z])x(?![a-z])"
    r"|^.{0,2}\s*(?:(?:先生|女士|小姐|同志|老师|师傅|阿姨|大爷|大妈)\W*)+$|^(?:无|null|none|nan|n/?a)$|^\W*\w?\W*$|^[a-z]?\d*$"
)
MASKED = re.compile(r"[*xX×●]")
NO_LETTER, NO_DIGIT = re.compile(r"[\W_]+"), re.compile(r"[^0-9]+")
SHORTEST_NUMBER, LONGEST_NUMBER = 7, 11
FEWEST_DIGITS = 3  # different ones; 00000000 and 12121212 are nobody's


def name_of(value: object) -> str:
    """Return a person's name in one spelling; nothing where it names nobody, or many."""
    plain = _plain(value).strip().lower()
    return "" if NAMELESS.search(plain) else NO_LETTER.sub("", plain)


def spelling_of(value: object) -> str:
    """Return what stands in a name's place in one spelling, whether it names somebody or not."""
    return NO_LETTER.sub("", _plain(value).lower())


def digits_of(value: object) -> str:
    """Return a telephone's last digits, those that are not hidden; nothing where it is too short to be one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    number = NO_DIGIT.sub("", _plain(value))
    enough = len(number) >= SHORTEST_NUMBER and len(set(number)) >= FEWEST_DIGITS
    return number[-LONGEST_NUMBER:] if enough else ""


def is_masked(value: object) -> bool:
    """Return whether digits of a telephone are hidden: strangers may share the others."""
    return MASKED.search(_plain(value)) is not None


def _plain(value: object) -> str:
    return unicodedata.normalize("NFKC", str(value if value is not None else ""))
