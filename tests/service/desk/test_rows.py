"""An upload's rows become cases in the worker's hands, each once; 抽检 draws among them; the figures come of it."""

from __future__ import annotations

import csv
import shutil
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from tests.service.desk.people import officer_of
from tousu_service.desk.store import answers, learning, spot_checks, uploads
from tousu_service.desk.store.answers import Said
from tousu_service.jobs import desk_rows, places
from tousu_service.jobs.answers import write_answers
from tousu_service.jobs.held import HeldJob
from tousu_service.jobs.worker import Worker
from tousu_service.registry import shadow, stricter
from tousu_service.settings import load_settings
from tousu_service.store import jobs, shadows
from tousu_service.store.desk_tables import case_texts, cases, sample
from tousu_service.store.tables import jobs as table

TEXTS = (
    "小区电梯困人，物业一直不修，我们天天爬楼",
    "超市买的面包发霉了，要求退款赔偿",
    "健身房办了年卡，老板跑路，联系不上",
)


@pytest.fixture
def settings(tmp_path):
    return load_settings({"TOUSU_STATE_DIR": str(tmp_path / "state"), "TOUSU_SPOT_CHECK_SHARE": "0.5"})


def upload(store, settings, rows=60):
    """Hand in a table as the desk does; return the upload's number and its job."""
    folder = places.root(settings) / "upload_1"
    folder.mkdir()
    with (folder / "original.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["工单编号", "投诉内容", "登记时间", "被投诉方", "街道"])
        for n in range(rows):
            text = "" if n == 3 else f"{TEXTS[n % 3]}，这是第{n}次反映，电话13912345678"
            writer.writerow([f"GD{n:04}", text, "2026-11-30", "某某公司", "望江"])
    with store.writing() as connection:
        made = uploads.add(
            connection, name="周报.csv", sha256="0" * 64, size=1, columns={"text": "投诉内容"}, actor="desk:甲"
        )
    args = {"upload": made.id, "folder": "upload_1", "file": "original.csv", "name": "周报.csv"}
    return made.id, jobs.add(store, "tag", args, client="desk", actor="desk:甲")[0]


def run(store, settings):
    """Do what a worker does with the next job."""
    worker = Worker(store, settings, idle_seconds=None)
    assert worker.step(("tag",), worker._tag)


def stored(store):
    with store.reading() as connection:
        query = sa.select(cases, case_texts.c.text, case_texts.c.facts).join(case_texts, case_texts.c.id == cases.c.id)
        return list(connection.execute(query.order_by(cases.c.row)).mappings())


def test_rows_become_cases(store, settings):
    number, job = upload(store, settings)
    run(store, settings)
    ended = jobs.find(store, job.id)
    assert (ended.state, ended.error) == ("done", None)
    assert {key: ended.result[key] for key in ("rows", "rejects", "stored")} == {"rows": 60, "rejects": 1, "stored": 59}
    found = stored(store)
    assert [row["row"] for row in found] == [n for n in range(1, 61) if n != 4]
    first = found[0]
    assert (first["number"], first["received"], first["respondent"]) == ("GD0000", "2026-11-30", "某某公司")
    assert (first["predicted"], first["facts"]) == ("elevator", {"街道": "望江"})
    assert "13912345678" not in first["text"]
    assert first["group_row"] == 1
    with store.reading() as connection:
        upload_ = uploads.find(connection, number)
        drawn = set(connection.execute(sa.select(sample.c.case_id)).scalars())
    assert (upload_.state, upload_.rows, upload_.rejected, upload_.job_id) == ("ready", 59, 1, job.id)
    assert drawn == {row["id"] for row in found if row["state"] == "auto" and spot_checks.drawn(row["id"], 0.5)}
    assert drawn


@pytest.mark.parametrize("header", ["内容", "内\ud800容"], ids=["whole", "half a character"])
def test_headers_come_back_from_the_store_as_they_were(store, header):
    columns = {"text": [header, "诉求\n“详情”"], "row": 1, "huge": 2**70}
    with store.writing() as connection:
        made = uploads.add(connection, name="a.csv", sha256="0" * 64, size=1, columns=columns, actor="desk:甲")
        assert uploads.find(connection, made.id).columns == columns


def test_a_job_that_lost_its_lease_writes_nothing_and_one_begun_again_writes_no_row_twice(store, settings, monkeypatch):
    _, job = upload(store, settings)
    monkeypatch.setattr(desk_rows, "FIRST", 10)
    monkeypatch.setattr(desk_rows, "PIECE", 10)
    add, count = desk_rows.add_cases, [0]

    def dies(*args, **options):
        count[0] += 1
        if count[0] == 3:
            raise SystemExit
        return add(*args, **options)

    monkeypatch.setattr(desk_rows, "add_cases", dies)
    with pytest.raises(SystemExit):
        run(store, settings)
    assert len(stored(store)) == 19
    with store.writing() as connection:
        connection.execute(sa.update(table).values(owner="elsewhere:1:x"))
        connection.execute(sa.update(table).values(heartbeat_at=datetime(2026, 1, 1, tzinfo=UTC)))
    run(store, settings)
    assert jobs.find(store, job.id).state == "done"
    assert [row["row"] for row in stored(store)] == [n for n in range(1, 61) if n != 4]


def test_a_job_begun_again_tells_no_fewer_rows_than_before(store, settings, monkeypatch):
    upload(store, settings)
    monkeypatch.setattr(desk_rows, "FIRST", 10)
    monkeypatch.setattr(desk_rows, "PIECE", 10)
    with store.writing() as connection:
        connection.execute(sa.update(table).values(rows=40))
    told = []
    monkeypatch.setattr(HeldJob, "check", lambda held: told.append(held.rows))
    run(store, settings)
    assert told == [40, 40, 40, 40, 50, 60]


def test_a_file_without_its_column_says_so_on_the_upload(store, settings):
    number, job = upload(store, settings)
    with store.writing() as connection:
        uploads.change(connection, number, actor="desk:甲", columns={"text": "没有这列"})
    run(store, settings)
    with store.reading() as connection:
        found = uploads.find(connection, number)
    assert found.state == "failed"
    assert "没有这列" in found.problem
    assert jobs.find(store, job.id).error_code == "column_missing"


def test_an_upload_whose_job_was_cancelled_or_given_up_does_not_wait_for_ever(store, settings):
    number, job = upload(store, settings)
    with store.writing() as connection:
        uploads.change(connection, number, actor="desk:甲", state="tagging", job_id=job.id)
    uploads.mend(store)
    with store.reading() as connection:
        assert uploads.find(connection, number).state == "tagging"
    jobs.cancel(store, job.id, actor="desk:甲")
    uploads.mend(store)
    with store.reading() as connection:
        found = uploads.find(connection, number)
    assert (found.state, found.problem) == ("failed", "已取消")


def test_an_upload_whose_job_is_gone_does_not_wait_for_ever(store, settings):
    number, _ = upload(store, settings)
    with store.writing() as connection:
        uploads.change(connection, number, actor="desk:甲", state="tagging", job_id="job_gone")
    uploads.mend(store)
    with store.reading() as connection:
        found = uploads.find(connection, number)
    assert (found.state, found.problem) == ("failed", "处理中断了")


def test_an_upload_that_was_taken_back_is_not_tagged(store, settings):
    number, job = upload(store, settings)
    uploads.take_back(store, number, actor="desk:甲")
    run(store, settings)
    with store.reading() as connection:
        assert uploads.find(connection, number).state == "void"
    assert stored(store) == []
    assert "已作废" in jobs.find(store, job.id).error


def test_one_that_was_not_decided_at_once_stays_in_the_spot_checks(store, settings):
    upload(store, settings)
    run(store, settings)
    with store.writing() as connection:
        one, other = officer_of(connection, "甲"), officer_of(connection, "乙", "reviewer")
        case_id = connection.execute(sa.select(sample.c.case_id).order_by(sample.c.case_id).limit(1)).scalar_one()
        before = spot_checks.waiting(connection)
        answers.answer(connection, case_id, Said((), note="像两类"), by=one, version=0, source="sample")
        assert (spot_checks.waiting(connection), spot_checks.in_consultation(connection)) == (before - 1, 1)
        assert spot_checks.is_unchecked(connection, case_id)
        said = Said((stored_domain(connection, case_id),))
        answers.answer(connection, case_id, said, by=other, version=1)
        assert (spot_checks.in_consultation(connection), spot_checks.is_unchecked(connection, case_id)) == (0, False)
        assert dict(spot_checks.by_domain(connection))[said.codes[0]].hits == 1


def test_answers_come_out_as_rows_and_spot_checks_as_figures(store, settings, tmp_path):
    upload(store, settings)
    run(store, settings)
    with store.writing() as connection:
        person = officer_of(connection, "甲")
    with store.reading() as connection:
        assert learning.since_training(connection).count == 0
        drawn = list(connection.execute(sa.select(sample.c.case_id).order_by(sample.c.case_id)).scalars())
        assert spot_checks.waiting(connection) == len(drawn)
    others = [row["id"] for row in stored(store) if row["id"] not in drawn][:5]
    with store.writing() as connection:
        for at, case_id in enumerate(drawn):
            codes = ("pricing",) if at == 0 else (stored_domain(connection, case_id),)
            answers.answer(connection, case_id, Said(codes), by=person, version=0, source="sample")
        for case_id in others:
            answers.answer(connection, case_id, Said(("prepaid",)), by=person, version=0)
    with store.reading() as connection:
        (week,) = spot_checks.by_week(connection)
        fresh = learning.since_training(connection)
        by_domain = dict(spot_checks.by_domain(connection))
    assert (week.right.hits, week.right.count) == (len(drawn) - 1, len(drawn))
    assert week.auto.count == 59
    assert week.few_known.count == 6
    assert (fresh.by_domain, fresh.blind) == ([("prepaid", 5)], len(drawn))
    assert sum(rate.count for rate in by_domain.values()) == len(drawn)
    path = tmp_path / "answers.jsonl"
    assert write_answers(store, path, actor="test") == len(drawn) + 5
    assert path.stat().st_mode & 0o077 == 0
    assert path.read_text("utf-8").count('"source":"sample"') == len(drawn)


def stored_domain(connection, case_id):
    return connection.execute(sa.select(cases.c.predicted).where(cases.c.id == case_id)).scalar_one()


def test_wilson_and_the_floor():
    rate = spot_checks.Rate.of(9, 10)
    assert (round(rate.low, 3), round(rate.high, 3)) == (0.596, 0.982)
    assert spot_checks.Rate.of(0, 0).value is None
    checked = [(1 - n / 1000, n < 60 or n % 2 == 0) for n in range(100)]
    floor = spot_checks.lowest_floor(checked, target=0.95)
    kept = [right for confidence, right in checked if confidence >= floor]
    assert sum(kept) / len(kept) >= 0.95
    assert len(kept) >= 60
    assert spot_checks.lowest_floor(checked[:20], target=0.95) is None
    assert spot_checks.lowest_floor([(0.9, False)] * 50, target=0.95) is None
    drawn = sum(spot_checks.drawn(n, 0.03) for n in range(20_000)) / 20_000
    assert 0.025 < drawn < 0.035


def test_a_stricter_model_decides_less_alone_and_says_the_same(shipped, tmp_path, root):
    from tousu.classifier import Classifier
    from tousu.resources import shipped_path
    from tousu.taxonomy import load_taxonomy

    version = stricter.stricter(shipped_path(), tmp_path / "m", floor=0.99)
    model = Classifier.load(tmp_path / "m", taxonomy=load_taxonomy())
    assert model.version == version != shipped.version
    texts = [f"{text}第{n}次" for n in range(40) for text in TEXTS]
    before, after = shipped.tag_many(texts), model.tag_many(texts)
    assert (before.primary == after.primary).all()
    assert after.auto.sum() < before.auto.sum()
    assert all(tagging.probabilities[tagging.primary] >= 0.99 for tagging in after if tagging.decision == "auto")
    careful = Classifier.load(tmp_path / "m", reading="careful").tag_many(texts[:3])
    assert all(tagging.probabilities[tagging.primary] >= 0.99 for tagging in careful if tagging.decision == "auto")


def test_a_model_in_the_shadow_tags_what_comes_and_is_counted_once(store, settings, tmp_path):
    from tousu.resources import shipped_path
    from tousu.taxonomy import load_taxonomy

    model = tmp_path / "models" / "copy"
    shutil.copytree(shipped_path(), model)
    taxonomy = load_taxonomy()
    shadow.start(store, model, days=7, by="desk:甲", why="看看", taxonomy=taxonomy, reading="fast")
    upload(store, settings)
    with store.reading() as connection:
        assert not shadows.has_work(connection)
    run(store, settings)
    with store.writing() as connection:
        assert shadows.has_work(connection)
        connection.execute(sa.update(cases).where(cases.c.row == 1).values(predicted="pricing"))
    kept = {}
    seen = shadows.listed(store)[0]
    assert shadow.go_on(store, kept, taxonomy=taxonomy, reading="fast") == 59
    assert shadow.go_on(store, kept, taxonomy=taxonomy, reading="fast") == 0
    assert not shadows.count_on(store, seen, {"rows": 1000})
    (one,) = shadows.listed(store)
    assert (one.rows, one.differ, one.pairs) == (59, 1, {"pricing → elevator": 1})
    shadows.end(store, by="desk:甲")
    with store.reading() as connection:
        assert shadows.current(connection) is None
