"""A ledger's row as the facts of a letter: the kind is the one its clocks are told by."""

from __future__ import annotations

import datetime

import pytest

from tousu.clock.case import TRACKS
from tousu.clock.due import DueOptions, clocks_of
from tousu.clock.rules import load_clocks
from tousu.ledger.read import read_ledger
from tousu.letters.facts import KIND_WORDS, Wording, values_of
from tousu.letters.of_ledger import facts_of, kind_of
from tousu.letters.table import load_letters

LEDGER = """工单编号,登记时间,受理时间,立案时间,诉求类型,来源
A-1,2026-05-19,,,信访,
A-2,2026-05-19,,,举报,信访局转
A-3,2026-05-19,,,举报线索,
A-4,2026-05-19,,,投诉/举报,
A-5,2026-05-19,,,申诉,
A-6,2026-05-19,2026-05-20,,食品,
A-7,2026-05-19,,2026-05-22,食品,
"""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    path = tmp_path_factory.mktemp("of_ledger") / "台账.csv"
    path.write_text(LEDGER, "utf-8")
    return read_ledger(path)


def test_letters_and_clocks_tell_one_kind(ledger):
    tracks = {rule.id: track for track, stages in load_clocks().stages.items() for stage in stages for rule in stage}
    running: dict[int, set[str]] = {}
    for line in clocks_of(ledger, DueOptions(today=datetime.date(2026, 5, 25))).lines:
        running.setdefault(line.row, set()).add(tracks[line.clock])
    told = {row["row"]: kind_of(row) for row in ledger.rows.iter_rows(named=True)}
    assert {row: set(TRACKS[kind]) for row, kind in told.items()} == running
    assert list(told.values()) == ["petition", "petition", "report", "both", "complaint", "complaint", "report"]


def test_a_petition_is_called_one(ledger):
    facts = facts_of(ledger.rows.row(0, named=True), ledger.columns)
    values = values_of(facts, Wording(date=datetime.date(2026, 5, 25)), load_letters())
    assert (facts.kind, values["来件性质"], facts.lacking) == ("petition", KIND_WORDS["petition"], ())
