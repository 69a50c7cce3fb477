"""What the page of a case shows beside the case itself, by the functions behind the commands.

Loaded when the first case is opened: a service that has no desk does without.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from tousu.clock.counted import working_of
from tousu.clock.due import DueOptions, clocks_of
from tousu.clock.rules import load_clocks
from tousu.clock.workdays import load_calendar
from tousu.errors import Conflict, RequestError
from tousu.examples.pages import SURENESS, example_json
from tousu.examples.read import load_examples, own_examples
from tousu.examples.search import ExampleIndex
from tousu.letters.facts import Wording
from tousu.letters.of_ledger import cases_of, facts_of
from tousu.letters.table import load_letters
from tousu.masking import mask
from tousu.timezone import today

if TYPE_CHECKING:
    import datetime

    from tousu.classifier import Classifier
    from tousu.clock.case import Line
    from tousu.clock.counted import Step
    from tousu.ledger.read import Ledger
    from tousu.letters.write import Written

_index: tuple[Classifier, ExampleIndex] | None = None
_indexing = threading.Lock()


class CaseClock(NamedTuple):
    """A clock of a case.

    Attributes:
        line: What ``tousu due`` tells of it.
        steps: How its last day was counted; none where that cannot be told.
    """

    line: Line
    steps: list[Step]


def clocks_of_case(ledger: Ledger) -> list[CaseClock]:
    """Return the clocks of a case as of today, as the page of all clocks has them.

    Args:
        ledger: The case, as ``case_ledger`` returns it.

    Raises:
        ColumnMissing: Nothing tells a day of the case.
    """
    if ledger.rows.is_empty():
        return []
    due = clocks_of(ledger, DueOptions(today=today()))
    return [CaseClock(line, working_of(line, load_clocks(), load_calendar())) for line in due.lines]


def examples_like(text: str, day: datetime.date, classifier: Classifier) -> list[dict[str, Any]]:
    """Return the worked examples that ``tousu examples search`` finds, the likest first, as JSON has them.

    Args:
        text: What is complained of.
        day: The day whose laws stand in them.
        classifier: The model in use.

    Returns:
        Each with ``likeness``, and ``own`` where it is the station's own; laws with ``sureness`` in Chinese.

    Raises:
        ExampleError: One of the station's own breaks a rule.
    """
    if not text:
        return []
    own = {one.id for one in own_examples()}
    told = []
    for each in _examples(classifier).alike(text):
        shown = example_json(each.example, day) | {"likeness": each.likeness, "own": each.example.id in own}
        told.append(shown | {"basis": [law | {"sureness": SURENESS[law["status"]]} for law in shown["basis"]]})
    return told


def _examples(classifier: Classifier) -> ExampleIndex:
    """Return the examples ready to be searched; made anew when another model is put into use."""
    global _index
    with _indexing:
        if _index is None or _index[0] is not classifier:
            _index = classifier, ExampleIndex(load_examples(), classifier)
        return _index[1]


def letter_of_case(ledger: Ledger, kind: str, ground: int | None, *, whole: bool) -> Written:
    """Return the letter that ``tousu letter`` makes of a case, dated today; what the desk does not keep is left to fill in.

    The desk keeps no complainant's name, only a hash of it.

    Args:
        ledger: The case, as ``case_ledger`` returns it.
        kind: Which letter, a code.
        ground: Number of the ground on which a complaint is not accepted.
        whole: Whether personal numbers in the text stay as they are.

    Raises:
        Conflict: There is nothing to write of.
        RequestError: There is no such letter or ground.
        TemplateError: The template cannot be used.
    """
    from tousu.letters.write import make_letter

    table = load_letters()
    if kind not in {letter.kind for letter in table.letters}:
        raise RequestError(
            f"没有这种文书：{kind}", expected="、".join(letter.name for letter in table.letters), fix="选一种"
        )
    if ground is not None and ground not in {each.item for each in table.grounds}:
        raise RequestError(f"没有第 {ground} 项不予受理的情形", fix="选一项，或不选")
    if ledger.rows.is_empty():
        raise Conflict("这一件不单独出文书：已作废、原文已清空，或以同一编号的另一件为准", fix="在另一件的页上出")
    (row,) = cases_of(ledger, ledger.rows["row"].to_list())
    facts = facts_of(row, ledger.columns)
    text = facts.text if whole or facts.text is None else mask(facts.text)
    return make_letter(kind, dataclasses.replace(facts, sender=None, text=text), Wording(date=today(), ground=ground))
