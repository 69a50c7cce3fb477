"""The desk's cases as a ledger: what week, month and clocks make of them is what the commands make of the file."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import gc
import shutil
import threading
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from tests.service.desk.people import officer_of, tagged
from tests.weekly.outbreaks import ledger as hidden
from tousu.clock.due import DueOptions, clocks_of
from tousu.ledger.read import read_ledger
from tousu.monthly.build import MonthOptions, build_month, month_figures
from tousu.monthly.build import to_json as month_json
from tousu.timezone import today
from tousu.weekly.build import WeekOptions, build_week
from tousu.weekly.build import to_json as week_json
from tousu_service.desk import figures
from tousu_service.desk.figures import figures_of
from tousu_service.desk.of_case import clocks_of_case
from tousu_service.desk.routine import clocks_now, month_of, week_of
from tousu_service.desk.store import answers, bulk, uploads
from tousu_service.desk.store.answers import Said
from tousu_service.desk.store.as_ledger import case_ledger, desk_ledger
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.desk.store.changes import changed_last
from tousu_service.desk.store.headers import headers_of, titles_of
from tousu_service.jobs import places
from tousu_service.jobs.desk_cells import day_kept, whose
from tousu_service.jobs.worker import Worker
from tousu_service.settings import load_settings
from tousu_service.store import Store, desk_tables, jobs
from tousu_service.store.desk_tables import cases

MONTHLY = Path(__file__).parents[2] / "monthly" / "ledger.csv"
MAY = MonthOptions(month="2026-05", today=datetime.date(2026, 6, 10))
TODAY = datetime.date(2026, 6, 1)
WEEK = "2026-W12"
NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


def taken_in(store, settings, path, columns):
    """Hand a file in as a person does, and do the worker's part; return the row of each case."""
    with store.writing() as connection:
        number = uploads.add(
            connection, name=path.name, sha256=path.name.zfill(64), size=1, columns=columns, actor="test"
        ).id
    folder = places.upload_folder(number)
    (places.root(settings) / folder).mkdir()
    shutil.copy(path, places.folder(settings, folder) / "original.csv")
    args = {"upload": number, "folder": folder, "file": "original.csv", "name": path.name}
    jobs.add(store, "tag", args, client="local", actor="test")
    worker = Worker(store, settings, idle_seconds=None)
    assert worker.step(("tag",), worker._tag)
    with store.reading() as connection:
        found = connection.execute(sa.select(cases.c.id, cases.c.row).where(cases.c.upload_id == number))
        return dict(iter(found))


def opened(home):
    store = Store.open(f"sqlite:///{home / 'tousu.db'}")
    store.migrate()
    return store, load_settings({"TOUSU_STATE_DIR": str(home / "state")})


def as_ledger(store):
    with store.reading() as connection:
        return desk_ledger(connection)


def with_rows(told, row_of):
    """Return JSON with the file's rows in the place of the cases."""
    if isinstance(told, dict):
        kept = {key: with_rows(value, row_of) for key, value in told.items()}
        return kept | ({"rows": [row_of[case] for case in told["rows"]]} if "rows" in told else {})
    return [with_rows(each, row_of) for each in told] if isinstance(told, list) else told


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    store, settings = opened(tmp_path_factory.mktemp("month"))
    row_of = taken_in(store, settings, MONTHLY, {"text": "投诉内容", "complainant": "投诉人"})
    yield store, row_of
    store.close()


def test_a_month_is_that_of_the_command(month, shipped):
    store, row_of = month
    told = month_json(month_figures(as_ledger(store), MAY, shipped))
    assert any(told.values())
    assert with_rows(told, row_of) == month_json(build_month(MONTHLY, MAY, shipped))
    assert month_of(as_ledger(store), "2026-05", shipped)["file"] == "办案台"


def test_clocks_are_those_of_the_command(month):
    store, row_of = month
    mine = [line.to_dict() for line in clocks_of(as_ledger(store), DueOptions(today=TODAY)).lines]
    theirs = [line.to_dict() for line in clocks_of(read_ledger(MONTHLY), DueOptions(today=TODAY)).lines]
    for line in mine:
        line["row"] = row_of[line["row"]]
    assert mine == theirs


def test_a_case_alone_is_what_it_is_among_all(month):
    store, row_of = month
    whole = as_ledger(store)
    lines = clocks_of(whole, DueOptions(today=today())).lines
    with store.reading() as connection:
        for case in row_of:
            alone = case_ledger(connection, case)
            assert alone.columns == whole.columns
            assert alone.rows.rows() == whole.rows.filter(whole.rows["row"] == case).rows()
            told = clocks_of_case(alone)
            assert [each.line for each in told] == [line for line in lines if line.row == case]
            assert all((each.steps[-1].last if each.steps else None) == each.line.due for each in told)


def test_a_week_is_that_of_the_command(tmp_path, shipped):
    monday = datetime.date.fromisocalendar(2026, 1, 1)
    rows = sorted(hidden({11: [1, 6]}, seed=3, rows=2_000, weeks=12), key=lambda row: (row.week, row.text))
    path = tmp_path / "台账.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([
            ["工单编号", "登记时间", "投诉内容", "被投诉方", "办理状态", "承办人"],
            *(
                [f"T{n:05}", monday + datetime.timedelta(7 * row.week + n % 7), row.text, row.firm or "不详",
                 "已办结" if n % 3 else "办理中", "张王李"[n % 3]]
                for n, row in enumerate(rows)
            ),
        ])  # fmt: skip
    store, settings = opened(tmp_path)
    row_of = taken_in(store, settings, path, {"text": "投诉内容"})
    made = figures_of(store, ("week",), lambda ledger: week_of(ledger, None, shipped))
    assert made.value["week"].name == WEEK
    told = week_json(made.value)
    assert len(told["topics"]) >= 1
    assert with_rows(told, row_of) == week_json(build_week(path, WeekOptions(week=WEEK), shipped))
    first = made.value["topics"][0]
    assert [name for _, name in first["linked"]] == first["examples"]
    assert {row for row, _ in first["linked"]} <= set(first["rows"])
    ledger = as_ledger(store)
    unnumbered = dataclasses.replace(ledger, rows=ledger.rows.with_columns(case=pl.lit("待编号")))
    again = week_of(unnumbered, None, shipped)["topics"][0]["linked"]
    assert again == [(row, "待编号") for row, _ in first["linked"]]
    store.close()


def add(connection, rows, columns=None):
    """Store rows as an upload; return the numbers of its cases."""
    columns = columns or {"text": "内容", "number": "编号", "received": "登记时间"}
    upload = uploads.add(connection, name="表", sha256="0" * 64, size=1, columns=columns, actor="test").id
    new = [
        NewCase(n, text, tagged("elevator", 0.95), number=number, received="2026-05-06", facts=facts)
        for n, (number, text, facts) in enumerate(rows, 1)
    ]
    add_cases(connection, upload, new, secret="s")
    return upload, list(
        connection.execute(sa.select(cases.c.id).where(cases.c.upload_id == upload).order_by(cases.c.id)).scalars()
    )


def test_the_file_that_came_last_tells_how_a_case_stands(store):
    with store.writing() as connection:
        _, first = add(connection, [("A1", "电梯坏了", {}), ("A2", "电梯困人", {"状态": "办理中"}), ("A3", "停电", {})])
        later, second = add(
            connection,
            [("A1", "电梯坏了", {"受理时间": "2026-05-08", "办结时间": "2026-05-20", "状态": "已办结"}), ("A2", "电梯又困人", {})],
        )  # fmt: skip
    ledger = as_ledger(store)
    assert ledger.rows["row"].to_list() == [first[0], first[2], second[1]]
    assert ledger.rows["case"].to_list() == ["A1", "A3", "A2"]
    assert ledger.rows["closed"].to_list() == [datetime.date(2026, 5, 20), None, None]
    assert ledger.rows["state"].to_list() == ["已办结", None, None]
    assert ledger.rows["received"].to_list() == [datetime.date(2026, 5, 6)] * 3
    with store.reading() as connection:
        alone = [case_ledger(connection, number).rows["closed"].to_list() for number in (*first, *second)]
    assert alone == [[datetime.date(2026, 5, 20)], [], [None], [], [None]]
    with store.writing() as connection:
        uploads.change(connection, later, actor="test", state="ready")
    uploads.take_back(store, later, actor="test")
    ledger = as_ledger(store)
    assert ledger.rows["row"].to_list() == first
    assert ledger.rows["closed"].to_list() == [None] * 3


def test_a_case_counts_once_when_its_first_file_is_taken_back_or_emptied(store):
    """The copies that came later name the first case, which is in the ledger no more."""
    with store.writing() as connection:
        first, _ = add(connection, [("A1", "电梯坏了", {}), ("A2", "停电", {})])
        _, (copy, _) = add(connection, [("A1", "电梯坏了", {"状态": "办理中"}), ("A2", "停电", {})])
        add(connection, [("A1", "电梯坏了", {"状态": "已办结"}), ("A2", "停电", {})])
        uploads.change(connection, first, actor="test", state="ready")
    uploads.take_back(store, first, actor="test")
    rows = as_ledger(store).rows
    assert (rows["case"].to_list(), rows["state"].to_list()) == (["A1", "A2"], ["已办结", None])
    with store.reading() as connection:
        assert case_ledger(connection, copy).rows.rows() == rows.filter(rows["row"] == copy).rows()
    with store.writing() as connection:
        _, (again,) = add(connection, [("A1", "电梯坏了", {})])  # a case of its own: the first is none to name
    uploads.bring_back(store, first, actor="test")
    with store.writing() as connection:
        connection.execute(
            sa.update(desk_tables.uploads).where(desk_tables.uploads.c.id == first).values(purged_at=NOW)
        )
        _, (changed,) = add(connection, [("A2", "又停电", {})])
    assert as_ledger(store).rows["row"].to_list() == [again, changed]


def test_people_go_before_the_model_and_the_file(store):
    with store.writing() as connection:
        first = {"承办人": "张", "备注": "139 1234 5678"}
        _, numbers = add(
            connection, [("A1", "电梯坏了，找我13912345678", first), ("A2", "二", {"承办人": "张13912345678"})]
        )
        chief = officer_of(connection, "审核员", "reviewer")
        answers.answer(connection, numbers[0], Said(("pricing",)), by=chief, version=0)
    rows = as_ledger(store).rows
    assert rows["tousu_primary"].to_list() == ["pricing", "elevator"]
    assert rows["officer"].to_list() == ["张", "张00000000000"]
    assert "13912345678" not in str(rows.to_dicts())
    with store.writing() as connection:
        bulk.assign(connection, [numbers[0]], chief.id, by=chief, note="", due_on="")
    assert as_ledger(store).rows["officer"][0] == "审核员"


def test_figures_are_computed_again_when_a_case_changes_and_shown_as_they_were_when_that_takes_long(store, monkeypatch):
    asked = []

    def make(ledger):
        asked.append(len(ledger.rows))
        return len(ledger.rows)

    def get(**options):
        return figures_of(store, ("x",), make, **options)

    assert get().value == 0
    assert figures_of(store, ("clocks",), clocks_now).value is None
    with store.writing() as connection:
        add(connection, [("A1", "一", {})])
    assert get().value == get().value == 1
    assert asked == [0, 1]
    with store.writing() as connection:
        upload, numbers = add(connection, [("A2", "二", {})])
        before = changed_last(connection)
        answers.answer(connection, numbers[0], Said(("pricing",)), by=officer_of(connection, "甲"), version=0)
        assert changed_last(connection) != before
    slow = figures.Figures()
    monkeypatch.setattr(figures.time, "monotonic", iter(range(0, 1000, 5)).__next__)
    assert slow.get(store, ("y",), make, afresh=False).value == 2
    uploads.take_back(store, upload, actor="test")
    old = slow.get(store, ("y",), make, afresh=False)
    assert (old.value, old.is_old) == (2, True)
    new = slow.get(store, ("y",), make, afresh=True)
    assert (new.value, new.is_old) == (1, False)
    for n in range(20):
        slow.get(store, (n,), make, afresh=False)
    assert len(slow._made) == figures.KEPT


class Turn:
    """A turn before which somebody else had it, who saw a case change and computed the same."""

    def __init__(self, before):
        self.before = before

    def acquire(self, timeout):
        self.before()
        return True

    def release(self):
        pass


def test_who_waited_while_the_same_was_computed_gets_that(store):
    asked, waits = [], figures.Figures()

    def make(ledger):
        asked.append(len(ledger.rows))
        return len(ledger.rows)

    def another():
        with store.writing() as connection:
            add(connection, [("A1", "一", {})])
        waits._computed(store, ("x",), make)

    waits._turn = Turn(another)
    assert waits.get(store, ("x",), make, afresh=True).value == 1
    assert asked == [1]


class Meanwhile:
    """A connection, and what another thread does while the first question is asked of it."""

    def __init__(self, connection, does):
        self.connection, self.engine, self.does = connection, connection.engine, does

    def execute(self, query):
        other = threading.Thread(target=self.does, daemon=True)
        other.start()
        other.join(5)
        return self.connection.execute(query)


def test_the_columns_of_one_upload_are_read_while_those_of_another_are(store):
    with store.writing() as connection:
        one, _ = add(connection, [("A1", "一", {"状态": "办理中"})])
        other, _ = add(connection, [("A2", "二", {"备注": "无"})])
    titles, found = titles_of({"text": "内容", "number": "编号", "received": "登记时间"}), []

    def does():
        with store.reading() as connection:
            found.append(headers_of(connection, other, titles))

    with store.reading() as connection:
        found.append(headers_of(Meanwhile(connection, does), one, titles))
    assert found == [["内容", "备注", "编号", "登记时间"], ["内容", "状态", "编号", "登记时间"]]


def test_other_threads_are_not_stopped_by_searches_for_garbage_while_figures_are_computed(store):
    assert gc.isenabled()
    assert figures_of(store, ("gc",), lambda _: gc.isenabled()).value is False
    with pytest.raises(ZeroDivisionError):
        figures_of(store, ("fails",), lambda _: 1 / 0)
    assert gc.isenabled()


def test_what_masking_would_spoil():
    assert whose("赵明远", "13800001111") == ("13800001111", None)
    assert whose("王先生", None) == (None, "未留全名")
    assert whose("", None) == (None, None)
    assert day_kept("20260503101112") == "2026-05-03"
    assert day_kept("2026-05-03 10:11") == "2026-05-03 10:11"
    assert day_kept("13912345678") == "13912345678"
