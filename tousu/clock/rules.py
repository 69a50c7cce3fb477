"""The table of clocks: which period runs for which cases, from when, and what stops it."""

from __future__ import annotations

import datetime
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from tousu.errors import RulesError
from tousu.resources import table_path
from tousu.taxonomy import Code, Deadline, Law, Status, Words, load_taxonomy
from tousu.toml_tables import Entry, Place, parse_table, read_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TITLE = "期限表"
Column = Literal["received", "accepted", "refused", "filed", "not_filed", "ended", "closed", "told"]
Track = Literal["complaint", "report", "petition", "local"]
Unit = Literal["workday", "calendar"]
Moves = Literal["nonworking", "holiday", "never"]


class ClockEntry(Entry):
    """A clock of the table; ``starts`` is the key ``from``."""

    id: Code | None = None
    name: Words
    track: Track
    deadlines: tuple[Code, ...] = ()
    days: int | None = Field(default=None, gt=0)
    unit: Unit | None = None
    basis: Words | None = None
    status: Status = "confirmed"
    source: tuple[Words, ...] = ()
    starts: Column = Field(alias="from")
    until: tuple[Column, ...] = Field(min_length=1)
    moves: Moves = "never"
    pauses: bool = False
    enabled: bool = True

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        own = [self.id, self.days, self.unit, self.basis]
        if bool(self.deadlines) == any(value is not None for value in own):
            raise ValueError("deadlines 与 id、days、unit、basis 只写一样")
        if not self.deadlines and None in own:
            raise ValueError("自定的期限要写全 id、days、unit、basis")
        return self


class ClockTable(Entry):
    """The file of clocks."""

    schema_: Literal[1] = Field(alias="schema")
    version: Words
    law_by: Literal["received", "start"] = "received"
    soon: int = Field(default=3, ge=0)
    clocks: tuple[ClockEntry, ...] = Field(alias="clock", min_length=1)


class Rule(NamedTuple):
    """One period that may run.

    Attributes:
        id: Code of the period, as lines name it.
        name: What people call it, in Chinese.
        track: The procedure it belongs to.
        starts: Column of the day it begins with.
        until: Columns any of whose days stops it.
        days: How long it is.
        unit: In which days.
        extend: By how many it may be prolonged; 0 if it may not.
        moves: When an end in calendar days moves to the next working day.
        pauses: Whether time for testing is not counted.
        basis: Law and article, in Chinese.
        sure: Whether the law was read.
        source: Words one of which the channel must have; none for any.
        valid_from: First day on which it holds; None for any.
        valid_to: Last day on which it holds; None for open.
    """

    id: str
    name: str
    track: str
    starts: str
    until: tuple[str, ...]
    days: int
    unit: str
    extend: int
    moves: str
    pauses: bool
    basis: str
    sure: bool
    source: tuple[str, ...]
    valid_from: datetime.date | None
    valid_to: datetime.date | None

    def holds_on(self, day: datetime.date) -> bool:
        """Return whether it holds on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


class Clocks(NamedTuple):
    """The clocks in use.

    Attributes:
        stages: For each track its clocks in order, each as the rules of which one holds on a day.
        law_by: Which day chooses between them: ``received`` or ``start``.
        soon: Working days left from which on a clock is due soon.
    """

    stages: dict[str, tuple[tuple[Rule, ...], ...]]
    law_by: str
    soon: int


@functools.cache
def load_clocks(path: Path | None = None) -> Clocks:
    """Read and check the table of clocks, the station's own or the shipped one by default; the same path is read once.

    Raises:
        RulesError: The file cannot be read or breaks a rule; the message names line and key.
        TaxonomyError: The taxonomy, where the periods stand, cannot be read.
        SettingsError: There is no such directory of own tables.
    """
    file = table_path("clocks.toml") if path is None else path
    source = read_source(file, TITLE, RulesError)
    table = parse_table(source, file, ClockTable, TITLE, RulesError)
    taxonomy = load_taxonomy()
    deadlines = {item.id: item for item in taxonomy.deadlines}
    laws = taxonomy.laws_by_id
    stages: dict[str, list[tuple[Rule, ...]]] = {}
    seen: set[str] = set()
    for number, entry in enumerate(table.clocks):
        for code in entry.deadlines:
            if code not in deadlines or deadlines[code].days is None:
                raise RulesError(
                    f"{Place(TITLE, file, source, ('clock', number, 'deadlines'))}：领域表里没有按天数的期限 {code}",
                    expected="、".join(code for code, item in deadlines.items() if item.days), fix="改成其中之一",
                )  # fmt: skip
        if entry.enabled:
            legal = tuple(_legal(entry, deadlines[code], laws[deadlines[code].law]) for code in entry.deadlines)
            found = legal or (_local(entry),)
            twice = next((rule.id for rule in found if rule.id in seen), None)
            if twice is not None:
                key = "deadlines" if legal else "id"
                raise RulesError(
                    f"{Place(TITLE, file, source, ('clock', number, key))}：期限 {twice} 出现了两次",
                    fix="删去或改名",
                )
            seen.update(rule.id for rule in found)
            stages.setdefault(entry.track, []).append(found)
    return Clocks({track: tuple(rules) for track, rules in stages.items()}, table.law_by, table.soon)


def rule_of(stage: Sequence[Rule], case: Mapping[str, Any], law_by: str) -> Rule | None:
    """Return the rule of a clock that holds for a case; None if the clock has not begun or none holds on the case's day.

    Args:
        stage: The rules of the clock.
        case: Its row, with the columns of a ledger.
        law_by: Which day chooses, see ``Clocks``.
    """
    start = case[stage[0].starts]
    if start is None:
        return None
    day = case["received"] if law_by == "received" and case["received"] is not None else start
    return next((rule for rule in stage if rule.holds_on(day)), None)


def _legal(entry: ClockEntry, deadline: Deadline, law: Law) -> Rule:
    """Return the rule of a period that the taxonomy tells of."""
    number = f"（{law.number}）" if law.number else ""
    sure = deadline.status == entry.status == law.status == "confirmed"
    return Rule(
        deadline.id, entry.name, entry.track, entry.starts, entry.until, deadline.days or 0, deadline.unit,
        deadline.extend or 0, entry.moves, entry.pauses, f"《{law.title}》{number}{deadline.article}", sure,
        entry.source, deadline.valid_from, deadline.valid_to,
    )  # fmt: skip


def _local(entry: ClockEntry) -> Rule:
    """Return the rule of a period of the station's own."""
    return Rule(
        entry.id or "", entry.name, entry.track, entry.starts, entry.until, entry.days or 0, entry.unit or "workday", 0,
        entry.moves, entry.pauses, entry.basis or "", entry.status == "confirmed", entry.source, None, None,
    )  # fmt: skip
