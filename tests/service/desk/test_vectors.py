"""Vectors of cases in both databases: made for each once, the last first, gone with the texts."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
import sqlalchemy as sa

from tests.service.desk.people import tagged, upload_of
from tousu_service.desk.store import uploads
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.jobs import retention
from tousu_service.settings import load_settings
from tousu_service.store import vectors
from tousu_service.store.desk_tables import case_vectors
from tousu_service.store.desk_tables import uploads as uploads_table

GYM = ("健身房关门了", "电梯困人", "面包发霉", "停车费乱收")


def put(store, texts, state="ready", number="GD"):
    """Store texts as an upload's cases; return its number."""
    with store.writing() as connection:
        upload = upload_of(connection)
        new = [NewCase(n, text, tagged("prepaid", 0.6), number=f"{number}{n}") for n, text in enumerate(texts, 1)]
        add_cases(connection, upload, new, secret="s")
        uploads.change(connection, upload, actor="test", state=state, job_id="j")
    return upload


def unit(rows):
    found = np.random.default_rng(0).normal(size=(rows, 8))
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def make(store, upload, encoder, *, most=100, limit=100):
    """Give the next cases of an upload a vector; return them."""
    with store.writing() as connection:
        found = vectors.missing(connection, upload, encoder, most=most, limit=limit)
        numbers = [number for number, _ in found]
        assert vectors.keep(connection, upload, encoder, numbers, unit(len(numbers))) == len(numbers)
        return numbers


def kept(store):
    with store.reading() as connection:
        return list(connection.execute(sa.select(case_vectors).order_by(case_vectors.c.case_id)).mappings())


def test_the_last_cases_come_first_and_each_once(store):
    upload = put(store, GYM)
    again = put(store, GYM[:1])
    with store.reading() as connection:
        assert vectors.next_upload(connection, "a") == again
        assert vectors.missing(connection, again, "a", most=9, limit=9) == []  # as it came before, letter by letter
    assert make(store, upload, "a", limit=2) == [4, 3]
    assert make(store, upload, "a", most=3) == [2]
    with store.writing() as connection:
        assert vectors.keep(connection, upload, "a", [2, 3, 4], unit(3)) == 0
        vectors.finish(connection, upload, "a")
        vectors.finish(connection, again, "a")
        assert vectors.next_upload(connection, "a") is None
        assert vectors.next_upload(connection, "b") == again
    assert make(store, upload, "b") == [4, 3, 2, 1]
    assert [(row["case_id"], row["encoder"], len(row["vector"])) for row in kept(store)] == [
        (n, "b", 16) for n in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize("state", ["looking", "tagging", "failed", "void"])
def test_only_what_is_ready_has_vectors_made(store, state):
    upload = put(store, GYM, state=state)
    with store.writing() as connection:
        assert vectors.next_upload(connection, "a") is None
        assert vectors.keep(connection, upload, "a", [1], unit(1)) == 0
    assert kept(store) == []


def test_they_go_with_an_upload_that_is_taken_back_and_are_made_again(store):
    upload = put(store, GYM)
    other = put(store, GYM, number="XF")
    for each in (upload, other):
        make(store, each, "a")
        with store.writing() as connection:
            vectors.finish(connection, each, "a")
    uploads.take_back(store, upload, actor="desk:甲")
    assert [row["case_id"] for row in kept(store)] == [5, 6, 7, 8]
    uploads.bring_back(store, upload, actor="desk:甲")
    with store.reading() as connection:
        assert vectors.next_upload(connection, "a") == upload


def test_they_go_with_texts_past_their_time(store, tmp_path):
    make(store, put(store, GYM), "a")
    with store.writing() as connection:
        connection.execute(sa.update(uploads_table).values(created_at=datetime(2020, 1, 1, tzinfo=UTC)))
    assert retention.purge_desk(store, load_settings({}, state_dir=str(tmp_path), desk_days=30)) == 1
    assert kept(store) == []
    with store.reading() as connection:
        assert vectors.next_upload(connection, "a") is None


def test_one_at_a_time_makes_them(store):
    with store.reading() as connection:
        assert vectors.alone(connection)
        with store.reading() as other:
            assert vectors.alone(other) is (store.engine.dialect.name == "sqlite")
    with store.reading() as connection:
        assert vectors.alone(connection)
