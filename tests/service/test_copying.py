"""Many rows put into a table at once hold what single ones would, on either database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.service.desk.people import tagged, upload_of
from tousu.errors import StoreError
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.store.copying import put_rows
from tousu_service.store.desk_tables import case_texts, cases

HOSTILE = ("a\tb\nc\r\\d\\N", "\\.", "\\N", "", "𠮷“引号”'\"", "\u2028\u200b", "{1,2}", "NULL")


def test_every_value_comes_back(store):
    with store.writing() as connection:
        new = [
            NewCase(n, text, tagged("elevator", 1 / 3, online=False), number=text or None, facts={text: text})
            for n, text in enumerate(HOSTILE, 1)
        ]
        add_cases(connection, upload_of(connection), new, secret="s", raw=True)
        rows = connection.execute(sa.select(case_texts).order_by(case_texts.c.id)).all()
        heads = connection.execute(sa.select(cases).order_by(cases.c.id)).all()
    assert [row.text for row in rows] == list(HOSTILE)
    assert [row.facts for row in rows] == [{text: text} for text in HOSTILE]
    assert {row.tagging["probabilities"]["elevator"] for row in rows} == {1 / 3}
    assert [row.number for row in heads] == [text.strip() or None for text in HOSTILE]
    assert {(row.confidence, row.online, row.month, row.version) for row in heads} == {(1 / 3, False, None, 0)}


def test_no_rows_are_no_statement(store):
    with store.writing() as connection:
        put_rows(connection, cases, [])


def test_what_the_database_refuses_is_told_and_nothing_of_it_stays(store):
    with store.reading() as connection:
        before = connection.execute(sa.select(sa.func.count()).select_from(case_texts)).scalar_one()
    with pytest.raises(StoreError), store.writing() as connection:  # no such case
        put_rows(connection, case_texts, [{"id": 10**6, "text": "x", "facts": {}, "tagging": {}}])
    with store.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(case_texts)).scalar_one() == before
