"""Bodies too large, clients too slow, too many at once, and thousands of malformed bodies."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

import pytest

from tests.chaos import malformed
from tests.e2e.conftest import ask
from tests.harness.server import resident

MOST = 4 * 1024 * 1024
HEAD = b"POST /v1/classify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
STREAM = (
    b"POST /v1/classify/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


def connect(server, timeout: float = 20) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=timeout)


def test_bodies_over_the_limit_are_refused_and_the_connection_lives_on(web):
    exact = b'{"text":"' + b"a" * (MOST - 11) + b'"}'
    assert len(exact) == MOST
    for content, status in ((exact, 422), (exact + b" ", 413), (b"x" * 10 * 1024 * 1024, 413)):
        reply = web.post("/v1/classify", content=content, headers={"Content-Type": "application/json"})
        assert reply.status_code == status, reply.text
        assert "4194304" in reply.text or status == 422
    assert web.post("/v1/classify", json={"text": "电梯困人"}).status_code == 200


def test_a_body_of_untold_length_is_cut_at_the_limit(service):
    piece = b"%x\r\n%s\r\n" % (65536, b"a" * 65536)
    with connect(service) as plain:
        plain.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(MOST // 65536 + 2):
            plain.sendall(piece)
        assert b" 413 " in plain.recv(65536)


def test_a_slow_body_and_a_slow_head_are_cut_off(serve):
    with serve(body_seconds="1", header_seconds="1") as server:
        with connect(server) as plain:
            plain.sendall(HEAD + b"Content-Length: 100\r\n\r\n")
            for _ in range(4):
                time.sleep(0.4)
                plain.sendall(b"a")
            told = plain.recv(65536)
            assert b" 408 " in told
            assert "没有在 1 秒内收完".encode() in told
        with connect(server) as plain:
            line = '{"text": "电梯困人"}\n'.encode()
            plain.sendall(STREAM)
            for _ in range(4):  # slower than the limit as a whole, but each piece in time
                time.sleep(0.5)
                plain.sendall(b"%x\r\n%s\r\n" % (len(line), line))
            time.sleep(1.5)
            told = plain.recv(65536)
            assert told.count(b'"elevator","codes"') == 4
            assert b'"body_too_slow"' in told
            assert told.endswith(b"0\r\n\r\n")
        for beginning in (b"", HEAD[:20]):
            with connect(server) as plain:
                plain.sendall(beginning)
                begun = time.monotonic()
                assert plain.recv(1) == b""
                assert time.monotonic() - begun < 5
        assert ask(server, "POST", "/v1/classify", json={"text": "电梯困人"}).status_code == 200


def refusal_of(plain: socket.socket) -> bytes:
    """Return all that comes until the server ends it."""
    told = b""
    while piece := plain.recv(65536):
        told += piece
    return told


def test_a_head_without_end_is_refused_and_holds_nobody_up(service):
    before = resident(service.pids())
    over = threading.Event()

    def flood() -> None:
        with connect(service) as plain, suppress(OSError):
            plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
            while not over.is_set():
                plain.sendall(b"a" * 65536)

    threads = [threading.Thread(target=flood) for _ in range(4)]
    for thread in threads:
        thread.start()
    waited = []
    for _ in range(20):
        begun = time.monotonic()
        assert ask(service, "GET", "/healthz").status_code == 200
        waited.append(time.monotonic() - begun)
        time.sleep(0.05)
    over.set()
    for thread in threads:
        thread.join()
    assert max(waited) < 2, waited
    assert resident(service.pids()) - before < 30


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"X: " + b"a" * 200_000, 431),
        (b"X: " + b"a" * 70_000, 431),
        (b"X: " + b"a" * 60_000, 200),
        (b"".join(b"X%d: %s\r\n" % (n, b"a" * 1000) for n in range(70)), 431),
        (b"".join(b"X%d: a\r\n" % n for n in range(101)), 431),
        (b"".join(b"X%d: a\r\n" % n for n in range(90)), 200),
    ],
)
@pytest.mark.parametrize("piece", [1000, 10_000_000])
def test_heads_over_the_limit_are_told_so(service, head, status, piece):
    whole = (
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + head.removesuffix(b"\r\n") + b"\r\n\r\n"
    )
    with connect(service) as plain:
        for start in range(0, len(whole), piece):
            plain.sendall(whole[start : start + piece])
        told = refusal_of(plain)
    assert b" %d " % status in told[:15]
    if status == 431:
        assert b'"head_too_large"' in told
        assert "65536 字节".encode() in told


def test_a_long_path_is_refused_and_a_kept_connection_is_too(service):
    with connect(service) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b" 200 " in plain.recv(65536)
        plain.sendall(b"GET /" + b"a" * 500_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b" 431 " in refusal_of(plain)


def test_lines_after_a_body_in_pieces_have_an_end_too(service):
    with connect(service) as plain:
        plain.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: ")
        plain.sendall(b"a" * 20_000_000)
        assert b" 431 " in refusal_of(plain)[:15]


def test_too_many_at_once_are_told_to_come_again(serve):
    with serve(max_in_flight="4", body_seconds="3") as server:
        held = [connect(server) for _ in range(4)]
        for plain in held:
            plain.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        time.sleep(0.3)
        reply = ask(server, "POST", "/v1/classify", json={"text": "电梯困人"})
        assert (reply.status_code, reply.json()["error"], reply.headers["retry-after"]) == (503, "busy", "1")
        for plain in held:
            plain.close()
        time.sleep(0.3)
        assert ask(server, "POST", "/v1/classify", json={"text": "电梯困人"}).status_code == 200


def test_no_http_is_answered_in_our_shape(service):
    with connect(service) as plain:
        plain.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert "不是合法的 HTTP".encode() in plain.recv(65536)


def test_security_headers_are_on_every_answer(web):
    for path in ("/healthz", "/nothing", "/docs", "/v1/classify"):
        headers = web.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"
        assert "server" not in headers


def test_malformed_bodies_get_4xx_and_the_server_stays_well(service):
    counts = malformed.bombard(service, 2000)
    assert sum(counts.values()) == 2000
    assert all(400 <= status < 500 for status in counts), counts


def test_clients_that_leave_in_the_middle_do_no_harm(service):
    def leave() -> None:
        with connect(service) as plain:
            plain.sendall(HEAD + b"Content-Length: 50\r\n\r\n{")

    threads = [threading.Thread(target=leave) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ask(service, "POST", "/v1/classify", json={"text": "电梯困人"}).status_code == 200
    assert "crash" not in service.log.read_text()
