"""A real nginx before the service, with deploy/nginx.conf as it is shipped."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import threading
import time

import httpx
import pytest

from tests.e2e.conftest import new_key, running
from tests.harness.server import ROOT, free_port

MAIN = """
worker_processes 1; daemon off; pid {home}/nginx.pid; error_log stderr; {user}
events {{ worker_connections 256; }}
http {{
    access_log off; client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f;
    uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
    server {{ listen 127.0.0.1:{port}; include {home}/tousu.conf; }}
}}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """nginx on a port of its own before a service that asks for keys; and a client with one, through nginx."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if nginx is None:
        pytest.skip("nginx is not here")
    home, port = tmp_path_factory.mktemp("nginx"), free_port()
    with running(home, root_path="/tousu") as server:
        key = new_key(server, "classify", "correct", "admin")
        told = (ROOT / "deploy" / "nginx.conf").read_text("utf-8").replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
        (home / "tousu.conf").write_text(told, "utf-8")
        user = "user root;" if (home.owner() == "root") else ""
        (home / "nginx.conf").write_text(MAIN.format(home=home, port=port, user=user), "utf-8")
        process = subprocess.Popen([nginx, "-c", str(home / "nginx.conf"), "-p", str(home)], stderr=subprocess.PIPE)
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False, timeout=60) as client:
            for _ in range(100):
                try:
                    if client.get("/tousu/v1/model").status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                time.sleep(0.1)
            yield client
        process.terminate()
        process.wait(10)
        assert process.stderr is not None
        process.stderr.close()


def test_the_page_and_all_it_needs_come_through(site):
    first = site.get("/tousu")
    assert first.headers["location"] == f"{site.base_url}/tousu/".replace("//tousu", "/tousu")
    page = site.get("/tousu/", follow_redirects=True)
    assert page.url.path == "/tousu/docs"
    for name in ("static/docs.css", "static/docs.js", "static/icon.png", "openapi.json"):
        assert name in page.text
        assert site.get(str(page.url.join(name))).status_code == 200
    assert f"curl -s -X POST {str(site.base_url).rstrip('/')}/tousu/v1/classify" in page.text
    assert site.get("/tousu/openapi.json").json()["servers"] == [{"url": "/tousu"}]


def test_twenty_megabytes_of_a_stream_come_back_whole(site):
    """By a client that reads while it sends, as a stream asks for."""
    line = (json.dumps({"text": "小区电梯困人两次，物业说没钱修。" * 100}, ensure_ascii=False) + "\n").encode()
    piece = line * 20
    count = 20 * 1024 * 1024 // len(piece) + 1
    key = site.headers["Authorization"]
    head = f"POST /tousu/v1/classify/stream HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nAuthorization: {key}"
    with socket.create_connection(("127.0.0.1", site.base_url.port), timeout=60) as plain:

        def send() -> None:
            plain.sendall(f"{head}\r\nContent-Length: {len(piece) * count}\r\n\r\n".encode())
            for _ in range(count):
                plain.sendall(piece)

        sending = threading.Thread(target=send)
        sending.start()
        reply = http.client.HTTPResponse(plain)
        reply.begin()
        answers = reply.read().splitlines()
        sending.join()
    assert reply.status == 200
    assert len(answers) == 20 * count, answers[-1]
    assert all(b'"elevator"' in answer for answer in answers)


def test_a_body_over_the_limit_is_refused_in_our_words(site):
    headers = {"Content-Type": "application/json"}
    reply = site.post("/tousu/v1/classify", content=b"x" * 20 * 1024 * 1024, headers=headers)
    assert (reply.status_code, reply.json()["error"]) == (413, "body_too_large")


@pytest.mark.parametrize("path", ["/tousu/v1/model", "/tousu/metrics"])
def test_nobody_can_say_where_he_comes_from(site, path):
    forged = {"Authorization": "Bearer tousu_0123456789_wrong", "X-Forwarded-For": f"203.0.113.{len(path)}"}
    assert site.get(path, headers=forged).status_code == 401
    lines = site.get("/tousu/v1/audit").json()["items"]
    actors = {line["actor"] for line in lines if line["action"] == "key_refused"}
    assert actors == {"127.0.0.1"}


def test_metrics_with_a_line_s_end_are_no_address(site):
    assert site.get("/tousu/metrics%0a").status_code == 404
