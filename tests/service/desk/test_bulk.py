"""One answer for many cases: piece by piece, only what nobody touched, and taken back alone."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests.service.desk.people import officer_of, tagged, upload_of
from tousu.errors import Conflict
from tousu_service.desk.store import answers, bulk
from tousu_service.desk.store.answers import Said
from tousu_service.desk.store.card import card, members
from tousu_service.desk.store.cases import NewCase, add_cases, set_groups
from tousu_service.desk.store.filters import Filter
from tousu_service.store.desk_tables import batches, cases


def filled(store, count=8):
    """Store some cases and somebody to answer them; return the cases' numbers and the person."""
    with store.writing() as connection:
        upload = upload_of(connection)
        rows = [NewCase(n, f"电梯困人{n}", tagged("elevator", 0.6)) for n in range(1, count + 1)]
        add_cases(connection, upload, rows, secret="s")
        set_groups(connection, upload, {1: 1, 2: 1, 3: 1})
        numbers = connection.execute(sa.select(cases.c.id).order_by(cases.c.row)).scalars()
        return list(numbers), officer_of(connection, "甲", "reviewer")


def domains(store):
    with store.reading() as connection:
        return list(connection.execute(sa.select(cases.c.domain).order_by(cases.c.row)).scalars())


def test_many_are_answered_in_pieces_and_taken_back(store, monkeypatch):
    monkeypatch.setattr(bulk, "PIECE", 3)
    numbers, person = filled(store)
    with store.writing() as connection:
        batch = bulk.prepare(connection, Filter(), by=person)
        answers.answer(connection, numbers[4], Said(("price",)), by=person, version=0)
    bulk.run(store, batch.id, Said(("food",)), by=person)
    assert domains(store) == ["food"] * 4 + ["price"] + ["food"] * 3
    with store.reading() as connection:
        done = bulk.find(connection, batch.id)
    assert (done.state, done.changed, done.skipped, done.change) == ("done", 7, [numbers[4]], {"codes": ["food"]})
    with pytest.raises(Conflict):
        bulk.run(store, batch.id, Said(("food",)), by=person)
    with store.writing() as connection:
        answers.answer(connection, numbers[0], Said(("price",)), by=person, version=1)
    bulk.undo(store, batch.id, by=person)
    assert domains(store) == ["price"] + ["elevator"] * 3 + ["price"] + ["elevator"] * 3
    with store.reading() as connection:
        undone = bulk.find(connection, batch.id)
    assert (undone.state, undone.changed, undone.skipped) == ("undone", 6, [numbers[0]])
    with pytest.raises(Conflict):
        bulk.undo(store, batch.id, by=person)


def test_one_that_ended_halfway_is_taken_back(store, monkeypatch):
    monkeypatch.setattr(bulk, "PIECE", 3)
    numbers, person = filled(store)
    with store.writing() as connection:
        batch = bulk.prepare(connection, Filter(), by=person)
    one, count = bulk._answer, []

    def dies(*args, **options):
        count.append(1)
        if len(count) == 2:
            raise SystemExit
        return one(*args, **options)

    monkeypatch.setattr(bulk, "_answer", dies)
    with pytest.raises(SystemExit):
        bulk.run(store, batch.id, Said(("food",)), by=person)
    with store.reading() as connection:
        assert bulk.find(connection, batch.id).changed == 3
    bulk.undo(store, batch.id, by=person)
    assert domains(store) == ["elevator"] * len(numbers)


class Between:
    """A store in which something happens behind the second of its transactions."""

    def __init__(self, store, happens):
        self.store, self.happens, self.count = store, happens, 0

    @contextmanager
    def writing(self):
        with self.store.writing() as connection:
            yield connection
        self.count += 1
        if self.count == 2:
            self.happens()


def test_one_that_is_taken_back_while_it_runs_changes_no_more(store, monkeypatch):
    monkeypatch.setattr(bulk, "PIECE", 3)
    numbers, person = filled(store)
    with store.writing() as connection:
        batch = bulk.prepare(connection, Filter(), by=person)
    bulk.run(Between(store, lambda: bulk.undo(store, batch.id, by=person)), batch.id, Said(("food",)), by=person)
    assert domains(store) == ["elevator"] * len(numbers)
    with store.reading() as connection:
        undone = bulk.find(connection, batch.id)
    assert (undone.state, undone.changed, undone.skipped) == ("undone", 3, [])


def test_what_is_given_while_it_is_taken_back_is_taken_back_too(store, monkeypatch):
    numbers, person = filled(store)
    with store.writing() as connection:
        batch = bulk.prepare(connection, Filter(), by=person)
    bulk.run(store, batch.id, Said(("food",)), by=person)
    monkeypatch.setattr(bulk, "PIECE", 5)
    with store.writing() as connection:
        for number in numbers[:2]:
            answers.undo(connection, answers.of_case(connection, number)[-1].id, by=person)

    def goes_on():
        with store.writing() as connection:
            bulk._answer(
                connection, batch, [(number, 2) for number in numbers[:2]], Said(("food",)), source="bulk", by=person
            )

    bulk.undo(Between(store, goes_on), batch.id, by=person)
    assert domains(store) == ["elevator"] * len(numbers)


def test_near_duplicates_are_those_of_one_group(store):
    numbers, person = filled(store)
    with store.writing() as connection:
        grouped, alone = (card(connection, number, viewer=person.id) for number in (numbers[0], numbers[7]))
        assert [number for number, _ in members(connection, grouped.row)] == numbers[1:3]
        assert members(connection, alone.row) == []  # not all others that are in no group either
        assert (grouped.group, alone.group) == (3, 1)


def test_a_group_is_taken_back_and_nothing_else(store):
    numbers, person = filled(store)
    with store.writing() as connection:
        answers.answer(connection, numbers[7], Said(("price",)), by=person, version=0)
        answers.answer(connection, numbers[0], Said(("food",)), by=person, version=0)
        near = members(connection, card(connection, numbers[1], viewer=person.id).row)
        bulk.answer_group(connection, numbers[0], near, Said(("food",)), by=person)
        near = [(numbers[1], 0)]
        bulk.answer_group(connection, numbers[0], near, Said(("food",)), by=person)
        last = answers.last_of(connection, person.id)
    assert domains(store)[:3] == ["food"] * 3
    with store.writing() as connection:
        assert bulk.undo_group(connection, last.batch_id, by=person) == numbers[0]
    assert domains(store) == ["food", "elevator", "food"] + ["elevator"] * 4 + ["price"]


def test_a_group_of_the_first_release_did_not_note_its_case(store):
    numbers, person = filled(store)
    with store.writing() as connection:
        bulk.answer_group(connection, numbers[0], [(numbers[1], 0)], Said(("food",)), by=person)
        number = answers.last_of(connection, person.id).batch_id
        connection.execute(sa.update(batches).where(batches.c.id == number).values(change={"group": True}))
        assert bulk.undo_group(connection, number, by=person) == numbers[1]
