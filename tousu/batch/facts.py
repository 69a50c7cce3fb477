"""What a file tells of a case beside its text: its number, when it came in, who complains, and of whom; columns by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tousu.files.dates import DATE_NAMES, day_of
from tousu.ledger.fields import TITLES, find_fields
from tousu.ledger.people import digits_of, is_masked, name_of
from tousu.ledger.respondents import respondent_of

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Sequence

TOLD = ("received", "complainant", "telephone", "respondent", "case")
NO_FACTS = "没有表头，认不出登记时间、投诉人等列：一律按今天收到提示，不能与历史台账比对人和被投诉方"


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
            name_of(values.get("complainant")),
            telephone_of(values.get("telephone")),
            respondent_of(values.get("respondent")) or "",
            str(values.get("case") or "").strip(),
        )


def telephone_of(value: object) -> str:
    """Return a telephone's last digits; nothing where it is masked or too short to be one."""
    return "" if is_masked(value) else digits_of(value)
