"""Invented ledgers in which outbreaks are hidden: 12 matters, each told 40 times in other words, ten times without a name."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import NamedTuple

PLACE = Path(__file__).with_name("outbreaks")
CORPUS = Path(__file__).resolve().parents[2] / "data" / "corpus"
ROWS, WEEKS, BACK = 20_000, 28, 8
FIRMS = (
    "跃界健身", "喜味来凉皮", "星湖湾物业", "朗途电动车", "灵溪古镇景区", "趣游网", "颐寿堂", "顺驰加油站",
    "桃屿茶事", "轻燃食品", "回声演唱会",
    "禾悦食品",
)  # fmt: skip


class Planted(NamedTuple):
    """A row: its week, its text, its firm (empty for none), and its outbreak (-1 for none)."""

    week: int
    text: str
    firm: str
    outbreak: int


def outbreaks() -> list[list[Planted]]:
    """Return the texts of each outbreak; their week is 0."""
    found = []
    for number, file in enumerate(sorted(PLACE.glob("*.txt"))):
        lines = file.read_text("utf-8").splitlines()
        found.append(
            [Planted(0, line.lstrip("-"), "" if line.startswith("-") else FIRMS[number], number) for line in lines]
        )
    return found


def ledger(weeks_of: dict[int, list[int]], *, seed: int, rows: int = ROWS, weeks: int = WEEKS) -> list[Planted]:
    """Return texts of the corpus spread over the weeks, and the outbreaks in theirs.

    Args:
        weeks_of: The outbreaks of each week that has some.
        seed: Which drawing.
        rows: How many rows in all.
        weeks: How many weeks.
    """
    rng = random.Random(seed)
    files = sorted(CORPUS.glob("*.jsonl"))
    texts = [json.loads(line)["text"] for file in files for line in file.read_text("utf-8").splitlines()]
    rng.shuffle(texts)
    planted = outbreaks()
    hidden = [row._replace(week=week) for week, numbers in weeks_of.items() for n in numbers for row in planted[n]]
    told = (texts * 2)[: rows - len(hidden)]
    return [Planted(rng.randrange(weeks), text, "", -1) for text in told] + hidden


def judged(found: list[list[int]]) -> tuple[set[int], int]:
    """Return which outbreaks were found as asked, and how many topics are false.

    Found is an outbreak of which a topic has .7 of the rows and .8 of which is its; false is a topic half of which is none's.

    Args:
        found: The outbreak of every row of each topic.
    """
    right, false = set(), 0
    for rows in found:
        best = max(range(12), key=rows.count)
        if rows.count(best) >= 0.7 * 40 and rows.count(best) >= 0.8 * len(rows):
            right.add(best)
        false += rows.count(best) < 0.5 * len(rows)
    return right, false
