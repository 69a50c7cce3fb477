"""Topics: outbreaks told in different words are found, chance makes none, names are words."""

from __future__ import annotations

import numpy as np
import pytest

from tests.weekly.outbreaks import BACK, FIRMS, judged, ledger, outbreaks
from tousu.errors import UsageError
from tousu.weekly.names import words_of
from tousu.weekly.terms import collect, more_than_before, normal
from tousu.weekly.topics import find_topics
from tousu.weekly.weeks import Week

WEEK = 20


def terms_of(rows, week, simplified):
    """Return the week's rows, the terms, and how many weeks ago each row before came."""
    now = [row for row in rows if row.week == week]
    then = [row for row in rows if week - BACK <= row.week < week]
    numbers = {name: number for number, name in enumerate(FIRMS, 1)}
    firms, firms_before = ([numbers.get(row.firm, 0) for row in part] for part in (now, then))
    terms = collect([row.text for row in now], [row.text for row in then], firms, firms_before, simplified)
    return now, terms, [week - row.week for row in then]


@pytest.fixture(scope="module")
def simplified(shipped):
    return shipped.simplified


@pytest.fixture(scope="module")
def found(simplified):
    now, terms, ago = terms_of(ledger({WEEK: list(range(12))}, seed=1), WEEK, simplified)
    return now, terms, find_topics(terms, ago)


def test_the_outbreaks_are_in_words_of_their_own():
    texts = [row.text for rows in outbreaks() for row in rows]
    assert len(set(texts)) == len(texts) == 480
    assert all(sum(not row.firm for row in rows) == 10 for rows in outbreaks())


def test_outbreaks_are_found_among_twenty_thousand_rows(found):
    now, _, topics = found
    right, false = judged([[now[place].outbreak for place in topic.texts] for topic in topics])
    assert len(right) >= 10
    assert false <= 3


def test_topics_stand_by_how_surely_they_are_more_than_usual(found):
    _, _, topics = found
    assert [topic.p for topic in topics] == sorted(topic.p for topic in topics)
    assert all(0 <= topic.p < 0.01 for topic in topics)
    taken = np.concatenate([topic.texts for topic in topics])
    assert len(set(taken.tolist())) == len(taken), "a text is of one topic"


def test_a_person_recognises_a_topic_by_its_name(found, simplified):
    now, terms, topics = found
    told = {}
    for topic in topics:
        rows = [now[place] for place in topic.texts]
        best = max(range(12), key=[row.outbreak for row in rows].count)
        told[best] = words_of(topic, terms, [row.text for row in rows], simplified)
    for number, word in ((1, "凉皮"), (6, "床垫"), (8, "桃屿茶事"), (9, "轻燃"), (11, "月饼")):
        assert any(word in one for one in told[number][:4]), told[number]


def test_chance_makes_no_topics(simplified):
    rows = ledger({}, seed=3)
    told = []
    for week in range(9, 12):
        _, terms, ago = terms_of(rows, week, simplified)
        told.append(len(find_topics(terms, ago)))
    assert sum(told) <= 1


def test_a_matter_that_goes_on_is_still_a_topic(simplified):
    parts = [row._replace(week=WEEK - n % 3) for n, row in enumerate(outbreaks()[8] * 3)]
    rows = ledger({}, seed=5) + [row._replace(text=f"{row.text}{n}") for n, row in enumerate(parts)]
    now, terms, ago = terms_of(rows, WEEK, simplified)
    topics = find_topics(terms, ago)
    assert any(sum(now[place].outbreak == 8 for place in topic.texts) >= 20 for topic in topics)


def test_texts_before_are_needed(simplified):
    assert find_topics(collect(["电梯坏了"] * 9, [], [0] * 9, [], simplified), []) == []
    assert find_topics(collect([], ["电梯坏了"], [], [0], simplified), [1]) == []


def test_more_is_more_and_less_is_nothing():
    told = more_than_before(np.array([30, 3, 10]), 700, np.array([2, 40, 80]), 5600)
    assert told[0] > 50
    assert told[1] == told[2] == 0


def test_texts_are_compared_in_plain_letters(simplified):
    assert normal("電梯，困人 1234 次！", simplified) == "电梯 困人 0 次 "


@pytest.mark.parametrize("name", ["2026-W60", "2026", "上周", "2026-W00", "0001-W01", "9999-W52"])
def test_a_week_that_is_none_is_told(name):
    with pytest.raises(UsageError, match="这一周"):
        Week.named(name)


def test_weeks_go_over_the_new_year():
    week = Week.named("2026-W01")
    assert (str(week.first), str(week.last), week.name) == ("2025-12-29", "2026-01-04", "2026-W01")
    assert week.back(1).name == "2025-W52"
    assert Week.of(week.last) == week
