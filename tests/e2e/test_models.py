"""Models changed on a running server: at once, without a failed request, and truthfully told afterwards."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import httpx
import pytest

from tests.chaos.switch import damage, variant
from tests.e2e.conftest import command
from tests.harness.server import Server


@pytest.fixture
def server(tmp_path, small_model):
    """A server with three models in its models directory, of which ``broken`` is."""
    for release in ("one", "two", "broken"):
        variant(small_model, tmp_path / "models", release, 0.1)
    damage(tmp_path / "models" / "broken" / "arrays.npz")
    made = Server(tmp_path)
    assert manage(made, "activate", str(tmp_path / "models" / "one"), "--why", "先用着").returncode == 0
    scopes = ("--scope", "classify", "--scope", "admin")
    made.key = command(made, "keys", "add", "管理", *scopes).stdout.strip()
    made.start()
    yield made
    made.stop()


def call(server, method, path, **options):
    headers = {"Authorization": f"Bearer {server.key}"}
    url = f"http://127.0.0.1:{server.port}{path}"
    return httpx.request(method, url, headers=headers, timeout=10, trust_env=False, **options)


def manage(server, *arguments):
    return command(server, "models", *arguments)


def live(server, release):
    """Return the version that answers, once it is of a release."""
    for _ in range(40):
        version = call(server, "POST", "/v1/classify", json={"text": "电梯困人"}).json()["model"]
        if version.startswith(f"{release}-"):
            return version
        time.sleep(0.1)
    raise AssertionError(f"{version} is still live")


def test_activate_roll_back_and_look_back(server):
    begun = call(server, "GET", "/v1/models").json()["history"]
    assert [entry["kind"] for entry in begun] == ["activate"]
    for release in ("two", "one", "two"):
        reply = call(server, "POST", "/v1/models/activate", json={"model": release, "why": "试用"})
        assert reply.status_code == 200, reply.text
        assert live(server, release) == reply.json()["version"]
    assert call(server, "POST", "/v1/models/rollback", json={"why": "不好"}).json()["version"] == live(server, "one")
    found = call(server, "GET", "/v1/models").json()
    assert [model["name"] for model in found["models"] if model["live"]] == ["one"]
    assert [entry["kind"] for entry in found["history"]] == ["rollback", "activate", "activate", "activate", "activate"]
    for entry in found["history"]:
        assert call(server, "GET", "/v1/models/at", params={"time": entry["at"]}).json() == entry
    assert call(server, "GET", "/v1/models/at", params={"time": "2020-01-01"}).status_code == 404


def test_what_cannot_be_used_is_refused_and_named(server):
    before = call(server, "GET", "/v1/models").json()["history"]
    for name in ("broken", "none", "../one", "/etc"):
        reply = call(server, "POST", "/v1/models/activate", json={"model": name, "why": "试用"})
        assert 400 <= reply.status_code < 500, reply.text
        assert name.split("/")[-1] in reply.text
    assert call(server, "GET", "/v1/models").json()["history"] == before


def test_the_commands_say_the_same(server):
    models = server.home / "models"
    done = manage(server, "activate", str(models / "two"), "--why", "试用")
    assert "two-" in done.stdout, done.stderr
    live(server, "two")
    refused = manage(server, "activate", str(models / "broken"))
    assert refused.returncode == 1
    assert str(models / "broken" / "arrays.npz") in refused.stderr
    assert "two-" in manage(server, "list").stdout
    assert "two-" in manage(server, "at", datetime.now(UTC).isoformat()).stdout
    assert manage(server, "at", "2099-01-01").returncode == 1  # nobody knows yet
    assert manage(server, "rollback").returncode == 0
    assert manage(server, "at", "昨天").returncode == 1


def test_a_start_with_a_broken_model_serves_the_last_good_one_and_says_so(server):
    call(server, "POST", "/v1/models/activate", json={"model": "two", "why": "试用"})
    server.stop()
    damage(server.home / "models" / "two" / "arrays.npz")
    server.start()
    live(server, "one")
    assert str(server.home / "models" / "two" / "arrays.npz") in call(server, "GET", "/readyz").text
    assert "two" in server.log.read_text("utf-8")
    assert call(server, "GET", "/v1/models").json()["history"][0]["kind"] == "fallback"
