"""模型 in the browser: what it shows, who may act, and that every step is in the ledger."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.e2e.conftest import command, running
from tests.e2e.test_desk import PASSWORD, Browser
from tousu.classifier import Classifier, artifact
from tousu.resources import shipped_path
from tousu_service.desk.store import answers, people, spot_checks, uploads
from tousu_service.desk.store.answers import Said
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.store import Store, jobs, ledger, shadows
from tousu_service.store.desk_tables import cases, sample
from tousu_training.loop.gate import GateSet, judge


def trained(store, models, shipped, rows, *, passed=True):
    """Put a training that came to its end into the store, its model beside."""
    job = jobs.add(store, "train", {}, client="desk", actor="test")[0]
    checked = artifact.load(shipped_path())
    manifest = {key: value for key, value in checked.manifest.items() if key not in {"protocol", "version", "files"}}
    name = f"loop-{job.id.removeprefix('job_')}"
    artifact.save(models / name, manifest | {"release": "own", "of": job.id}, checked.arrays, {})
    verdict = judge(shipped, Classifier.load(models / name), [GateSet("answers", "本所答复（留出）", rows)])
    counts = {"read": 9, "texts": 8, "learnt": 6, "held_out": 2, "blind": 1, "left_out": 0}
    conflicts = [{"place": "案件 1", "said": {"甲": "pricing", "乙": "elevator"}}]
    reasons = [] if passed else ["本所答复（留出）：正确率下降超出偶然"]
    result = verdict | {
        "answers": counts | {"conflicts": conflicts}, "name": name, "version": verdict["new"], "changed": 0,
        "passed": passed, "reasons": reasons,
    }  # fmt: skip
    held = jobs.claim(store, "test:0:x", ("train",), is_dead=lambda owner: False, is_here=lambda job: True)
    assert jobs.finish(store, held, "done", result=result)
    return job, result


@pytest.fixture(scope="module")
def desk(tmp_path_factory, shipped):
    home = tmp_path_factory.mktemp("model")
    with running(home, state_dir=str(home), models_dir=str(home / "models"), job_worker="false") as server:
        Browser(server.port).post("/first", at="/login", name="主任", password=PASSWORD, again=PASSWORD)
        link = command(server, "users", "add", "审核员", "--role", "审核").stdout.strip()
        Browser(server.port).post(link.partition("/desk")[2], password=PASSWORD, again=PASSWORD)
        server.store = Store.open(server.env["TOUSU_DATABASE_URL"])
        yield server
        server.store.close()
        for client in Browser.opened:
            client.close()


@pytest.fixture
def chief(desk):
    made = Browser(desk.port)
    made.log_in("主任")
    return made


def test_training_is_asked_for_once_and_followed(desk, chief):
    page = chief.get("/model")
    assert page.status_code == 200, page.text
    assert "还没有训练过" in page.text
    assert 'style="' not in page.text
    with desk.store.writing() as connection:
        upload = uploads.add(connection, name="一", sha256="0" * 64, size=1, columns={}, actor="test").id
        texts = [NewCase(n, f"小区电梯困人{n}次", Classifier.load().tag(f"小区电梯困人{n}次")) for n in range(1, 51)]
        add_cases(connection, upload, texts, secret="s")
        user = next(user for user in people.listed(connection) if user.name == "主任").person
        answers.answer(connection, 1, Said(("pricing",)), by=user, version=0)
    page = chief.post("/model/train", at="/model")
    assert "可学的 <strong>1</strong> 条" in page.text
    assert "排队等训练" in page.text
    chief.post("/model/train", at="/model")
    (job,) = jobs.listed(desk.store, kind="train")
    part = chief.client.get("/desk/model/progress", headers={"HX-Request": "true"})
    assert "hx-trigger" in part.text
    assert "已取消" in chief.post("/model/cancel", at="/model", job=job.id).text
    part = chief.client.get("/desk/model/progress", headers={"HX-Request": "true"})
    assert part.headers["hx-refresh"] == "true"


def test_the_gate_is_shown_and_kept_to(desk, chief, shipped, corpus_rows):
    models, rows = desk.home / "models", corpus_rows[::200]
    refused, _ = trained(desk.store, models, shipped, rows, passed=False)
    page = chief.get("/model").text
    assert "没有通过" in page
    assert "下降超出偶然" in page
    assert "甲 定为" in page
    answer = chief.post("/model/activate", at="/model", job=refused.id, why="想用")
    assert answer.status_code == 422
    assert "闸门没有通过" in answer.text
    assert chief.post("/model/activate", at="/model", job=refused.id, why="").status_code == 422
    assert (
        chief.post("/model/activate", at="/model", job=refused.id, why="想\x1b[31m用", force="yes").status_code == 422
    )
    chief.post("/model/activate", at="/model", job=refused.id, why="想用", force="yes")
    assert ledger.current(desk.store).why == "强制：想用"
    good, result = trained(desk.store, models, shipped, rows)
    page = chief.post("/model/activate", at="/model", job=good.id, why="学了十一月").text
    assert "这个模型正在用" in page
    entry = ledger.current(desk.store)
    assert (entry.version, entry.by, entry.why) == (result["version"], "desk:主任", "学了十一月")
    chief.post("/model/rollback", at="/model", why="再看看")
    assert ledger.current(desk.store).kind == "rollback"
    chief.post("/model/shadow", at="/model", job=good.id, days="7", why="试跑")
    assert shadows.listed(desk.store)[0].version == result["version"]
    assert "结束试跑" in chief.get("/model").text
    chief.post("/model/shadow/end", at="/model")
    assert shadows.listed(desk.store)[0].ended_at is not None


def test_a_broken_promise_is_said_and_the_stricter_threshold_offered(desk, chief):
    with desk.store.writing() as connection:
        spot_checks.draw(connection, 1, 1, 50, share=1.0)
        user = next(user for user in people.listed(connection) if user.name == "主任").person
        drawn = connection.execute(
            sa.select(cases.c.id, cases.c.predicted).join(sample, sample.c.case_id == cases.c.id).order_by(cases.c.id)
        ).all()
        assert len(drawn) >= 40
        for at, row in enumerate(drawn):
            confidence = 0.99 if at < 35 else 0.6
            connection.execute(sa.update(cases).where(cases.c.id == row.id).values(confidence=confidence))
            codes = (row.predicted,) if at < 35 else ("pricing",)
            answers.answer(connection, row.id, Said(codes), by=user, version=0, source="sample")
    page = chief.get("/model").text
    assert "低于目标" in page
    assert "不低于 0.99" in page
    assert "<circle" in page
    chief.post("/model/stricter", at="/model", why="抽检低于目标")
    entry = ledger.current(desk.store)
    assert entry.why == "收紧到 0.9900：抽检低于目标"
    assert Classifier.load(entry.path).manifest["stricter"]["floor"] == 0.99


def test_a_reviewer_sees_and_does_not_act_and_an_officer_does_not_see(desk):
    reviewer = Browser(desk.port)
    reviewer.log_in("审核员")
    page = reviewer.get("/model")
    assert page.status_code == 200
    assert "<button" not in page.text.partition("<main")[2]
    for path in ("train", "cancel", "activate", "rollback", "shadow", "shadow/end", "stricter"):
        assert reviewer.post(f"/model/{path}", at="/cases").status_code == 403, path
    stranger = Browser(desk.port).client.get("/desk/model")
    assert stranger.headers["location"].startswith("/desk/login")
