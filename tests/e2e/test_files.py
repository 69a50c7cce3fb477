"""Files handed in over HTTP: tagged in the background, once, through kills, cancels and bad input."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import httpx
import openpyxl
import pytest

from tests.e2e.conftest import new_key
from tousu import AsyncClient, Client, ServiceError
from tousu.client import files as client_files
from tousu_service.jobs import webhook

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "sixteen letters or more"
TEXTS = ("小区电梯困人，物业一直不修", "超市买的面包发霉了，要求退款赔偿", "健身房办了年卡，老板跑路，联系不上")


def table(rows: int, *, text: str = "") -> bytes:
    """Return a CSV file with so many complaints and a row without one."""
    lines = [f"{n},{text or TEXTS[n % 3]}第{n}次" for n in range(rows)]
    return "\n".join(["编号,投诉内容", *lines, "空,", ""]).encode()


def web(server, key=None):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    address = f"http://127.0.0.1:{server.port}"
    return httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=30)


def ended(client, job, *, seconds=120):
    """Return a job when it has ended."""
    until = time.monotonic() + seconds
    while job["state"] in ("queued", "running"):
        assert time.monotonic() < until, job
        time.sleep(0.1)
        job = client.get(f"/v1/jobs/{job['id']}").json()
    return job


def written(place: Path) -> int:
    """Return how many bytes of a job's results there are."""
    total = 0
    for path in place.iterdir():
        with suppress(FileNotFoundError):
            total += path.stat().st_size if not path.name.startswith("original") else 0
    return total


@contextmanager
def receiver():
    """A webhook's receiver on the loopback; refuses its first call."""
    calls = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            calls.append((self.path, dict(self.headers), body))
            self.send_response(503 if len(calls) == 1 else 204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, calls
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def hook():
    with receiver() as found:
        yield found


@pytest.fixture(scope="module")
def server(home, hook):
    from tests.e2e.conftest import running

    settings = {
        "state_dir": str(home / "state"), "max_file_bytes": "3000000", "max_open_jobs": "4",
        "webhook_hosts": f"127.0.0.1:{hook[0]}", "webhook_secret": SECRET,
    }  # fmt: skip
    with running(home, workers=2, **settings) as made:
        made.key, made.other = new_key(made, "classify"), new_key(made, "classify")
        made.admin = new_key(made, "classify", "admin")
        yield made


def test_a_table_comes_back_tagged_with_its_rejects_and_the_system_is_told(server, home, hook):
    port, calls = hook
    with web(server, server.key) as client:
        form = {"text_column": "投诉内容", "columns": "zh", "webhook": f"http://127.0.0.1:{port}/done?x=1"}
        answer = client.post("/v1/files", files={"file": ("四月 台账.csv", table(30))}, data=form)
        assert answer.status_code == 202, answer.text
        job = answer.json()
        assert answer.headers["Location"] == f"/v1/jobs/{job['id']}"
        job = ended(client, job)
        assert (job["state"], job["progress"], job["rows"], job["name"]) == ("done", 1.0, 31, "四月 台账.csv")
        outcome = job["outcome"]
        assert (outcome["tagged"], outcome["rejects"]) == (30, 1)
        result = client.get(outcome["result"])
        assert (
            "filename*=UTF-8''%E5%9B%9B%E6%9C%88%20%E5%8F%B0%E8%B4%A6-tousu.csv"
            in result.headers["Content-Disposition"]
        )
        lines = result.text.splitlines()
        assert len(lines) == 32
        assert "领域" in lines[0]
        assert ",elevator," in lines[1] or "电梯" in lines[1]
        assert client.get(outcome["rejects_list"]).json()["code"] == "no_text"
        place = home / "state" / "files" / job["id"]
        assert {oct(path.stat().st_mode & 0o777) for path in place.iterdir()} == {"0o600"}
        assert place.stat().st_mode & 0o077 == 0
        assert (place / "original.csv").read_bytes() == table(30)
        # told at last, though the first call was refused
        until = time.monotonic() + 30
        while client.get(f"/v1/jobs/{job['id']}").json()["webhook"] != "delivered":
            assert time.monotonic() < until
            time.sleep(0.2)
    assert [path for path, _, _ in calls] == ["/done?x=1"] * 2
    _, headers, body = calls[-1]
    moment, signed = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers["Tousu-Signature"]).groups()
    wanted = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    assert signed == wanted
    told = json.loads(body)
    assert (told["event"], told["job"]["id"], told["job"]["state"]) == ("job.done", job["id"], "done")


def test_a_workbook_comes_back_as_itself(server):
    book, made = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["编号", "投诉内容"])
    for number, text in enumerate(TEXTS):
        book.active.append([number, text])
    book.save(made)
    with web(server, server.key) as client:
        job = ended(client, client.post("/v1/files", files={"file": ("a.xlsx", made.getvalue())}).json())
        assert job["state"] == "done", job
        back = openpyxl.load_workbook(io.BytesIO(client.get(f"/v1/jobs/{job['id']}/result").content))
        assert back.active["B2"].value == TEXTS[0]
        assert back.active["C1"].value
        assert client.get(f"/v1/jobs/{job['id']}/rejects").status_code == 404


def test_a_file_that_cannot_be_tagged_says_why(server):
    with web(server, server.key) as client:
        job = ended(client, client.post("/v1/files", files={"file": ("a.xlsx", b"PK no workbook")}).json())
        assert job["state"] == "failed"
        assert job["error"]["message"]
        gone = client.get(f"/v1/jobs/{job['id']}/result")
        assert (gone.status_code, gone.json()["error"]) == (404, "not_found")


def test_bad_requests_are_refused_by_name(server, home):
    cases = [
        ({"files": {"file": ("a.docx", b"x")}}, 422, "format_unknown"),
        ({"files": {"file": ("a.csv", b"")}}, 422, "validation_failed"),
        ({"files": {"file": ("", b"x")}}, 422, "validation_failed"),
        ({"files": {"other": ("a.csv", b"x")}}, 422, "validation_failed"),
        ({"files": {"file": ("a.csv", b"x")}, "data": {"text_colunm": "x"}}, 422, "validation_failed"),
        ({"files": {"file": ("a.csv", b"x")}, "data": {"no_header": "perhaps"}}, 422, "validation_failed"),
        ({"files": {"file": ("a.csv", b"x")}, "data": {"columns": "fr"}}, 422, "validation_failed"),
        ({"files": {"file": ("a.csv", b"x")}, "data": {"webhook": "http://elsewhere.invalid/"}}, 400, "form_invalid"),
        ({"files": {"file": ("a.csv", b"x")}, "data": {"webhook": "file:///etc/passwd"}}, 400, "form_invalid"),
        ({"files": {"file": ("a.csv", b"x" * 3_000_001)}}, 413, "body_too_large"),
        ({"json": {}}, 415, "media_type_unsupported"),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400, "form_invalid"),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=a"}}, 400, "form_invalid"),
    ]
    with web(server, server.key) as client:
        for options, status, code in cases:
            answer = client.post("/v1/files", **options)
            assert (answer.status_code, answer.json()["error"]) == (status, code), (options, answer.text)
        for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/result"), ("GET", "/rejects")):
            assert client.request(method, f"/v1/jobs/job_none{path}").status_code == 404
    with web(server) as client:
        assert client.post("/v1/files", files={"file": ("a.csv", b"x")}).status_code == 401
    assert list((home / "state" / "files" / ".incoming").iterdir()) == []


def test_a_full_disk_is_no_fault_of_the_file_s(server, home):
    """No process of the server may write a file as large as the one handed in."""
    before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in server.pids()}
    with web(server, server.key) as client:
        try:
            for pid, (_, hard) in before.items():
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (2_500_000, hard))
            answer = client.post("/v1/files", files={"file": ("a.csv", b"x" * 2_900_000)})
        finally:
            for pid, limits in before.items():
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
        assert (answer.status_code, answer.json()["error"]) == (503, "store_unavailable")
        assert answer.headers["Retry-After"]
    assert list((home / "state" / "files" / ".incoming").iterdir()) == []


def test_a_file_that_changes_while_it_is_sent_is_sent_as_announced(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(table(5))
    options = {"text_columns": (), "no_header": False, "columns": None, "encoding": None, "evidence": True}
    call = client_files.tag_file(path, webhook=None, idempotency_key=None, **options)
    path.write_bytes(table(9))
    assert sum(map(len, call.pieces())) == int(call.headers["Content-Length"])
    path.write_bytes(table(1))
    with pytest.raises(ServiceError, match="变短"):
        list(call.pieces())
    with pytest.raises(ServiceError, match="读不了"):
        client_files.tag_file(tmp_path, webhook=None, idempotency_key=None, **options)


def test_jobs_are_their_client_s_and_a_retry_is_the_same_job(server):
    once = {"files": {"file": ("a.csv", table(3))}, "headers": {"Idempotency-Key": "once"}}
    with web(server, server.key) as client, web(server, server.other) as other, web(server, server.admin) as admin:
        first, again = client.post("/v1/files", **once), client.post("/v1/files", **once)
        job = first.json()
        assert again.json()["id"] == job["id"]
        assert again.headers["Idempotent-Replayed"] == "true"
        once["files"] = {"file": ("a.csv", table(4))}
        assert client.post("/v1/files", **once).status_code == 409
        assert other.get(f"/v1/jobs/{job['id']}").status_code == 404
        assert other.delete(f"/v1/jobs/{job['id']}").status_code == 404
        assert admin.get(f"/v1/jobs/{job['id']}").status_code == 200
        ended(client, job)
        page = client.get("/v1/jobs?limit=1").json()
        assert len(page["items"]) == 1
        older = client.get("/v1/jobs", params={"before": page["next"]}).json()
        assert page["items"][0]["id"] not in {item["id"] for item in older["items"]}
        lines = admin.get("/v1/audit?limit=1000").json()["items"]
        assert {"job_created", "job_ended", "job_downloaded"} <= {line["action"] for line in lines}


def test_cancelling_a_running_job_leaves_nothing_half_made(server, home):
    with web(server, server.key) as client:
        job = client.post("/v1/files", files={"file": ("a.csv", table(40_000))}).json()
        until = time.monotonic() + 60
        while client.get(f"/v1/jobs/{job['id']}").json()["state"] == "queued":
            assert time.monotonic() < until
            time.sleep(0.02)
        assert client.get(f"/v1/jobs/{job['id']}/result").status_code in (409, 200)
        stopped = ended(client, client.delete(f"/v1/jobs/{job['id']}").json())
        assert stopped["state"] in ("cancelled", "done")
        left = {path.name for path in (home / "state" / "files" / job["id"]).iterdir()}
        assert stopped["state"] == "done" or left == {"original.csv"}


def test_a_killed_worker_s_job_is_taken_up_again_and_no_row_is_there_twice(server, home):
    """The worker is killed in the middle of the work, again and again; the result is that of a run nobody disturbed."""
    content = table(40_000)
    with web(server, server.key) as client:
        job = client.post("/v1/files", files={"file": ("a.csv", content)}).json()
        kills, until = 0, time.monotonic() + 120
        place = home / "state" / "files" / job["id"]
        while kills < 2:
            assert time.monotonic() < until
            if client.get(f"/v1/jobs/{job['id']}").json()["state"] == "done":
                break  # quicker than we are
            if written(place) > 100_000:  # how far it is is told once a second, and it may take no longer
                for pid in server.job_workers():
                    os.kill(pid, signal.SIGKILL)
                    kills += 1
                time.sleep(0.2)
            time.sleep(0.01)
        job = ended(client, job)
        assert job["state"] == "done", job
        lines = client.get(f"/v1/jobs/{job['id']}/result").text.splitlines()
    numbers = [line.partition(",")[0] for line in lines[1:]]
    assert numbers == [*map(str, range(40_000)), "空"]
    assert kills


def test_the_whole_service_is_killed_and_goes_on_with_the_job_when_it_is_back(serve, tmp_path):
    with serve(state_dir=str(tmp_path / "state")) as server:
        with web(server) as client:
            job = client.post("/v1/files", files={"file": ("a.csv", table(30_000))}).json()
            until = time.monotonic() + 60
            while not client.get(f"/v1/jobs/{job['id']}").json()["rows"]:
                assert time.monotonic() < until
                time.sleep(0.02)
        server.kill()
        server.start()
        with web(server) as client:
            job = ended(client, client.get(f"/v1/jobs/{job['id']}").json())
            assert (job["state"], job["rows"]) == ("done", 30_001)
            lines = client.get(f"/v1/jobs/{job['id']}/result").text.splitlines()
    assert len(lines) == len({line.partition(",")[0] for line in lines}) == 30_002


@pytest.mark.parametrize("asynchronous", [False, True])
def test_the_clients_hand_in_wait_and_fetch(server, tmp_path, asynchronous):
    path = tmp_path / "台账 “甲”.csv"
    path.write_bytes(table(5))
    address = f"http://127.0.0.1:{server.port}"
    if asynchronous:

        async def run():
            async with AsyncClient(address, server.key) as client:
                job = await client.tag_file(path, text_columns=["投诉内容"], columns="zh", evidence=False)
                job = await client.wait_for(job.id, seconds=60)
                await client.save_result(job.id, tmp_path / "out.csv")
                await client.save_result(job.id, tmp_path / "rejects.jsonl", rejects=True)
                with pytest.raises(ServiceError):
                    await client.job("job_none")
                return job, await client.cancel_job(job.id)

        job, again = asyncio.run(run())
    else:
        with Client(address, server.key) as client:
            job = client.tag_file(path, text_columns=["投诉内容"], columns="zh", evidence=False)
            job = client.wait_for(job.id, seconds=60)
            client.save_result(job.id, tmp_path / "out.csv")
            client.save_result(job.id, tmp_path / "rejects.jsonl", rejects=True)
            with pytest.raises(ServiceError):
                client.job("../models")
            with pytest.raises(ServiceError, match="读不了"):
                client.tag_file(tmp_path / "none.csv")
            again = client.cancel_job(job.id)
    assert (job.state, job.name, job.outcome.tagged, again.state) == ("done", path.name, 5, "done")
    assert len((tmp_path / "out.csv").read_text("utf-8").splitlines()) == 7
    assert json.loads((tmp_path / "rejects.jsonl").read_bytes())["row"] == 6


def test_the_samples_of_the_page_run(server, tmp_path, root, hook):
    page = (root / "docs" / "files-api.md").read_text("utf-8")
    sample, check = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "台账.csv").write_bytes(table(4))
    address = f'"http://127.0.0.1:{server.port}", "{server.key}"'
    (tmp_path / "sample.py").write_text(sample.replace('"http://127.0.0.1:8000"', address), "utf-8")
    env = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "sample.py"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True, timeout=100
    )
    assert done.stdout.startswith("done ")
    assert len((tmp_path / "台账-标好.csv").read_text("utf-8").splitlines()) == 6
    receiver = {}
    exec(check, receiver)
    body, now = b'{"event": "job.done"}', int(time.time())
    assert receiver["genuine"](SECRET, webhook.signature(SECRET, body, seconds=now), body)
    assert not receiver["genuine"](SECRET, webhook.signature(SECRET, body, seconds=now - 3600), body)
    assert not receiver["genuine"]("another secret than that", webhook.signature(SECRET, body, seconds=now), body)
    for command in re.findall(r"curl -s (\S+) -F file=@台账.csv (.*)", page):
        options = [command[0].replace(":8000", f":{server.port}"), "-F", "file=@台账.csv", *command[1].split()]
        header = ["-H", f"Authorization: Bearer {server.key}", "--noproxy", "*"]
        told = subprocess.run(["curl", "-s", *header, *options], cwd=tmp_path, capture_output=True, check=True)
        assert json.loads(told.stdout)["state"] == "queued"
