"""Everything people are shown comes from this server, also behind a proxy under a sub-path."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests.e2e.conftest import ask
from tests.harness.server import Wire, free_port, request

ADDRESS = re.compile(r"(?:https?:)?//([^/\s\"'<>)\\,；，。]+)")


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.found += [value for name, value in attrs if name in {"href", "src", "action"} and value]


def crawl(base: str, starts: list[str]) -> dict[str, httpx.Response]:
    """Fetch the starts and all they lead to on the same host."""
    host, seen, waiting = urlsplit(base).netloc, dict[str, httpx.Response](), [base + start for start in starts]
    with httpx.Client(trust_env=False, timeout=20) as client:
        while waiting:
            address = waiting.pop().split("#")[0]
            if address in seen or urlsplit(address).netloc != host:
                continue
            seen[address] = client.get(address, follow_redirects=False)
            if "location" in seen[address].headers:
                waiting.append(urljoin(address, seen[address].headers["location"]))
            if seen[address].headers.get("content-type", "").startswith("text/html"):
                links = Links()
                links.feed(seen[address].text)
                waiting += [urljoin(address, link) for link in links.found]
    return seen


STARTS = ["/", "/docs", "/openapi.json", "/v1/taxonomy", "/v1/model", "/healthz", "/readyz", "/metrics", "/nothing"]


def test_no_outside_address_in_anything_served(service):
    base = f"http://127.0.0.1:{service.port}"
    pages = crawl(base, STARTS)
    assert {"/static/docs.css", "/static/docs.js"} <= {urlsplit(page).path for page in pages}
    for address, reply in pages.items():
        assert reply.status_code in {200, 307} or address.endswith("/nothing")
        outside = {host for host in ADDRESS.findall(reply.text) if host != f"127.0.0.1:{service.port}"}
        assert not outside, (address, outside)


def test_the_page_shows_every_operation_in_chinese(web):
    page, api = web.get("/docs").text, web.get("/openapi.json").json()
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"] in page, (method, path)
            assert re.search(r"[\u4e00-\u9fff]", operation["summary"] + operation["description"])
            assert path in page
    assert "我在网上买的面包" in page


def test_a_hostile_host_header_is_only_text(service):
    with Wire(service.port) as wire:
        head = request("GET", "/docs", b"", {}).replace(b"Host: 127.0.0.1", b'Host: "><script>alert(1)</script>')
        status, page = wire.send(head)
    assert status in {200, 400}
    assert b"<script>alert" not in page


@contextmanager
def proxy(target: int, *, strip: bool):
    """A reverse proxy that serves the service under /tousu."""

    class Handler(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            if not self.path.startswith("/tousu/"):
                self.send_error(404)
                return
            path = self.path.removeprefix("/tousu") if strip else self.path
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = httpx.request(
                self.command, f"http://127.0.0.1:{target}{path}", content=body, verify=False, trust_env=False,
                headers={"Host": self.headers["Host"], "Content-Type": self.headers.get("Content-Type", "")},
            )  # fmt: skip
            self.send_response(reply.status_code)
            for name in ("content-type", "location"):
                if name in reply.headers:
                    self.send_header(name, reply.headers[name])
            self.send_header("Content-Length", str(len(reply.content)))
            self.end_headers()
            self.wfile.write(reply.content)

        do_GET = do_POST = pass_on  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    port = free_port()
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("strip", [True, False], ids=["proxy strips", "proxy passes"])
def test_under_a_sub_path(serve, strip):
    with serve(root_path="/tousu") as server, proxy(server.port, strip=strip) as port:
        base = f"http://127.0.0.1:{port}/tousu"
        pages = crawl(base, ["/", "/docs", "/openapi.json"])
        assert all(reply.status_code in {200, 307} for reply in pages.values()), pages
        assert {"/tousu/static/docs.css", "/tousu/static/docs.js"} <= {urlsplit(page).path for page in pages}
        assert pages[f"{base}/openapi.json"].json()["servers"] == [{"url": "/tousu"}]
        reply = httpx.post(f"{base}/v1/classify", json={"text": "电梯困人"}, verify=False, trust_env=False)
        assert reply.json()["primary"] == "elevator"
        assert ask(server, "GET", "/readyz").status_code == 200
