"""Who may come in: the refusal to start open, keys, scopes, rates, and the audit of refusals."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.conftest import ask, command, new_key
from tests.harness.server import ROOT, ChaosError, Server, Wire

TEXT = {"text": "电梯困人"}


def bearer(key: str) -> dict[bytes, bytes]:
    return {b"Authorization": f"Bearer {key}".encode("latin-1")}


def audit_lines(server: Server) -> list[tuple[str, str]]:
    with sqlite3.connect(server.home / "tousu.db") as db:
        return db.execute("select action, detail from audit order by seq").fetchall()


@pytest.fixture
def locked(serve):
    """A server with a key for each scope."""
    with serve() as server:
        keys = {scope: new_key(server, scope) for scope in ("classify", "correct", "admin")}
        for _ in range(50):
            if ask(server, "POST", "/v1/classify", json=TEXT).status_code == 401:
                break
            time.sleep(0.1)
        yield server, keys


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_no_start_on_a_reachable_address_without_a_key(tmp_path, host):
    server = Server(tmp_path)
    start = [sys.executable, "-m", "tousu", "serve", "--host", host, "--port", str(server.port)]
    done = subprocess.run(start, cwd=ROOT, env=server.env, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "拒绝启动" in done.stderr
    assert "tousu keys add" in done.stderr
    new_key(server, "classify")
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(start, cwd=ROOT, env=server.env, capture_output=True, timeout=4, check=False)


def test_on_the_loopback_it_is_open_until_the_first_key_and_never_for_administration(serve):
    with serve() as server:
        assert ask(server, "POST", "/v1/classify", json=TEXT).status_code == 200
        refused = ask(server, "GET", "/v1/models")
        assert (refused.status_code, refused.json()["error"]) == (403, "scope_missing")
        key = new_key(server, "classify")
        for _ in range(50):
            if ask(server, "POST", "/v1/classify", json=TEXT).status_code == 401:
                break
            time.sleep(0.1)
        else:
            raise AssertionError("still open")
        assert ask(server, "POST", "/v1/classify", json=TEXT, headers=bearer(key)).status_code == 200
        command(server, "keys", "revoke", key.split("_")[1])
        # Revoking the last key does not open the door again.
        assert ask(server, "POST", "/v1/classify", json=TEXT).status_code == 401


def test_missing_wrong_and_revoked_keys(locked):
    server, keys = locked
    key = keys["classify"]
    other = key[:-1] + ("a" if key[-1] != "a" else "b")
    for headers in ({}, bearer(other), bearer("tousu_x_y"), bearer("tousu_é_é"), bearer("?"),
                    {"Authorization": f"Basic {key}"}, bearer(key + "é")):  # fmt: skip
        reply = ask(server, "POST", "/v1/classify", json=TEXT, headers=headers)
        assert (reply.status_code, reply.json()["error"]) == (401, "key_refused")
        assert reply.headers["www-authenticate"] == "Bearer"
    sound = [("X-API-Key", key)]
    proxied = ("Authorization", "Basic dXNlcjpwYXNz")
    for pairs in (sound, [proxied, *sound], [*sound, proxied], [*bearer(key).items(), (b"X-API-Key", b"tousu_x_y")]):
        assert ask(server, "POST", "/v1/classify", json=TEXT, headers=pairs).status_code == 200, pairs
    done, again = (command(server, "keys", "revoke", key.split("_")[1]) for _ in range(2))
    assert (done.returncode, again.returncode) == (0, 0)
    assert done.stdout.startswith("已吊销密钥")
    assert "早已吊销" in again.stdout
    statuses = [ask(server, "POST", "/v1/classify", json=TEXT, headers=bearer(key)).status_code for _ in range(200)]
    assert statuses[-1] == 401
    reasons = "".join(detail for action, detail in audit_lines(server) if action == "key_refused")
    for reason in ("missing", "wrong_secret", "unknown", "malformed", "revoked"):
        assert reason in reasons
    assert key.split("_")[2] not in reasons


def test_each_key_does_what_it_is_for_and_nothing_else(locked):
    server, keys = locked
    calls = {
        "classify": ("POST", "/v1/classify", TEXT), "correct": ("GET", "/v1/corrections", None),
        "admin": ("GET", "/v1/audit", None),
    }  # fmt: skip
    for scope, key in keys.items():
        for wanted, (method, path, body) in calls.items():
            reply = ask(server, method, path, json=body, headers=bearer(key))
            assert reply.status_code == (200 if scope == wanted else 403), (scope, wanted, reply.text)
    assert any('"scope"' in detail for _, detail in audit_lines(server))


def test_health_and_pages_need_no_key_and_metrics_do(locked):
    server, keys = locked
    for path in ("/healthz", "/readyz", "/docs", "/openapi.json"):
        assert ask(server, "GET", path).status_code == 200
    assert ask(server, "GET", "/metrics").status_code == 401
    assert ask(server, "GET", "/metrics", headers=bearer(keys["classify"])).status_code == 200


def test_the_rate_holds_for_each_key_over_all_workers(serve):
    with serve(workers=2, rate_per_second="1", rate_burst="40") as server:
        fast, calm = new_key(server, "classify"), new_key(server, "classify")

        def call(_: int) -> list[int]:
            with Wire(server.port) as wire:
                head = {"Authorization": f"Bearer {fast}"}
                return [wire.post("/v1/classify", TEXT, head)[0] for _ in range(50)]

        with ThreadPoolExecutor(4) as pool:
            statuses = [status for part in pool.map(call, range(4)) for status in part]
        assert set(statuses) == {200, 429}
        assert 40 <= statuses.count(200) < 140
        refused = ask(server, "POST", "/v1/classify", json=TEXT, headers=bearer(fast))
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert ask(server, "POST", "/v1/classify", json=TEXT, headers=bearer(calm)).status_code == 200


def test_a_taken_port_is_told_in_chinese(service):
    start = [sys.executable, "-m", "tousu", "serve", "--port", str(service.port)]
    done = subprocess.run(start, cwd=ROOT, env=service.env, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert f"不能监听 127.0.0.1:{service.port}" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("max_text_chars", "电话", "应为整数"),
        ("prot", "1", "TOUSU_PORT"),
        ("keep_alive_seconds", "0", "不小于 1"),
        ("log_requests", "也许", "true 或 false"),
    ],
)
def test_wrong_settings_are_named(tmp_path, name, value, says):
    server = Server(tmp_path, **{name: value})
    with pytest.raises(ChaosError) as told:
        server.start()
    assert f"TOUSU_{name.upper()}" in str(told.value)
    assert says in str(told.value)


def test_a_port_that_several_workers_share_is_not_shared_with_others(serve):
    with serve(workers=2) as server:
        start = [sys.executable, "-m", "tousu", "serve", "--port", str(server.port), "--workers", "2"]
        done = subprocess.run(start, cwd=ROOT, env=server.env, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 1
        assert f"不能监听 127.0.0.1:{server.port}" in done.stderr
        assert ask(server, "GET", "/readyz").status_code == 200
