"""Earlier cases like one: by pairs of characters as sets have them, and by the shipped encoder's vectors made in the background."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from tests.service.desk.people import tagged, upload_of
from tousu.errors import ModelError
from tousu_service.desk.likeness import products, shared_pairs
from tousu_service.desk.store import similar, uploads
from tousu_service.desk.store.cases import NewCase, add_cases
from tousu_service.jobs import vectors as jobs_vectors
from tousu_service.jobs.vectors import VectorMaker, has_work
from tousu_service.settings import load_settings
from tousu_service.store import Store, ledger, vectors
from tousu_service.store.desk_tables import case_vectors

RETOLD = [
    block.splitlines() for block in Path(__file__).with_name("retold.txt").read_text("utf-8").strip().split("\n\n")
]
LECTURE = next(block for block in RETOLD if "听讲座" in block[0])
GYM = "健身房一夜关门，老板电话打不通，年卡还剩三千元"


@pytest.fixture
def settings(tmp_path):
    return load_settings({}, state_dir=str(tmp_path), vectors_per_upload=50)


def put(store, texts, domains=("prepaid",)):
    """Store texts as the cases of an upload that is ready, by the shipped model."""
    with store.writing() as connection:
        upload = upload_of(connection)
        new = [
            NewCase(n, text, tagged(domains[n % len(domains)], 0.6), number=f"{upload}-{n}")
            for n, text in enumerate(texts, 1)
        ]
        add_cases(connection, upload, new, secret="s")
        uploads.change(connection, upload, actor="test", state="ready", job_id="j")
    if ledger.current(store) is None:
        ledger.append(store, "start", path=ledger.SHIPPED, version="v", by="test", why="")


def found(store, case_id, text):
    with store.reading() as connection:
        return similar.like(connection, case_id, text)


def made(store):
    with store.reading() as connection:
        rows = connection.execute(sa.select(case_vectors.c.case_id, case_vectors.c.vector))
        return {row.case_id: row.vector for row in rows}


def ended_early(script):
    child = subprocess.Popen(["sh", "-c", script], stdin=-1, stdout=-1)
    if script == "exit":
        child.wait()
    return child


def test_pairs_are_shared_as_sets_of_them_are():
    rng = random.Random(3)
    texts = ["".join(rng.choices("电梯困人，物业修12 𠮷\ud800ab_", k=rng.randrange(40))) for _ in range(200)] + [
        "",
        "一",
    ]

    def pairs(text):
        plain = re.sub(r"[\W\d_]+", "", text)
        return {plain[at : at + 2] for at in range(len(plain) - 1)}

    for text in texts[:20] + texts[-2:]:
        own = pairs(text)
        wanted = [len(own & pairs(other)) / max(1, len(own | pairs(other))) for other in texts]
        assert shared_pairs(text, texts).tolist() == pytest.approx(wanted)
    assert shared_pairs(GYM, []).tolist() == []


def test_products_leave_out_what_all_have_in_common():
    rng = np.random.default_rng(0)
    common, own = rng.normal(size=8), rng.normal(size=8)
    others = np.stack([common + own, common - own, common + rng.normal(size=8)]).astype(np.float32)
    others = np.concatenate([others, 2 * common - others])  # their mean is what they have in common
    assert products(common + own, others)[[0, 1, 3]].tolist() == pytest.approx([1, -1, -1], abs=1e-5)
    assert np.isfinite(products(common, np.stack([common, common]))).all()


def test_a_case_told_in_other_words_is_found_by_vectors_and_not_by_pairs(store, shipped):
    retold, first, _ = LECTURE
    texts = [*(block[0] for block in RETOLD if block is not LECTURE), retold, first]
    put(store, texts, ("prepaid", "health_product"))
    number = len(texts)
    assert found(store, number, first) == []
    with store.writing() as connection:
        vectors.keep(connection, 1, "a", range(1, number + 1), shipped.vectors(texts))
    told = found(store, number, first)
    assert (told[0]["id"], told[0]["domain"]) == (number - 1, "prepaid")  # of another domain
    assert told[0]["share"] < similar.LEAST < similar.LEAST_SUM < told[0]["share"] + told[0]["product"]
    with store.writing() as connection:  # those of another encoder are not compared
        connection.execute(sa.update(case_vectors).where(case_vectors.c.case_id != number).values(encoder="other"))
    assert found(store, number, first) == []
    store.close()


def test_without_vectors_pairs_find_as_before(store):
    near, copy = "健身房一夜关门，教练电话也打不通，次卡还没用完", GYM + "3"
    put(store, [near, copy, "菜里有虫", GYM])
    told = found(store, 4, GYM)
    assert [(row["id"], row["product"]) for row in told] == [(1, None)]  # a copy is none
    assert told[0]["share"] == pytest.approx(shared_pairs(GYM, [near])[0])
    assert found(store, 3, "菜里有虫") == []
    assert found(store, 4, "，。") == []


def test_what_fails_is_told_and_gone_on_with(tmp_path, settings, shipped, monkeypatch):
    store = Store.open(f"sqlite:///{tmp_path / 'tousu.db'}")
    store.migrate()
    monkeypatch.setattr(jobs_vectors, "PIECE", 2)
    put(store, ["电梯困人", "停车费乱收", "面包发霉", "面包发霉", "鞋是假的"])
    maker = VectorMaker(store, settings)
    assert maker.go_on()
    assert sorted(made(store)) == [4, 5]
    maker._child[1].kill()
    maker._child[1].wait()
    assert maker.go_on()
    assert sorted(made(store)) == [2, 3, 4, 5]
    assert made(store)[3] == made(store)[4]
    assert all(maker.go_on() for _ in range(2))
    assert not maker.go_on()
    assert not has_work(store, settings)
    wanted = shipped.vectors(["电梯困人"])[0]
    assert np.frombuffer(made(store)[1], vectors.KIND) == pytest.approx(wanted, abs=1e-3)
    put(store, ["网购不退"])
    assert has_work(store, settings)
    nothing = load_settings({}, state_dir=str(tmp_path), vectors_per_upload=0)
    assert not has_work(store, nothing)
    assert not VectorMaker(store, nothing).go_on()
    for script in ("exit", "read -r line"):  # gone before it is asked; gone before it answers
        monkeypatch.setattr(jobs_vectors, "_started", lambda _, script=script: ended_early(script))
        maker.close()
        with pytest.raises(ModelError, match="中途"):
            maker.go_on()
    maker.close()
    (tmp_path / "bare").mkdir()
    ledger.append(store, "activate", path=str(tmp_path / "bare"), version="w", by="test", why="")
    assert not has_work(store, settings)  # a model without an encoder
    assert not maker.go_on()
    store.close()


def test_a_worker_that_is_killed_is_gone_on_from(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path / 'tousu.db'}")
    store.migrate()
    put(store, [f"{block[0]}，第{n}次" for n in range(4) for block in RETOLD])
    env = os.environ | {"TOUSU_STATE_DIR": str(tmp_path), "TOUSU_VECTORS_PER_UPLOAD": "72"}

    def work():
        return subprocess.Popen([sys.executable, "-m", "tousu", "work", "--idle", "1"], env=env)

    worker = work()
    try:
        until = time.monotonic() + 120
        while not made(store):
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        worker.kill()
        worker.wait()
    before = made(store)
    assert 0 < len(before) < 72
    mark = np.ones(384, vectors.KIND).tobytes()
    with store.writing() as connection:
        connection.execute(sa.update(case_vectors).values(vector=mark))
    with work() as again:
        assert again.wait(120) == 0
    after = made(store)
    assert sorted(after) == list(range(9, 81))  # the last 72
    assert {number for number, vector in after.items() if vector == mark} == set(before)
    store.close()
