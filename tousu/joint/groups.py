"""Joint groups of a ledger: one firm complained of by many, one firm's matters that belong to several authorities."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tousu.case_codes import AUTHORITIES
from tousu.letters.of_ledger import kind_of

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence

    import polars as pl

OURS = "ours"  # our own remit, among the authorities
OUTSIDE = "out_of_scope"
USED = (
    "row", "respondent", "complainant", "received", "source", "kind", "accepted", "ended", "filed", "not_filed",
    "tousu_kind", "tousu_primary", "tousu_route",
)  # fmt: skip
FEWEST = 3  # complainants that make a firm a matter of many


@dataclass(frozen=True, slots=True)
class JointGroup:
    """Cases that one firm ties together.

    Attributes:
        firm: The firm, under its most usual spelling.
        spellings: Every spelling that was taken for it, the most usual first.
        rows: Data rows of the ledger.
        complainants: Different complainants; a case that names none counts as one.
        kinds: How many cases of each kind.
        domains: How many cases of each domain.
        authorities: Whose matters they are, ``OURS`` first, then codes of authorities, the most cases first.
        first: The first day a case was received, None where no row tells it; likewise ``last``.
        last: The last day.
    """

    firm: str
    spellings: tuple[str, ...]
    rows: tuple[int, ...]
    complainants: int
    kinds: Mapping[str, int]
    domains: Mapping[str, int]
    authorities: tuple[str, ...]
    first: datetime.date | None
    last: datetime.date | None

    @property
    def many(self) -> bool:
        """Whether it is a matter of many complainants against one firm (多对一)."""
        return self.complainants >= FEWEST

    @property
    def several(self) -> bool:
        """Whether it is a matter of several authorities (一对多)."""
        return len(self.authorities) > 1

    def to_dict(self) -> dict[str, Any]:
        """Return the group as JSON has it."""
        return {
            "firm": self.firm, "spellings": list(self.spellings), "rows": list(self.rows), "complainants": self.complainants,
            "kinds": dict(self.kinds), "domains": dict(self.domains), "authorities": list(self.authorities),
            "many_to_one": self.many, "one_to_many": self.several,
            "first": self.first.isoformat() if self.first else None, "last": self.last.isoformat() if self.last else None,
        }  # fmt: skip


def authority_of(row: Mapping[str, Any]) -> str | None:
    """Return whose matter a tagged row is: ``OURS``, an authority's code, or None where nobody has to act or its name is not known."""
    if row["tousu_primary"] is None:
        return None
    if row["tousu_primary"] != OUTSIDE:
        return OURS
    route = row["tousu_route"]
    return route if route in AUTHORITIES and route != "none" else None


def joint_groups(rows: pl.DataFrame, firms: Mapping[str, str] | None = None) -> list[JointGroup]:
    """Return the joint groups of a ledger, the most complainants first.

    Args:
        rows: A ledger's rows, tagged.
        firms: The firm each spelling of a respondent stands for; by default each spelling is a firm of its own.
    """
    tied: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.select(USED).iter_rows(named=True):
        if row["respondent"]:
            tied[(firms or {}).get(row["respondent"], row["respondent"])].append(row)
    groups = [_group(firm, members) for firm, members in tied.items() if len(members) > 1]
    joint = [group for group in groups if group.many or group.several]
    return sorted(joint, key=lambda group: (-group.complainants, -len(group.authorities), group.rows))


def _group(firm: str, members: Sequence[Mapping[str, Any]]) -> JointGroup:
    named = {row["complainant"] for row in members if row["complainant"]}
    spellings = Counter(row["respondent"] for row in members)
    authorities = Counter(code for code in map(authority_of, members) if code)
    days = [row["received"] for row in members if row["received"]]
    return JointGroup(
        firm=firm,
        spellings=tuple(sorted(spellings, key=lambda name: (-spellings[name], name))),
        rows=tuple(row["row"] for row in members),
        complainants=len(named) + sum(not row["complainant"] for row in members),
        kinds=Counter(kind_of(row) for row in members),
        domains=Counter(row["tousu_primary"] for row in members if row["tousu_primary"]),
        authorities=tuple(sorted(authorities, key=lambda code: (code != OURS, -authorities[code], code))),
        first=min(days, default=None),
        last=max(days, default=None),
    )
