"""All spellings of a ledger gathered by firm."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tousu.firms.names import NameParser
from tousu.firms.same import Matcher, Relation
from tousu.firms.sets import DisjointSets
from tousu.firms.words import load_firm_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tousu.firms.names import Firm

MOST_JOINED = 48  # names compared before a name joins others
MOST_ALIKE = 80  # names that share a part: of more, the part is no one's own


def group_names(counts: Mapping[str, int], simplified: Mapping[int, int] | None = None) -> dict[str, str]:
    """Return for each name the spelling its firm is shown under: the one most used, of equals the shortest.

    A name that says less than others (the firm without its branch, without its trade) joins them where they are all
    one firm, and stands by itself where they are several.

    Args:
        counts: How often each name is used.
        simplified: The plain letter of each traditional one, by code point.
    """
    words = load_firm_words()
    parser, matcher = NameParser(words, simplified), Matcher(words)
    parsed: dict[Firm, list[str]] = defaultdict(list)
    for name in counts:
        parsed[parser.parse(name)].append(name)
    firms = list(parsed)
    links: dict[int, list[int]] = defaultdict(list)
    sets = DisjointSets(range(len(firms)))
    for one, other in _candidates(firms):
        relation = matcher.relation(firms[one], firms[other])
        if relation is Relation.SAME:
            sets.join(one, other)
        elif relation is Relation.WIDER:
            links[one].append(other)
            links[other].append(one)
    _join_wider(firms, links, sets, matcher)
    shown: dict[str, str] = {}
    for members in sets.all():
        names = [name for member in members for name in parsed[firms[member]]]
        best = max(names, key=lambda name: (counts[name], -len(name), name))
        shown.update(dict.fromkeys(names, best))
    return shown


def _join_wider(firms: list[Firm], links: Mapping[int, list[int]], sets: DisjointSets, matcher: Matcher) -> None:
    """Join each name that says less to those that say more, where these are all one firm."""
    for place in sorted(links, key=lambda place: (_told(firms[place]), place)):
        more = [other for other in links[place] if _told(firms[other]) >= _told(firms[place])]
        everyone = sorted({member for other in [place, *more] for member in sets.of(other)})[:MOST_JOINED]
        if more and not any(
            matcher.relation(firms[one], firms[other]) is Relation.DIFFERENT
            for number, one in enumerate(everyone)
            for other in everyone[:number]
        ):
            for other in more:
                sets.join(place, other)


def _told(firm: Firm) -> int:
    """Return how many parts a name tells."""
    return bool(firm.branch or firm.sited) + bool(firm.place) + bool(firm.trade) + bool(firm.shop)


def _candidates(firms: list[Firm]) -> Iterator[tuple[int, int]]:
    """Yield pairs of names that may be of one firm: brands alike but for a letter, or one before a branch."""
    shared: dict[tuple[str, ...], list[int]] = defaultdict(list)
    cores: dict[str, list[int]] = defaultdict(list)
    for place, firm in enumerate(firms):
        brand, trade = firm.brand, firm.trade
        cores[firm.core].append(place)
        shared["brand", brand].append(place)
        shared["branch", brand, firm.branch].append(place)
        for cut in range(len(brand)):
            shared["less", brand[:cut] + brand[cut + 1 :], trade].append(place)
        shared["less", brand, trade].append(place)
        for cut in range(len(brand) - 1 if len(brand) >= 3 else 0):
            swapped = brand[:cut] + brand[cut + 1] + brand[cut] + brand[cut + 2 :]
            shared["swap", min(swapped, brand), trade].append(place)
    for place, firm in enumerate(firms):
        if firm.sited:
            for cut in range(3, len(firm.brand) - 1):
                shared["site", firm.brand[:cut]].extend([place, *cores.get(firm.brand[:cut], ())])
    seen: set[tuple[int, int]] = set()
    for places in shared.values():
        alike = sorted(set(places))
        if len(alike) > MOST_ALIKE:
            continue
        for number, one in enumerate(alike):
            for other in alike[number + 1 :]:
                if (one, other) not in seen:
                    seen.add((one, other))
                    yield one, other
