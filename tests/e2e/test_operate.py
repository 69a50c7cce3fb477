"""What operators see: readiness, metrics over workers, logs without texts, a graceful end, the doctor."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import NDJSON, ask, command
from tests.harness.server import ROOT, Server, Wire

SECRET = "秘密的投诉内容其来电反映电梯困人"


def value(page: str, series: str) -> float:
    found = re.search(rf"^{re.escape(series)} (\S+)$", page, re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize("workers", [1, 2])
def test_metrics_are_right_whoever_is_asked(serve, workers):
    with serve(workers=workers) as server:
        for _ in range(20):  # each on a connection of its own, so that both workers get some
            with Wire(server.port) as wire:
                assert wire.post("/v1/classify", {"text": SECRET})[0] == 200
                assert wire.post("/v1/classify", {"text": 1})[0] == 422
        batch = {"items": [{"id": "1", "text": SECRET}, {"id": "2", "text": ""}]}
        ask(server, "POST", "/v1/classify/batch", json=batch)
        ask(server, "POST", "/v1/classify/stream", content=json.dumps({"text": SECRET}), headers=NDJSON)
        model = ask(server, "GET", "/v1/model").json()["version"]
        count = 'tousu_requests_total{method="POST",route="/v1/classify",status="%s"}'
        wanted = {f'tousu_model_workers{{version="{model}"}}': workers, count % 200: 20, count % 422: 20}
        for _ in range(50):  # the second worker may be a little later than the first
            page = ask(server, "GET", "/metrics").text
            if all(value(page, name) == number for name, number in wanted.items()):
                break
            time.sleep(0.1)
        assert value(page, count % 200) == 20
        assert value(page, count % 422) == 20
        assert value(page, 'tousu_request_seconds_count{route="/v1/classify"}') == 40
        assert [value(page, f'tousu_texts_total{{way="{way}"}}') for way in ("single", "batch", "stream")] == [20, 1, 1]
        assert value(page, 'tousu_domains_total{domain="elevator"}') == 22
        assert sum(value(page, f'tousu_decisions_total{{decision="{kind}"}}') for kind in ("auto", "review")) == 22
        assert value(page, f'tousu_model_workers{{version="{model}"}}') == workers
        assert value(page, "tousu_texts_waiting") == 0
        # the one that asks, and what the other worker has answered and not yet published
        assert 1 <= value(page, "tousu_requests_in_flight") <= workers


def test_logs_are_json_with_request_ids_and_never_a_text(serve):
    with serve(log_level="debug") as server:
        for path, body in (
            ("/v1/classify", {"text": SECRET, "evidence": True}),
            ("/v1/classify", {"text": SECRET, SECRET: 1}),
            ("/v1/classify", {"text": SECRET, "id": 5}),
            ("/v1/classify/batch", {"items": [{"id": "1", "text": SECRET}, {"id": SECRET * 30, "text": SECRET}]}),
            ("/v1/corrections", {"text": SECRET, "codes": [SECRET], "by": "受理科"}),
            ("/v1/corrections", {"text": SECRET, "codes": ["elevator"], "by": "受理科"}),
            (f"/v1/{SECRET}", {}),
        ):
            ask(server, "POST", path, json=body, headers={"X-Request-ID": "known-1"})
        ask(server, "POST", "/v1/classify", content=SECRET.encode(), headers={"Content-Type": "application/json"})
        ask(server, "POST", "/v1/classify/stream", content=SECRET.encode(), headers=NDJSON)
    log = server.log.read_text()
    assert SECRET not in log
    assert SECRET[2:8] not in log
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    asked = [line for line in lines if line["event"] == "request" and line["request_id"] == "known-1"]
    assert [line["status"] for line in asked] == [200, 422, 422, 200, 422, 201, 404]
    assert all(line["at"].endswith("+08:00") and line["level"] for line in lines)
    assert {line["event"] for line in lines} >= {"ready", "request", "stopped"}


def test_it_ends_gracefully_and_answers_what_it_has_taken(serve):
    with serve() as server:
        texts = [{"id": str(n), "text": SECRET} for n in range(1000)]
        statuses: list[int] = []

        def work() -> None:
            for _ in range(10_000):
                try:
                    with Wire(server.port) as wire:
                        statuses.append(wire.post("/v1/classify/batch", {"items": texts})[0])
                except ConnectionError:  # not taken any more: what was taken is counted below
                    return

        thread = threading.Thread(target=work)
        thread.start()
        time.sleep(1)
        process = server._process
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        thread.join(10)
        taken = [line for line in server.log.read_text().splitlines() if '"route":"/v1/classify/batch"' in line]
        assert len(statuses) == len(taken) > 1
        assert set(statuses) == {200}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_hang_up_keeps_it_serving(serve, workers):
    with serve(workers=workers) as server:
        server._process.send_signal(signal.SIGHUP)
        for _ in range(40):
            assert ask(server, "POST", "/v1/classify", json={"text": SECRET}).status_code == 200
            time.sleep(0.05)


def test_a_dead_worker_is_replaced(serve):
    with serve(workers=2) as server:
        worker = server.pids()[-1]
        os.kill(worker, signal.SIGKILL)
        for _ in range(60):
            time.sleep(0.2)
            if worker not in server.pids() and len(server.pids()) >= 3 and server.status("/readyz") == 200:
                break
        else:
            raise AssertionError("no new worker")


def test_it_is_small_and_quick_to_start(tmp_path):
    server = Server(tmp_path)
    seconds = server.start()
    resident = int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{server.pids()[0]}/status").read_text())[1])
    server.stop()
    assert resident < 200 * 1024
    assert seconds < 12  # on a machine that does other things meanwhile; make bench measures it alone


def test_the_doctor_finds_everything_well(service):
    done = command(service, "doctor")
    assert (done.returncode, "✗" in done.stdout) == (0, False), done.stdout
    asked = command(service, "doctor", "--json")
    assert {finding["name"] for finding in json.loads(asked.stdout)} == {
        "settings", "taxonomy", "lexicon", "model", "database", "door", "disk", "port", "pages",
    }  # fmt: skip


def test_the_doctor_names_what_is_wrong(tmp_path, service):
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in (file for file in (ROOT / "models" / "tousu-zh").iterdir() if file.is_file()):
        content = file.read_bytes()
        (broken / file.name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if file.suffix == ".npz" else content)
    env = service.env | {
        "TOUSU_MODEL": str(broken), "TOUSU_HOST": "0.0.0.0", "TOUSU_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    }  # fmt: skip
    whole = [sys.executable, "-m", "tousu", "doctor", "--json"]
    done = subprocess.run(whole, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    failed = {finding["name"]: finding["told"] for finding in json.loads(done.stdout) if not finding["ok"]}
    assert set(failed) == {"model", "database", "door"}
    assert "arrays.npz" in failed["model"]


def test_warming_is_quiet_and_needs_no_settings(service):
    done = command(service, "doctor", "--warm")
    assert (done.returncode, done.stdout) == (0, "")
