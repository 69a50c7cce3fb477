"""What a file tells of a case beside its text: its number, when it came in, who complains, and of whom; columns by name."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from tousu.files.dates import DATE_NAMES, day_of
from tousu.ledger.fields import TITLES, find_fields
from tousu.ledger.respondents import respondent_of

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Sequence

TOLD = ("received", "complainant", "telephone", "respondent", "case")
# Names that are many people's: masked ones, and a surname with a form of address.
NOBODY = re.compile(
    r"[\W_]*|匿名.*|无|不详|未知|保密|不愿透露.*|null|none|nan|n/?a|\d{1,6}|.*[*某xX].*|.{1,2}(?:先生|女士|小姐|同志|老师|师傅|阿姨|大爷|大妈)"
)
SHORTEST_NUMBER, LONGEST_NUMBER = 7, 11


class Facts(NamedTuple):
    """What is known of one case; None or nothing where the file does not tell.

    Attributes:
        received: The day it came in.
        complainant: Who complains, in one spelling.
        telephone: The last digits of the telephone.
        respondent: Who is complained of, in one spelling.
        case: Its number.
    """

    received: datetime.date | None = None
    complainant: str = ""
    telephone: str = ""
    respondent: str = ""
    case: str = ""


class FactColumns:
    """Which columns tell the facts.

    Args:
        names: The table's columns in their order.

    Attributes:
        said: Which were found, in Chinese.
    """

    def __init__(self, names: Sequence[str]) -> None:
        found = find_fields(list(names))
        places = {field: list(names).index(found[field]) for field in TOLD if field in found}
        if "received" not in places:
            day = next((at for at, name in enumerate(names) if name in DATE_NAMES), None)
            places |= {} if day is None else {"received": day}
        self._places = places
        missing = [TITLES[field] for field in TOLD if field not in places]
        told = "；".join(f"{TITLES[field]}：{names[place]}" for field, place in places.items())
        self.said = f"认出的列　{told or '无'}" + (f"；未找到：{'、'.join(missing)}" if missing else "")

    @property
    def places(self) -> list[int]:
        """The places of the columns that were found."""
        return list(self._places.values())

    def facts(self, cell: Callable[[int], object]) -> Facts:
        """Return a row's facts; ``cell`` gives the row's cell by its place, None or nothing where there is none."""
        values = {field: cell(place) for field, place in self._places.items()}
        return Facts(
            day_of(values.get("received")),
            person_of(values.get("complainant")),
            telephone_of(values.get("telephone")),
            respondent_of(values.get("respondent")) or "",
            str(values.get("case") or "").strip(),
        )


def person_of(value: object) -> str:
    """Return a person's name in one spelling; nothing where it names nobody, or many."""
    plain = unicodedata.normalize("NFKC", str(value if value is not None else "")).strip().lower()
    return "" if NOBODY.fullmatch(plain) else re.sub(r"[\W_]+", "", plain)


def telephone_of(value: object) -> str:
    """Return a telephone's last digits; nothing where it is masked or too short to be one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    plain = unicodedata.normalize("NFKC", str(value if value is not None else ""))
    number = "".join(re.findall(r"[0-9]", plain))
    if "*" in plain or len(number) < SHORTEST_NUMBER or len(set(number)) == 1:
        return ""
    return number[-LONGEST_NUMBER:]
