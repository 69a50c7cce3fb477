"""Repeated cases: the same person again about the same matter."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from tousu.firms.sets import DisjointSets
from tousu.ledger.people import digits_of, is_masked, name_of, spelling_of
from tousu.near_duplicates import letters_of

if TYPE_CHECKING:
    import datetime
    from collections.abc import Hashable, Iterable, Sequence

WITHIN = 92  # days between a case and the one it repeats
SHARED = 0.05  # of a text's pairs of letters; a third of strangers' texts of one domain share so much, two thirds of one matter's
REASONS = (
    "同一投诉人、同一企业",
    "同一投诉人、内容近似",
    "同一投诉人、同一领域",
    "内容近似、都没有投诉人",
)  # the first that fits tells


class Repeat(NamedTuple):
    """Cases of one person about one matter.

    Attributes:
        rows: Data rows of the ledger, the earliest first.
        reason: Why they are taken for one matter, in Chinese.
        again: Whether a later one came after an earlier was closed.
    """

    rows: list[int]
    reason: str
    again: bool


def person_of(name: str | None, telephone: str | None) -> str | None:
    """Return by what a person is known: the telephone, else the whole name; None for who cannot be told.

    A number with hidden digits counts with the name beside it; 王先生, 匿名 and the like are no names.
    """
    if number := digits_of(telephone):
        return f"{number}|{spelling_of(name)}" if is_masked(telephone) else number
    return name_of(name) or None


def find_repeats(cases: Sequence[dict[str, Any]], fallback: str) -> list[Repeat]:
    """Return the repeated cases, those with the most rows first.

    One matter are cases of one person, at most ``WITHIN`` days apart, that name one firm, or have nearly the same text, or name
    no two firms, lie in one domain of the remit and share some words. Nearly the same text, where no case tells who it is from,
    is one matter too.

    Args:
        cases: With the keys row, day, closed, person, firm, leader (first row of nearly the same text), domain, text, and
            named: whether the ledger says anything of who it is from.
        fallback: The domain outside the remit.
    """
    known = {case["row"]: case for case in cases}
    sets = DisjointSets(known)
    why: dict[int, int] = {}
    by_reason = (
        _by(cases, lambda case: case["person"] and case["firm"] and (case["person"], case["firm"])),
        _by(cases, lambda case: case["person"] and (case["person"], case["leader"])),
        _by_domain(cases, fallback),
        _by(cases, lambda case: case["person"] is None and not case["named"] and ("", case["leader"])),
    )
    for reason, groups in enumerate(by_reason):
        for group in groups:
            for one, other in _near(group):
                sets.join(one["row"], other["row"])
                why.setdefault(one["row"], reason)
                why.setdefault(other["row"], reason)
    found = []
    for rows in (rows for rows in sets.all() if len(rows) > 1):
        own = sorted((known[row] for row in rows), key=lambda case: (case["day"], case["row"]))
        again = any(
            one["closed"] is not None and one["closed"] <= other["day"] for one, other in itertools.pairwise(own)
        )
        first = REASONS[min(why[row] for row in rows)]
        days = (own[-1]["day"] - own[0]["day"]).days
        told = f"{first}，{days} 天内 {len(own)} 件" + ("，前件办结后又来" if again else "")
        found.append(Repeat([case["row"] for case in own], told, again))
    return sorted(found, key=lambda repeat: (-len(repeat.rows), repeat.rows))


def _by(cases: Sequence[dict[str, Any]], key: Any) -> Iterable[list[dict[str, Any]]]:
    """Return the cases of one key; those without one are left out."""
    groups: dict[Hashable, list[dict[str, Any]]] = defaultdict(list)
    for case in cases:
        told = key(case)
        if told:
            groups[told].append(case)
    return groups.values()


def _by_domain(cases: Sequence[dict[str, Any]], fallback: str) -> Iterable[list[dict[str, Any]]]:
    """Return pairs of cases of one person in one domain of the remit that share words, where they name no two firms."""
    inside = [case for case in cases if case["domain"] and case["domain"] != fallback]
    for group in _by(inside, lambda case: case["person"] and (case["person"], case["domain"])):
        if len({case["firm"] for case in group if case["firm"]}) <= 1:
            yield from ([one, other] for one, other in _near(group) if _shared(one["text"], other["text"]) >= SHARED)


def _shared(one: str | None, other: str | None) -> float:
    """Return which share of the shorter text's pairs of letters stands in the other too."""
    mine, theirs = (
        {plain[at : at + 2] for at in range(len(plain) - 1)}
        for plain in (letters_of(one or ""), letters_of(other or ""))
    )
    return len(mine & theirs) / max(1, min(len(mine), len(theirs)))


def _near(group: list[dict[str, Any]]) -> Iterable[tuple[dict[str, Any], dict[str, Any]]]:
    """Return pairs of cases that follow one another within ``WITHIN`` days."""
    ordered = sorted(group, key=lambda case: (case["day"], case["row"]))
    for one, other in itertools.pairwise(ordered):
        days: datetime.timedelta = other["day"] - one["day"]
        if days.days <= WITHIN:
            yield one, other
