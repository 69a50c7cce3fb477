"""Lists: what is counted is what is there, whatever was answered, added or taken back since."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.service.desk.people import officer_of, tagged, upload_of
from tousu.errors import StoreError
from tousu_service.desk.store import answers, bulk, lists, masks, uploads
from tousu_service.desk.store.answers import Said
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.desk.store.filters import Filter


def filled(store, count=60):
    rows = [
        NewCase(
            n, f"第{n}件{'电梯困人' if n % 3 else '价格不符'}", tagged("elevator" if n % 3 else "pricing", 0.5 + n / 200),
            number=f"A{n}", received=f"2026-{1 + n % 12:02d}-01", respondent=f"店{n % 4}",
        )
        for n in range(1, count + 1)
    ]  # fmt: skip
    with store.writing() as connection:
        upload = upload_of(connection)
        add_cases(connection, upload, rows, secret="s")
        return upload, officer_of(connection, f"甲{upload}", "reviewer")


def counted(store, **query):
    with store.reading() as connection:
        return lists.choose(connection, Filter.of(query)).count


def facet(store, name, **query):
    with store.reading() as connection:
        return dict(lists.facets(lists.choose(connection, Filter.of(query)))[name])


def test_counts_follow_what_happens(store):
    upload, person = filled(store)
    assert facet(store, "domain") == {"elevator": 40, "pricing": 20}
    assert counted(store, respondent="店1", domain="elevator") == 10
    with store.writing() as connection:
        number, version = lists.ids(connection, Filter.of({"domain": "pricing"}), most=60)[0]
        given = answers.answer(connection, number, Said(("elevator",)), by=person, version=version)
        bulk.assign(connection, [number], person.id, by=person)
    assert facet(store, "domain") == {"elevator": 41, "pricing": 19}
    assert (counted(store, changed="1"), counted(store, assignee=str(person.id))) == (1, 1)
    with store.writing() as connection:
        answers.undo(connection, given.id, by=person)
    assert (facet(store, "domain")["pricing"], counted(store, changed="1")) == (20, 0)
    uploads.take_back(store, upload, actor="x")
    assert (counted(store), counted(store, state="void")) == (0, 60)
    uploads.bring_back(store, upload, actor="x")
    assert counted(store) == 60


def test_words_are_found_in_texts_numbers_and_respondents(store):
    filled(store)
    assert [counted(store, q=words) for words in ("价格", "A17", "店3", "没有")] == [20, 1, 15, 0]


def test_pages_follow_one_another_in_every_order(store):
    filled(store, 130)
    for order in lists.ORDERS:
        seen, after = [], ""
        with store.reading() as connection:
            chosen = lists.choose(connection, Filter.of({}))
            while True:
                page = lists.page(connection, chosen, order=order, after=after)
                seen += [row["id"] for row in page.rows]
                if page.after is None:
                    break
                after = page.after
        assert len(seen) == len(set(seen)) == 130, order


def test_what_could_not_be_read_is_read_again(store, monkeypatch):
    filled(store, 10)
    assert counted(store) == 10
    filled(store, 10)

    def lost(*_):
        raise sa.exc.OperationalError("", {}, Exception("gone"))

    with monkeypatch.context() as broken:
        broken.setattr(masks.Columns, "_take", lost)
        with pytest.raises(StoreError):
            counted(store)
    assert counted(store, state="same") == 10


def test_a_number_at_the_edge_of_what_is_shown_is_no_number():
    shown = lists.beginning("字" * (lists.SHOWN_CHARS - 5) + "13912345678，请回电")
    assert shown == "字" * (lists.SHOWN_CHARS - 5) + "00000…"
    assert lists.beginning("短\n短") == "短 短"
