"""Corrections through a real server, on both databases: kept once, one's own, exported as training takes them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.harness.postgres import Postgres
from tests.harness.server import ROOT, Server
from tousu import Client, ServiceError
from tousu.taxonomy import load_taxonomy
from tousu_training.corpus import read_rows

TEXT = "我电话13812345678，小区电梯困人，物业一直不修"


class Site:
    """A running server with a client per scope."""

    def __init__(self, server: Server) -> None:
        self.server, self.url = server, f"http://127.0.0.1:{server.port}"
        self.keys = {
            "intake": self.command(
                "keys", "add", "受理系统", "--scope", "classify", "--scope", "correct"
            ).stdout.strip(),
            "other": self.command("keys", "add", "另一系统", "--scope", "correct").stdout.strip(),
            "reader": self.command("keys", "add", "只打标签").stdout.strip(),
            "admin": self.command("keys", "add", "管理", "--scope", "correct", "--scope", "admin").stdout.strip(),
        }

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command with the server's settings."""
        command = [sys.executable, "-m", "tousu", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.server.env, capture_output=True, text=True, check=True)

    def client(self, who: str) -> Client:
        """Return a client with somebody's key, that does not try again."""
        return Client(self.url, self.keys[who], retries=0)

    def get(self, path: str, who: str = "admin", **params: str) -> httpx.Response:
        """GET with somebody's key."""
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        return httpx.get(self.url + path, headers=headers, params=params, timeout=10, trust_env=False)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(request, small_model):
    # Not below pytest's own root: another pytest starting meanwhile takes its rights from PostgreSQL's user.
    with tempfile.TemporaryDirectory() as home:
        yield from served(Path(home), request.param, small_model)


def served(home, kind, small_model):
    """Yield a running service on a store of the given kind."""
    database = Postgres(home / "data") if kind == "postgresql" else None
    settings = {"database_url": database.database("tousu_e2e")} if database else {}
    server = Server(home, model=small_model, **settings)
    made = Site(server)
    server.start()
    yield made
    server.stop()
    if database:
        database.stop()


def refused(call, *arguments, **options):
    """Return status and message of a refused call."""
    with pytest.raises(ServiceError) as caught:
        call(*arguments, **options)
    return caught.value.status, str(caught.value)


def test_the_same_correction_again_is_the_same_answer(site):
    with site.client("intake") as client:
        sent = {"text": TEXT, "text_id": "GD1", "codes": ["elevator"], "by": "科员3", "idempotency_key": "same"}
        first = client.correct(**sent)
        assert client.correct(**sent) == first
        assert (first.text, first.masked) == (TEXT.replace("13812345678", "00000000000"), True)
        assert first.at.endswith("+08:00")
        status, message = refused(client.correct, **(sent | {"codes": ["pricing"]}))
        assert (status, "Idempotency-Key" in message) == (409, True)


def test_eight_at_once_with_one_key_are_one(site):
    def send(_):
        with site.client("intake") as client:
            return client.correct(text="同时", codes=["elevator"], by="科员3", idempotency_key="at-once").id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(send, range(24)))) == 1


def test_a_text_id_is_enough_once_the_text_is_known(site):
    with site.client("intake") as client:
        status, message = refused(client.correct, text_id="GD2", codes=["elevator"], by="科员3")
        assert (status, "text" in message) == (422, True)
        client.correct(text="扶梯夹脚", text_id="GD2", codes=["elevator"], by="科员3")
        assert client.correct(text_id="GD2", codes=["pricing"], by="科员4").text == "扶梯夹脚"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"codes": ["nope"]}, "codes"),
        ({"codes": []}, "codes"),
        ({"codes": ["\ud800"]}, "codes"),
        ({"text": " \n"}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"text": "\udc00"}, "text"),
        ({"online": "yes"}, "online"),
        ({"text": None}, "text"),
        ({"by": ""}, "by"),
        ({"by": "a\0b"}, "by"),
        ({"text_id": "x" * 201}, "text_id"),
        ({"idempotency_key": "空 格"}, "dempotency"),
    ],
)
def test_what_is_wrong_is_named(site, change, field):
    body = {"text": "电梯", "codes": ["elevator"], "by": "科员3"} | change
    key = body.pop("idempotency_key", "fine")
    headers = {b"Authorization": f"Bearer {site.keys['intake']}".encode(), b"Idempotency-Key": key.encode()}
    headers[b"Content-Type"] = b"application/json"
    url = f"{site.url}/v1/corrections"
    reply = httpx.post(url, content=json.dumps(body), headers=headers, timeout=10, trust_env=False)
    assert reply.status_code == 422
    assert field in reply.text


def test_everybody_sees_their_own_and_an_administrator_all(site):
    for who in ("intake", "other"):
        with site.client(who) as client:
            client.correct(text=f"{who}的一条", codes=["pricing"], by="科员3")
    texts = {
        who: [item["text"] for item in site.get("/v1/corrections", who).json()["items"]]
        for who in site.keys
        if who != "reader"
    }
    assert texts["other"] == ["other的一条"]
    assert "other的一条" not in texts["intake"]
    assert {"intake的一条", "other的一条"} <= set(texts["admin"])


def test_scopes_keys_and_the_audit(site):
    with site.client("reader") as client:
        assert refused(client.correct, text="电梯", codes=["elevator"], by="科员3")[0] == 403
    with Client(site.url, "tousu_0000000000_wrong", retries=0) as client:
        assert refused(client.correct, text="电梯", codes=["elevator"], by="科员3")[0] == 401
    assert site.get("/v1/audit", "intake").status_code == 403
    key = site.command("keys", "add", "短命", "--scope", "correct").stdout.strip()
    with Client(site.url, key, retries=0) as client:
        client.correct(text="还能用", codes=["elevator"], by="科员3")
        site.command("keys", "revoke", key.split("_")[1])
        time.sleep(1.1)
        assert refused(client.correct, text="不能用", codes=["elevator"], by="科员3")[0] == 401
    lines = site.get("/v1/audit", limit="1000").json()["items"]
    assert {"key_added", "key_revoked", "key_refused"} <= {line["action"] for line in lines}
    assert {"scope", "unknown", "revoked"} <= {line["detail"].get("reason") for line in lines}
    assert not any(key.rsplit("_", 1)[1] in json.dumps(line) for line in lines)


def test_an_export_trains_and_the_next_one_goes_on_from_it(site, tmp_path):
    with site.client("other") as client:
        for codes in (["advertising"], ["pricing", "advertising"]):
            client.correct(text="广告说最低价，结账却贵", text_id="GD9", codes=codes, online=True, by="科员3")
    reply = site.get("/v1/corrections/export", "other")
    file = tmp_path / "rows.jsonl"
    file.write_bytes(reply.content)
    rows = read_rows([file], codes=load_taxonomy().codes)
    assert len(rows) == int(reply.headers["Tousu-Rows"])
    assert [(row.codes, row.online) for row in rows if row.text.startswith("广告")] == [
        (("pricing", "advertising"), True)
    ]
    again = site.get("/v1/corrections/export", "other", since=reply.headers["Tousu-Until"])
    assert again.content == b""
    with site.client("other") as client:
        assert [row["text"] for row in client.export()] == [row.text for row in rows]
    exports = [
        line for line in site.get("/v1/audit", limit="1000").json()["items"] if line["action"] == "corrections_exported"
    ]
    assert exports[0]["detail"]["rows"] == len(rows)


def test_no_text_in_the_log(site):
    log = Path(site.server.log).read_text("utf-8")
    assert "电梯困人" not in log
    assert "13812345678" not in log
