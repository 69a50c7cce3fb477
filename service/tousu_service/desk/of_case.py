"""What the page of a case shows of the case itself, and the sheet of a meeting, by the functions behind the commands.

Loaded when the first case is opened: a service that has no desk does without.
"""

from __future__ import annotations

import dataclasses
import datetime
from typing import TYPE_CHECKING, NamedTuple

from tousu.clock.counted import working_of
from tousu.clock.due import DueOptions, clocks_of
from tousu.clock.rules import load_clocks
from tousu.clock.workdays import load_calendar
from tousu.errors import Conflict, RequestError
from tousu.joint.consult import consult_sheet
from tousu.joint.of_ledger import clocks_on
from tousu.letters.facts import Wording
from tousu.letters.of_ledger import cases_of, facts_of
from tousu.letters.table import load_letters
from tousu.masking import mask
from tousu.timezone import today

if TYPE_CHECKING:
    from collections.abc import Collection

    from tousu.clock.case import Line
    from tousu.clock.counted import Step
    from tousu.examples.search import ExampleIndex
    from tousu.ledger.read import Ledger
    from tousu.letters.write import Written
    from tousu_service.desk.store.consultations import Consultation


UNSEEN = dict.fromkeys(("tousu_primary", "tousu_kind", "tousu_route", "tousu_signals"))  # as if the model said nothing


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


def letter_of_case(ledger: Ledger, kind: str, ground: int | None, *, whole: bool, line: str = "") -> Written:
    """Return the letter that ``tousu letter`` makes of a case, dated today; what the desk does not keep is left to fill in.

    The desk keeps no complainant's name, only a hash of it.

    Args:
        ledger: The case, as ``case_ledger`` returns it.
        kind: Which letter, a code.
        ground: Number of the ground on which a complaint is not accepted.
        whole: Whether personal numbers in the text stay as they are.
        line: The line taken by a meeting that is to stand in it; empty for none.

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
    wording = Wording(date=today(), ground=ground, own={"口径": line} if line else {})
    return make_letter(kind, dataclasses.replace(facts, sender=None, text=text), wording)


def meeting_sheet(
    ledger: Ledger, told: Consultation, index: ExampleIndex, *, whole: bool, unseen: Collection[int] = ()
) -> bytes:
    """Return the sheet that ``tousu consult`` makes for a meeting, as a Word file, with what is known of the meeting.

    Args:
        ledger: The meeting's cases, as ``case_ledger`` returns them.
        told: The meeting.
        index: The worked examples.
        whole: Whether personal numbers in the texts stay as they are.
        unseen: Cases of the meeting that are to be judged without seeing what the model says.

    Raises:
        Conflict: None of the cases is one to write of.
    """
    from tousu.joint.consult import write_consult

    if ledger.rows.is_empty():
        raise Conflict("这次会商的案件都已作废，或原文已清空", fix="改正案件一栏")
    rows = cases_of(ledger, ledger.rows["row"].to_list())
    if not whole:
        rows = [row | {"text": row["text"] and mask(row["text"])} for row in rows]
    day = datetime.date.fromisoformat(told.held_on) if told.held_on else today()
    clocks = [clock for clock in clocks_on(ledger, day) if clock.row not in unseen]
    rows = [row | UNSEEN if row["row"] in unseen else row for row in rows]
    sheet = consult_sheet(rows, day, clocks=clocks, index=index)
    record = {"时间": told.held_on or "", "参加人": told.people, "切入点": told.entry, "统一口径": told.line}
    waiting = "、".join(f"第{number}号" for number in sorted(unseen))
    left_out = f"。{waiting}在抽检，还没有答复，领域、风险提示和期限先不列" if unseen else ""
    return write_consult(sheet, record=record, note=f"事由：{told.matter}。“行”是办案台里的案件号{left_out}")
