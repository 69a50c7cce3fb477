"""Lists: what is counted is what is there, whatever was answered, added or taken back since."""

from __future__ import annotations

from tests.service.desk.people import officer_of, tagged, upload_of
from tousu_service.desk.store import answers, bulk, lists, uploads
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
        return upload, officer_of(connection, "甲", "reviewer")


def counted(store, **query):
    with store.reading() as connection:
        return lists.count(connection, Filter.of(query))


def facet(store, name, **query):
    with store.reading() as connection:
        return dict(lists.facets(connection, Filter.of(query))[name])


def test_counts_follow_what_happens(store):
    upload, person = filled(store)
    assert facet(store, "domain") == {"elevator": 40, "pricing": 20}
    assert counted(store, respondent="店1", domain="elevator") == 10
    with store.writing() as connection:
        number, version = lists.ids(connection, Filter.of({"domain": "pricing"}), most=1)[0]
        given = answers.answer(connection, number, Said(("elevator",)), by=person, version=version)
        bulk.assign(connection, [number], person.id, by=person)
    assert facet(store, "domain") == {"elevator": 41, "pricing": 19}
    assert (counted(store, changed="1"), counted(store, assignee=str(person.id))) == (1, 1)
    with store.writing() as connection:
        answers.undo(connection, given.id, by=person)
    assert (facet(store, "domain")["pricing"], counted(store, changed="1")) == (20, 0)
    with store.writing() as connection:
        uploads.take_back(connection, upload, actor="x")
    assert (counted(store), counted(store, state="void")) == (0, 60)
    with store.writing() as connection:
        uploads.bring_back(connection, upload, actor="x")
    assert counted(store) == 60


def test_words_are_found_in_texts_numbers_and_respondents(store):
    filled(store)
    assert [counted(store, q=words) for words in ("价格", "A17", "店3", "没有")] == [20, 1, 15, 0]


def test_pages_follow_one_another_in_every_order(store):
    filled(store, 130)
    for order in lists.ORDERS:
        seen, after = [], ""
        with store.reading() as connection:
            while True:
                page = lists.page(connection, Filter.of({}), order=order, after=after)
                seen += [row["id"] for row in page.rows]
                if page.after is None:
                    break
                after = page.after
        assert len(seen) == len(set(seen)) == 130, order
