"""What operators set and see: quotas, cross-origin pages, KServe's protocol, workers that were killed, full disks."""

from __future__ import annotations

import gzip
import json
import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from tests.e2e.conftest import NDJSON, ask, command, new_key, running
from tests.e2e.test_operate import value
from tousu_service.telemetry import disk

TEXT = {"text": "小区电梯困人两次"}
ORIGIN = "https://intake.example"


@pytest.fixture(scope="module")
def metered(tmp_path_factory):
    """A server with small quotas, to which pages of one origin may talk; and the header of a key."""
    settings = {"requests_per_day": "12", "texts_per_day": "20", "cors_origins": ORIGIN}
    with running(tmp_path_factory.mktemp("metered"), **settings) as server:
        yield server, lambda: {"Authorization": f"Bearer {new_key(server, 'classify')}"}


def test_a_key_s_day_is_counted_in_requests_and_texts(metered):
    server, key = metered
    one = key()
    replies = [ask(server, "POST", "/v1/classify", json=TEXT, headers=one) for _ in range(13)]
    assert [reply.status_code for reply in replies] == [200] * 12 + [429]
    assert "每天至多 12 个请求" in replies[-1].json()["message"]
    assert 0 < int(replies[-1].headers["retry-after"]) <= 24 * 3600
    two = key()
    batch = {"items": [{"id": str(n)} | TEXT for n in range(15)]}
    assert ask(server, "POST", "/v1/classify/batch", json=batch, headers=two).status_code == 200
    assert ask(server, "POST", "/v1/classify/batch", json=batch, headers=two).status_code == 429
    lines = (json.dumps(TEXT) + "\n").encode() * 6
    stream = ask(server, "POST", "/v1/classify/stream", content=lines, headers=two | NDJSON)
    assert '"rate_exceeded"' in stream.text
    assert ask(server, "GET", "/v1/model", headers=two).status_code == 200


def test_pages_of_the_origin_that_is_set_may_ask_and_no_others(metered):
    server, key = metered
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    for origin, allowed in ((ORIGIN, ORIGIN), ("https://evil.example", None)):
        before = ask(server, "OPTIONS", "/v1/classify", headers=wanted | {"Origin": origin})
        reply = ask(server, "POST", "/v1/classify", json=TEXT, headers=key() | {"Origin": origin})
        assert (before.status_code == 200) == (allowed is not None)
        assert before.headers.get("access-control-allow-origin") == allowed
        assert reply.headers.get("access-control-allow-origin") == allowed


def test_without_the_setting_no_page_of_another_origin_may(web):
    reply = web.post("/v1/classify", json=TEXT, headers={"Origin": ORIGIN})
    assert "access-control-allow-origin" not in reply.headers


def test_a_batch_by_kserve_s_protocol_is_the_batch(web):
    texts = ["小区电梯困人两次", "", "健身房关门跑路，年卡不退钱"]
    tensor = {"name": "text", "shape": [3], "datatype": "BYTES", "data": texts}
    reply = web.post("/v2/models/tousu/infer", json={"id": "7", "inputs": [tensor]})
    assert reply.status_code == 200, reply.text
    body = reply.json()
    columns = {output["name"]: output["data"] for output in body["outputs"]}
    ours = web.post("/v1/classify/batch", json={"items": [{"id": "x", "text": text} for text in texts]}).json()
    assert (body["id"], body["model_name"], body["model_version"]) == ("7", "tousu", ours["model"])
    assert columns["primary"] == [item.get("primary", "") for item in ours["items"]]
    assert [json.loads(told) for told in (columns["probabilities"][0], columns["codes"][2])] == [
        ours["items"][0]["probabilities"], ours["items"][2]["codes"],
    ]  # fmt: skip
    assert "不能为空" in columns["error"][1]
    described = web.get("/v2/models/tousu").json()
    assert [output["name"] for output in described["outputs"]] == list(columns)
    assert web.get("/v2/models/tousu/ready").json() == {"ready": True}
    wrong = web.post("/v2/models/tousu/infer", json={"inputs": [tensor | {"datatype": "FP32"}]})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "inputs.0.datatype")


def test_a_killed_worker_is_counted_no_longer(serve):
    with serve(workers=2) as server:
        model = ask(server, "GET", "/v1/model").json()["version"]
        series = f'tousu_model_workers{{version="{model}"}}'
        _, *others = server.pids()
        workers = [pid for pid in others if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGKILL)
        counts = set()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                counts.add(value(ask(server, "GET", "/metrics").text, series))
            except (OSError, httpx.TransportError):  # the worker that was to answer is the one killed
                continue
            if len(server.pids()) > 3 and max(counts) == 2.0 and 1.0 in counts:
                break
            time.sleep(0.1)
        time.sleep(1)
        assert value(ask(server, "GET", "/metrics").text, series) <= 2.0
        assert max(counts) <= 2.0


def test_readiness_tells_of_the_disk(web, tmp_path, monkeypatch):
    assert web.get("/readyz").json()["disk"] == "ok"
    assert disk.disk_state(tmp_path / "not" / "yet") == "ok"
    monkeypatch.setattr(disk, "LEAST_FREE", 2**60)
    assert "快满了" in disk.disk_state(tmp_path)


def test_backup_and_restore_are_commands(service, tmp_path):
    done = command(service, "backup", str(tmp_path / "copy"), "--json")
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)["rows"]) >= {
        "api_keys",
        "corrections",
        "activations",
        "audit",
        "cases",
        "answers",
    }
    again = command(service, "restore", str(tmp_path / "copy"))
    assert again.returncode == 1
    assert "先停止服务" in again.stderr


class Collector(BaseHTTPRequestHandler):
    """What takes traces in."""

    got: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_traces_go_to_the_collector_and_hold_no_text(serve):
    pytest.importorskip("opentelemetry.sdk")
    trace = "0af7651916cd43dd8448eb211c80319c"
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{collector.server_address[1]}/v1/traces"
        with serve(traces_endpoint=address) as server:
            headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
            for body in (TEXT, TEXT | {"odd": "物业的秘密"}, {"text": 1}):
                ask(server, "POST", "/v1/classify", json=body, headers=headers)
            ask(server, "POST", "/v1/corrections", json=TEXT | {"codes": ["elevator"], "by": "01"}, headers=headers)
        collector.shutdown()
    told = b"".join(Collector.got)
    assert bytes.fromhex(trace) in told
    assert b"/v1/classify" in told
    assert b"/v1/corrections" in told
    assert TEXT["text"].encode() not in told
    assert "物业的秘密".encode() not in told
