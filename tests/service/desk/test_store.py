"""Cases and answers in both databases: each row once, every answer kept, an undo brings back what was."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.service.desk.people import officer_of, tagged, upload_of
from tousu.errors import Conflict, StoreError
from tousu_service.desk.store import answers, uploads
from tousu_service.desk.store.answers import AnsweredMeanwhile, Said
from tousu_service.desk.store.cases import NewCase, add_cases, set_groups
from tousu_service.store.desk_tables import APPEND_ONLY, case_texts, cases
from tousu_service.store.desk_tables import uploads as uploads_table

SECRET = "s" * 32


def case(connection, **where):
    query = sa.select(cases, case_texts.c.text, case_texts.c.facts).join(case_texts, case_texts.c.id == cases.c.id)
    return connection.execute(query.filter_by(**where)).mappings().one()


def put(store, rows, **options):
    with store.writing() as connection:
        upload = upload_of(connection)
        add_cases(connection, upload, rows, secret=SECRET, **options)
    return upload


def test_a_row_is_stored_once_and_without_personal_numbers(store):
    rows = [
        NewCase(
            1, "电话13912345678，电梯困人", tagged("elevator", 0.6), number="20261123000001", received="2026-11-23",
            respondent="某物业", complainant="张13912345678", facts={"联系电话": "13912345678"},
        ),
        NewCase(2, "菜里有虫", tagged("food", 0.99)),
    ]  # fmt: skip
    upload = put(store, rows)
    with store.writing() as connection:
        assert add_cases(connection, upload, rows, secret=SECRET) == 0
        assert uploads.find(connection, upload).rows == 2
        first, second = case(connection, row=1), case(connection, row=2)
    assert first["text"] == "电话00000000000，电梯困人"
    assert first["facts"] == {"联系电话": "00000000000"}
    assert first["number"] == "20261123000001"
    assert first["month"] == "2026-11"
    assert "139" not in first["complainant"]
    assert (first["state"], second["state"]) == ("open", "auto")
    assert first["priority"] == pytest.approx(0.4)


def test_a_number_that_came_before(store):
    put(store, [NewCase(1, "电梯困人", tagged("elevator", 0.6), number="A1")])
    again = put(
        store,
        [
            NewCase(1, "电梯困人", tagged("elevator", 0.6), number="A1"),
            NewCase(2, "电梯又困人了", tagged("elevator", 0.6), number="A1"),
        ],
    )
    with store.reading() as connection:
        same, changed = (case(connection, upload_id=again, row=row) for row in (1, 2))
        assert (same["state"], changed["state"]) == ("same", "open")
        assert same["earlier_id"] == changed["earlier_id"] is not None


def test_groups(store):
    upload = put(store, [NewCase(row, f"电梯困人{row}", tagged("elevator", 0.6)) for row in (1, 2, 3)])
    with store.writing() as connection:
        set_groups(connection, upload, {1: 1, 3: 1})
        assert [case(connection, row=row)["group_row"] for row in (1, 2, 3)] == [1, None, 1]


def test_answers_and_undoings(store):
    put(store, [NewCase(1, "电梯困人", tagged("elevator", 0.6))])
    with store.writing() as connection:
        person, other = officer_of(connection, "甲"), officer_of(connection, "乙")
        number = case(connection, row=1)["id"]
        first = answers.answer(connection, number, Said(("elevator",)), by=person, version=0)
        assert first.action == "confirm"
        replay = answers.answer(connection, number, Said(("elevator",)), by=person, version=0)
        assert replay == first
        with pytest.raises(AnsweredMeanwhile) as caught:
            answers.answer(connection, number, Said(("price",)), by=other, version=0)
        assert caught.value.theirs == first
        second = answers.answer(connection, number, Said(("price", "elevator"), online=True), by=other, version=1)
        assert second.action == "correct"
        now = case(connection, row=1)
        assert (now["domain"], now["codes"], now["online"]) == ("price", "price,elevator", True)
        assert (now["answered_by"], now["state"], now["predicted"]) == ("乙", "answered", "elevator")
        assert [row["codes"] for row in answers.answers_as_rows(connection)] == [["price", "elevator"]]
        with pytest.raises(AnsweredMeanwhile):
            answers.undo(connection, first.id, by=person)
        answers.undo(connection, second.id, by=other)
        now = case(connection, row=1)
        assert (now["domain"], now["online"], now["answered_by"]) == ("elevator", False, "甲")
        answers.undo(connection, answers.last_of(connection, person.id).id, by=person)
        now = case(connection, row=1)
        assert (now["state"], now["answer_id"], now["version"]) == ("open", None, 4)
        assert answers.last_of(connection, person.id) is None
        assert [each.action for each in answers.of_case(connection, number)] == ["confirm", "correct", "undo", "undo"]


def test_asking_is_an_answer_that_trains_nothing(store):
    put(store, [NewCase(1, "电梯困人", tagged("elevator", 0.6))])
    with store.writing() as connection:
        person = officer_of(connection, "甲")
        number = case(connection, row=1)["id"]
        asked = answers.answer(connection, number, Said((), note="电话13912345678问谁"), by=person, version=0)
        assert (asked.action, asked.note) == ("ask", "电话00000000000问谁")
        assert case(connection, row=1)["state"] == "asked"
        assert list(answers.answers_as_rows(connection)) == []


def test_the_same_text_answered_differently(store):
    put(store, [NewCase(row, "电梯困人", tagged("elevator", 0.6)) for row in (1, 2)])
    with store.writing() as connection:
        person, other = officer_of(connection, "甲"), officer_of(connection, "乙")
        one, two = (case(connection, row=row)["id"] for row in (1, 2))
        answers.answer(connection, one, Said(("elevator",)), by=person, version=0)
        answers.answer(connection, two, Said(("price",)), by=other, version=0)
        rows = [(row["by"], row["codes"]) for row in answers.answers_as_rows(connection)]
    assert rows == [("甲", ["elevator"]), ("乙", ["price"])]  # who learns from them lists what people disagree about


def test_the_station_itself_is_a_route_to_be_said(store):
    put(
        store,
        [
            NewCase(1, "投诉城管", tagged("elevator", 0.6, route="transport")),
            NewCase(2, "电梯", tagged("elevator", 0.6)),
        ],
    )
    with store.writing() as connection:
        person = officer_of(connection, "甲")
        one, two = (case(connection, row=row)["id"] for row in (1, 2))
        own = Said(("elevator",), route=answers.OWN)
        assert answers.answer(connection, one, own, by=person, version=0).action == "correct"
        assert answers.answer(connection, two, own, by=person, version=0).action == "confirm"
        assert [case(connection, row=row)["route"] for row in (1, 2)] == [None, None]


def test_an_upload_is_taken_back_and_brought_back(store):
    upload = put(store, [NewCase(1, "电梯困人", tagged("elevator", 0.6)), NewCase(2, "菜", tagged("food", 0.99))])
    uploads.take_back(store, upload, actor="desk:甲")
    with store.reading() as connection:
        assert {case(connection, row=row)["state"] for row in (1, 2)} == {"void"}
    uploads.bring_back(store, upload, actor="desk:甲")
    with store.writing() as connection:
        assert [case(connection, row=row)["state"] for row in (1, 2)] == ["open", "auto"]
        person = officer_of(connection, "甲")
        answers.answer(connection, case(connection, row=1)["id"], Said(()), by=person, version=0)
        answers.answer(connection, case(connection, row=2)["id"], Said(("price",)), by=person, version=0)
    uploads.take_back(store, upload, actor="desk:甲")
    uploads.bring_back(store, upload, actor="desk:甲")
    with store.reading() as connection:
        assert [case(connection, row=row)["state"] for row in (1, 2)] == ["asked", "answered"]


@pytest.mark.parametrize(
    ("held", "back"),
    [({"job_id": None}, "looking"), ({"problem": "坏了", "job_id": "j"}, "failed"), ({"job_id": "j"}, "ready")],
)
def test_an_upload_comes_back_as_what_it_was(store, held, back):
    with store.writing() as connection:
        upload = upload_of(connection)
        uploads.change(connection, upload, actor="desk:甲", **held)
    uploads.take_back(store, upload, actor="desk:甲")
    uploads.bring_back(store, upload, actor="desk:甲")
    with store.reading() as connection:
        assert uploads.find(connection, upload).state == back


def test_an_upload_whose_rows_are_coming_in_is_not_taken_back(store):
    with store.writing() as connection:
        upload = upload_of(connection)
        uploads.change(connection, upload, actor="desk:甲", state="tagging")
    with pytest.raises(Conflict):
        uploads.take_back(store, upload, actor="desk:甲")


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_database_keeps_what_people_said(store, table):
    put(store, [NewCase(1, "电梯困人", tagged("elevator", 0.6))])
    with store.writing() as connection:
        person = officer_of(connection, "甲")
        number = case(connection, row=1)["id"]
        answers.answer(connection, number, Said(("elevator",)), by=person, version=0)
        connection.exec_driver_sql(
            f"INSERT INTO assignments (case_id, at, by_id) VALUES ({number}, '2026-11-30 00:00:00', {person.id})"
        )
    for statement in (f"UPDATE {table} SET case_id = 0", f"DELETE FROM {table}"):
        with pytest.raises(StoreError), store.writing() as connection:
            connection.exec_driver_sql(statement)


def test_texts_of_old_uploads_are_emptied_and_counts_stay(store, tmp_path, monkeypatch):
    from tousu_service.jobs import places
    from tousu_service.jobs.retention import purge_desk
    from tousu_service.settings import load_settings

    upload = put(store, [NewCase(1, "电梯困人", tagged("elevator", 0.6), complainant="张", facts={"街道": "东"})])
    folder = tmp_path / "files" / f"upload_{upload}"
    folder.mkdir(parents=True)
    (folder / "original.csv").write_text("电梯困人")
    settings = load_settings({}, state_dir=str(tmp_path), desk_days=30)
    assert purge_desk(store, settings) == 0
    with store.writing() as connection:
        connection.execute(sa.update(uploads_table).values(created_at=datetime(2020, 1, 1, tzinfo=UTC)))
    with monkeypatch.context() as full, capture_logs() as told:
        full.setattr(places.shutil, "rmtree", lambda *_, **__: None)
        assert purge_desk(store, settings) == 1
    assert [(line["event"], line["name"]) for line in told] == [("files_not_deleted", f"upload_{upload}")]
    assert folder.exists()
    assert purge_desk(store, settings) == 0  # what stayed, here or on another machine, is deleted the next day
    with store.reading() as connection:
        row = case(connection, row=1)
        assert (row["text"], row["facts"], row["complainant"], row["domain"]) == ("", {}, None, "elevator")
    assert not folder.exists()
