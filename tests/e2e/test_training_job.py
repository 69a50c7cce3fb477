"""A training as a background job of a real server: answers in, a model and its verdict out; cancelled, killed, activated."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.conftest import ask
from tousu.errors import ModelError
from tousu_service.jobs.trained import model_of, put_to_use
from tousu_service.settings import load_settings
from tousu_service.store import Store, jobs, ledger


def trainings(home):
    """Return the processes of trainings below a directory, and those that they started: all have its settings."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and f"TOUSU_STATE_DIR={home}".encode() in (entry / "environ").read_bytes():
                words = (entry / "cmdline").read_bytes()
                found += [int(entry.name)] if b"\0loop\0" in words or b"loky" in words else []
    return found


def wait_for(condition, *, seconds=200):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until
        time.sleep(0.2)
    return found


@pytest.fixture
def small_corpus(tmp_path, corpus_rows):
    """A corpus that is learnt in seconds, in the shipped one's place."""
    path = tmp_path / "corpus.jsonl"
    lines = ({"text": row.text, "codes": list(row.codes), "series": row.series} for row in corpus_rows[::60])
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    return path


@pytest.mark.timeout(600)
def test_a_training_is_one_job_survives_a_kill_and_is_activated_past_the_gate_alone(
    serve, tmp_path, small_corpus, corpus_rows
):
    state = tmp_path / "state"
    with serve(state_dir=str(state), corpus=str(small_corpus), models_dir=str(tmp_path / "models")) as server:
        answers = corpus_rows[5::500]
        for row in answers:
            body = {"text": row.text, "codes": list(row.codes), "by": "甲"}
            assert ask(server, "POST", "/v1/corrections", json=body).status_code == 201
        store = Store.open(server.env["TOUSU_DATABASE_URL"])
        settings = load_settings({key: value for key, value in server.env.items() if key.startswith("TOUSU_")})
        job, again = (jobs.add(store, "train", {}, client="desk", actor="test", only_one=True)[0] for _ in range(2))
        assert again.id == job.id
        wait_for(lambda: trainings(state))
        assert (
            ask(server, "POST", "/v1/classify", json={"text": "小区电梯困人，物业不修"}).json()["primary"] == "elevator"
        )
        for pid in server.job_workers():
            os.kill(pid, signal.SIGKILL)
        ended = wait_for(lambda: (found := jobs.find(store, job.id)).is_open is False and found)
        assert (ended.state, ended.attempt, ended.error) == ("done", 2, None)
        assert ended.result["answers"]["read"] == len(answers)
        assert {each["code"] for each in ended.result["sets"]} == {"answers", "hard"}
        assert model_of(store, settings, job.id).is_dir()
        if not ended.result["passed"]:
            with pytest.raises(ModelError, match="闸门"):
                put_to_use(store, settings, job.id, by="test", why="试试")
        entry = put_to_use(store, settings, job.id, by="test", why="试试", force=True)
        assert entry.why == ("试试" if ended.result["passed"] else "强制：试试")
        wait_for(lambda: ask(server, "GET", "/v1/model").json()["version"] == ended.result["version"])
        # a second one is cancelled on its way and leaves nothing
        second = jobs.add(store, "train", {}, client="desk", actor="test", only_one=True)[0]
        wait_for(lambda: trainings(state))
        jobs.cancel(store, second.id, actor="test")
        stopped = wait_for(lambda: (found := jobs.find(store, second.id)).is_open is False and found)
        assert stopped.state == "cancelled"
        wait_for(lambda: not trainings(state), seconds=30)
        assert next(entry.path for entry in ledger.history(store)).endswith(job.id.removeprefix("job_"))
        assert len(list((tmp_path / "models").iterdir())) == 1
        store.close()
