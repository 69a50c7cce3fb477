"""What helps to judge a case: the words that decided, the law of its day, what to do."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tousu.errors import TousuError
from tousu.signals import load_authorities, load_signals
from tousu.taxonomy import load_taxonomy
from tousu.timezone import today

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tousu.classifier.model import Classifier
    from tousu.taxonomy import Domain, Law, Taxonomy

MOST_SPANS = 6
LONGEST = 20_000  # characters from which no evidence is looked for


class Piece(NamedTuple):
    """A piece of a text: ``of`` is the code whose evidence it is, empty for none; ``sign`` if that is a signal."""

    text: str
    of: str
    sign: bool


@dataclass(frozen=True, slots=True)
class Advice:
    """What a domain asks of the station on a day."""

    domain: Domain
    laws: list[tuple[Law, str]]


def whole(text: str) -> list[Piece]:
    """Return a text in one piece, in none if it is empty."""
    return [Piece(text, "", sign=False)] if text else []


def pieces(model: Classifier, text: str, domain: str) -> tuple[list[Piece], list[str]]:
    """Return a text cut where evidence for a domain and for its signals begins and ends, and why it is watched."""
    if not text or len(text) > LONGEST:
        return whole(text), []
    try:
        case = model.case_reasons(text)
        spans = [
            (span.start, span.end) for span in model.explain(text, code=domain, most=MOST_SPANS) if span.weight > 0
        ]
    except TousuError:  # a domain this model does not have, or a text it takes for none
        return whole(text), []
    marks: list[tuple[str, bool]] = [("", False)] * len(text)
    for start, end in spans:
        marks[start:end] = [(domain, False)] * (end - start)
    for code, found in case["signal_evidence"].items():
        for span in found:
            marks[span["start"] : span["end"]] = [(code, True)] * (span["end"] - span["start"])
    return _cut(text, marks), case["attention_reasons"]


def day_of(row: Mapping[str, Any]) -> datetime.date:
    """Return the day a case is judged by: when it came in, today where that is not known."""
    try:
        return datetime.date.fromisoformat(row["received"] or "")
    except ValueError:
        return today()


def advice(taxonomy: Taxonomy, code: str, day: datetime.date) -> Advice | None:
    """Return what a domain asks of the station and the laws valid on a day; None for a code of other labels."""
    domain = next((each for each in taxonomy.domains if each.code == code), None)
    return None if domain is None else Advice(domain, taxonomy.basis_on(code, day))


def signal_advice(codes: Sequence[str], day: datetime.date) -> list[dict[str, Any]]:
    """Return what each signal asks of the station, with the laws valid on a day."""
    table = {each.code: each for each in load_signals().signals}
    return [
        {
            "name": table[code].name, "station": table[code].station,
            "laws": load_taxonomy().laws_of(table[code].basis, day),
        }
        for code in codes
        if code in table
    ]  # fmt: skip


def authority(code: str | None) -> Any:
    """Return the authority of a route, None where there is none."""
    return next((each for each in load_authorities().authorities if each.code == code), None)


def _cut(text: str, marks: list[tuple[str, bool]]) -> list[Piece]:
    """Return a text in pieces of one mark each."""
    found, begin = [], 0
    for place in range(1, len(text) + 1):
        if place == len(text) or marks[place] != marks[begin]:
            found.append(Piece(text[begin:place], *marks[begin]))
            begin = place
    return found
