"""Jobs in the store: taken once, taken again when their holder is gone, ended by none but the holder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tousu.batch.journal import Checkpoint, write_checkpoint
from tousu.batch.options import Tally
from tousu.errors import Conflict, CorpusError, ModelError, NotFound, RateExceeded, StoreError
from tousu_service.auth.quota import Quota
from tousu_service.http.error_handlers import status_of
from tousu_service.jobs import places
from tousu_service.jobs.held import HeldJob, is_dead, owner_name
from tousu_service.jobs.tag import Told, tag_upload
from tousu_service.jobs.train import train_model
from tousu_service.jobs.worker import Worker
from tousu_service.settings import load_settings
from tousu_service.store import Store, audit, corrections, jobs
from tousu_service.store.tables import jobs as table

ALIVE = staticmethod(lambda owner: False)


def add(store, *, args=None, **more):
    return jobs.add(store, "tag", {"name": "a.csv"} | (args or {}), client="k", actor="key:k", **more)[0]


def claim(store, owner="host:1:a", *, is_dead=lambda owner: False, is_here=lambda job: True):
    return jobs.claim(store, owner, ("tag",), is_dead=is_dead, is_here=is_here)


def anything_to_do(store, *, is_dead=lambda owner: False, is_here=lambda job: True):
    return jobs.anything_to_do(store, is_dead=is_dead, is_here=is_here)


def age(store, job, seconds):
    """Make a job's last heartbeat so old."""
    with store.writing() as connection:
        moment = connection.execute(sa.select(table.c.heartbeat_at).where(table.c.seq == job.seq)).scalar_one()
        old = moment - timedelta(seconds=seconds)
        connection.execute(sa.update(table).where(table.c.seq == job.seq).values(heartbeat_at=old))


def test_a_job_from_beginning_to_end(store):
    job = add(store)
    assert (job.state, anything_to_do(store)) == ("queued", True)
    held = claim(store)
    assert (held.id, held.state, held.attempt) == (job.id, "running", 1)
    assert claim(store, "host:2:b") is None
    assert jobs.beat(store, held, progress=3, total=10, rows=2, step="标注") == "go"
    assert jobs.find(store, job.id).progress == 3
    assert jobs.finish(store, held, "done", result={"rows": 9}, rows=9)
    ended = jobs.find(store, job.id, client="k")
    assert (ended.state, ended.result, ended.rows, ended.progress) == ("done", {"rows": 9}, 9, 10)
    assert not anything_to_do(store)
    assert [line.action for line in audit.lines(store)] == ["job_created", "job_ended"]
    with pytest.raises(NotFound):
        jobs.find(store, job.id, client="another")


def test_workers_that_race_take_each_job_once(url):
    opened = Store.open(url)
    opened.migrate()
    for _ in range(20):
        add(opened)
    taken, start = [], threading.Barrier(4)

    def work(number):
        own = Store.open(url)
        start.wait(30)
        while job := claim(own, f"host:{number}:x{len(taken)}"):
            taken.append(job.id)
        own.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    opened.close()
    assert len(taken) == len(set(taken)) == 20


def test_a_job_whose_holder_is_silent_or_dead_is_taken_again_and_the_old_holder_ends_nothing(store):
    add(store)
    first = claim(store)
    assert claim(store, "host:2:b") is None
    age(store, first, 31)
    second = claim(store, "host:2:b")
    assert (second.seq, second.attempt) == (first.seq, 2)
    assert jobs.beat(store, first, progress=1, total=1, rows=1, step="") == "lost"
    assert not jobs.finish(store, first, "done")
    third = claim(store, "host:3:c", is_dead=lambda owner: owner == "host:2:b")
    assert third.attempt == 3
    jobs.release(store, third, rows=7)
    assert jobs.find(store, first.id).rows == 7
    assert (jobs.find(store, first.id).state, claim(store, "host:4:d").attempt) == ("queued", 3)


def test_what_ends_its_worker_every_time_is_given_up(store):
    add(store)
    for attempt in range(jobs.MOST_ATTEMPTS):
        assert claim(store, f"host:{attempt}:x", is_dead=lambda owner: True).attempt == attempt + 1
    assert claim(store, "host:9:x", is_dead=lambda owner: True) is None
    (given_up,) = jobs.listed(store)
    assert (given_up.state, given_up.error_code) == ("failed", "given_up")


def test_a_file_is_tagged_where_it_was_handed_in(store):
    add(store)
    assert not anything_to_do(store, is_here=lambda job: False)
    assert claim(store, is_here=lambda job: False) is None
    held = claim(store)
    assert not anything_to_do(store)  # it is in good hands
    age(store, held, 31)
    assert anything_to_do(store)
    assert claim(store, "host:2:b", is_here=lambda job: False) is None
    jobs.cancel(store, held.id, actor="key:k")
    assert claim(store, "host:2:b", is_here=lambda job: False) is None
    assert jobs.find(store, held.id).state == "cancelled"


def test_looking_for_a_job_that_waits_elsewhere_takes_no_turn_to_write(store, monkeypatch):
    add(store)
    monkeypatch.setattr(store, "writing", None)
    assert claim(store, is_here=lambda job: False) is None


def test_which_files_are_here(tmp_path, store):
    one = load_settings({"TOUSU_STATE_DIR": str(tmp_path), "TOUSU_DATABASE_URL": "postgresql+psycopg://x/y"})
    tag, train = add(store), jobs.add(store, "train", {}, client="k", actor="key:k")[0]
    desk = jobs.add(store, "tag", {"folder": "upload_1"}, client="desk", actor="desk:a")[0]
    assert [places.is_here(one, job) for job in (tag, train, desk)] == [False, True, False]
    for name in (tag.id, "upload_1"):
        (places.root(one) / name).mkdir()
    assert [places.is_here(one, job) for job in (tag, train, desk)] == [True, True, True]
    alone = load_settings({"TOUSU_STATE_DIR": str(tmp_path / "other")})
    assert places.is_here(alone, tag)  # a database in a file is this machine's: the job is to fail here


def test_a_directory_that_is_gone_meanwhile_is_no_stray(tmp_path):
    settings = load_settings({"TOUSU_STATE_DIR": str(tmp_path)})
    old = places.root(settings) / "job_old"
    old.mkdir()
    os.utime(old, (0, 0))
    (places.root(settings) / "job_gone").symlink_to(tmp_path / "nowhere")
    assert places.strays(settings) == ["job_old"]


def test_what_the_disk_refuses_is_the_service_s_fault(tmp_path):
    (tmp_path / "files").write_text("in the way")
    with pytest.raises(StoreError) as told:
        places.incoming(load_settings({"TOUSU_STATE_DIR": str(tmp_path)}))
    assert status_of(told.value) == 503


def test_a_job_gone_on_with_counts_each_text_once(store):
    quota = Quota(None, requests=0, texts=10)
    add(store)
    first = HeldJob(store, claim(store))
    told = Told(first, quota)
    told.start("a.csv", 100)
    for done in (20, 50):
        told.advance(done, done // 10)
    jobs.release(store, first.job, rows=first.rows)
    second = HeldJob(store, claim(store, "host:2:b"))
    told = Told(second, quota)
    told.start("a.csv", 100)
    for done in (30, 60):
        told.advance(done, done // 10)
    told.start("b.csv", 100)
    told.advance(40, 4)
    assert second.rows == 10
    with pytest.raises(RateExceeded):
        told.advance(50, 5)


def test_a_job_that_another_model_began_begins_anew(store, shipped, tmp_path):
    settings, job = load_settings({"TOUSU_STATE_DIR": str(tmp_path)}), add(store, args={"file": "original.csv"})
    came = places.incoming(settings) / "came"
    came.write_text("投诉内容\n电梯困人，物业不修\n", "utf-8")
    result = places.keep(settings, job.id, came, "original.csv").with_name("result.csv")
    write_checkpoint(result, {"model": "another"}, Checkpoint(9, 9, 0, Tally(rows=5).to_dict()))
    outcome = tag_upload(HeldJob(store, claim(store)), settings, shipped, None)
    assert (outcome["rows"], len(result.read_text("utf-8").splitlines())) == (1, 2)


def test_a_step_that_fails_does_not_end_its_thread(store, tmp_path):
    worker = Worker(store, load_settings({"TOUSU_STATE_DIR": str(tmp_path)}), idle_seconds=0.0)
    tries = []

    def step():
        tries.append(1)
        if len(tries) > 1:
            worker._stop.set()
        raise RuntimeError("of whatever kind")

    worker._repeat(step)
    assert len(tries) == 2


def test_a_worker_of_its_own_uses_the_station_s_tables(tmp_path):
    code = (
        "import os\nfrom tousu_service.jobs.worker import work\nfrom tousu_service.settings import load_settings\n"
        f"work(load_settings({{}}, state_dir={str(tmp_path)!r}, tables_dir={str(tmp_path)!r}), idle_seconds=0.0)\n"
        "print(os.environ['TOUSU_TABLES_DIR'])"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("TOUSU_")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.splitlines()[-1:] == [str(tmp_path)], done.stderr


def test_why_a_training_failed_is_told(tmp_path):
    database = f"sqlite:///{tmp_path / 'tousu.db'}"
    store = Store.open(database)
    store.migrate()
    settings = load_settings({}, state_dir=tmp_path, models_dir=tmp_path / "models", gate_rows=tmp_path / "none.jsonl")
    jobs.add(store, "train", {}, client="desk", actor="desk:a")
    job = jobs.claim(store, owner_name(), ("train",), is_dead=is_dead, is_here=lambda job: True)
    with pytest.raises(CorpusError):
        train_model(HeldJob(store, job), store, settings)
    new = corrections.NewCorrection(
        text="小区电梯困人，物业不修", text_id=None, codes=("elevator",), online=None, by="甲", why=None, model=None
    )
    corrections.add(store, new, client="k")
    with pytest.raises(ModelError, match=r"none\.jsonl") as told:
        train_model(HeldJob(store, job), store, settings)
    assert "错误" not in str(told.value)
    store.close()


def test_cancelling(store):
    queued, running = add(store), None
    assert jobs.cancel(store, queued.id, actor="key:k").state == "cancelled"
    running = add(store)
    held = claim(store)
    assert jobs.cancel(store, running.id, actor="key:k").state == "running"
    assert jobs.beat(store, held, progress=0, total=None, rows=0, step="") == "cancelled"
    assert jobs.finish(store, held, "cancelled")
    assert jobs.cancel(store, running.id, actor="key:k").state == "cancelled"
    # one that is cancelled while its holder is dead is not begun again
    add(store)
    left = claim(store)
    jobs.cancel(store, left.id, actor="key:k")
    assert claim(store, "host:2:b", is_dead=lambda owner: True) is None
    assert jobs.find(store, left.id).state == "cancelled"


def test_the_same_again_is_the_same_job(store):
    first, again = jobs.add(store, "tag", {}, client="k", actor="a", idempotency_key="1", body_sha256="x")
    assert not again
    assert jobs.add(store, "tag", {}, client="k", actor="a", idempotency_key="1", body_sha256="x") == (first, True)
    with pytest.raises(Conflict):
        jobs.add(store, "tag", {}, client="k", actor="a", idempotency_key="1", body_sha256="y")
    assert not jobs.add(store, "tag", {}, client="other", actor="a", idempotency_key="1", body_sha256="y")[1]
    one = jobs.add(store, "train", {}, client="k", actor="a", only_one=True)[0]
    assert jobs.add(store, "train", {}, client="k", actor="b", only_one=True) == (one, True)
    with pytest.raises(RateExceeded):
        jobs.add(store, "tag", {}, client="k", actor="a", most_open=2)


def test_a_webhook_is_tried_by_one_worker_at_a_time(store):
    job = add(store, webhook="http://127.0.0.1:1/")
    assert jobs.due_webhooks(store) == []
    jobs.finish(store, claim(store), "failed", error="x")
    (due,) = jobs.due_webhooks(store)
    assert jobs.take_webhook(store, due, pause=timedelta(seconds=60))
    assert not jobs.take_webhook(store, due, pause=timedelta(seconds=60))
    assert jobs.due_webhooks(store) == []
    jobs.end_webhook(store, due, "delivered")
    assert jobs.find(store, job.id).webhook_state == "delivered"


def test_a_dead_owner_is_known_on_its_own_machine_alone():
    here = socket.gethostname()
    gone = os.spawnl(os.P_WAIT, "/bin/true", "true")
    assert gone == 0
    assert not is_dead(owner_name())
    assert not is_dead(f"{here}:1:x") or os.getpid() == 1
    assert is_dead(f"{here}:{2**22 - 1}:x")
    assert not is_dead(f"elsewhere:{2**22 - 1}:x")
