"""Raw sockets: odd ways of HTTP that real clients use, and refusals that arrive whatever the client goes on sending."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import ask, new_key, running
from tests.harness.server import resident

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = {"text": "小区电梯困人两次，物业不修"}
BODY = json.dumps(TEXT).encode()
MB = 1024 * 1024
OFFERS = {
    "java": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAA\r\n",
    "websocket": b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n",
    "tls": b"Upgrade: TLS/1.0\r\nConnection: upgrade\r\n",
}


def connect(server, timeout: float = 30) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=timeout)


@contextmanager
def many(server, count: int) -> Iterator[list[socket.socket]]:
    """Give that many connections, closed at the end."""
    with ExitStack() as stack:
        yield [stack.enter_context(connect(server)) for _ in range(count)]


def head(*lines: bytes, target: bytes = b"POST /v1/classify HTTP/1.1", kind: bytes = b"application/json") -> bytes:
    return b"\r\n".join([target, b"Host: 127.0.0.1", b"Content-Type: " + kind, *lines]) + b"\r\n\r\n"


def with_length(body: bytes = BODY, *lines: bytes) -> bytes:
    return head(b"Content-Length: %d" % len(body), *lines) + body


def all_of(plain: socket.socket) -> bytes:
    """Return what comes until the server ends it; a reset is an error."""
    told = b""
    while piece := plain.recv(65536):
        told += piece
    return told


def one_answer(plain: socket.socket) -> tuple[int, bytes]:
    """Return status and body of the next answer on a connection."""
    answer = http.client.HTTPResponse(plain)
    answer.begin()
    return answer.status, answer.read()


def statuses(told: bytes) -> list[int]:
    return [int(part[:3]) for part in told.split(b"HTTP/1.1 ")[1:]]


# An offer of another protocol (Java's client, curl --http2) is not taken up, and costs nothing.


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
@pytest.mark.parametrize("cut", ["whole", "after the head", "in the head", "in the body"])
def test_a_body_after_an_offer_to_upgrade_is_read(service, offer, cut):
    request = head(b"Content-Length: %d" % len(BODY), offer.removesuffix(b"\r\n")) + BODY
    at = {"whole": len(request), "after the head": len(request) - len(BODY), "in the head": 40, "in the body": -9}[cut]
    with connect(service) as plain:
        for _ in range(2):  # and the connection lives on
            plain.sendall(request[:at])
            time.sleep(0.02)
            plain.sendall(request[at:] if at != len(request) else b"")
            status, body = one_answer(plain)
            assert (status, json.loads(body)["primary"]) == (200, "elevator")


def test_offers_in_a_row_and_a_chunked_body_are_read(service):
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    offered = head(OFFERS["java"].removesuffix(b"\r\n"), b"Transfer-Encoding: chunked") + chunked
    with connect(service) as plain:
        plain.sendall(offered * 30)
        plain.shutdown(socket.SHUT_WR)
        assert statuses(all_of(plain)) == [200] * 30


def test_a_proxy_request_is_refused(service):
    with connect(service) as plain:
        plain.sendall(b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n")
        assert statuses(all_of(plain)) == [400]


# Refusals arrive: the rest of what the client sends is read off before the connection ends.


@pytest.mark.parametrize("size", [1, 3, 8, 20])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_early_refusal_arrives_however_large_the_body(service, size, version):
    for target, kind, status in (
        (b"POST /v1/classify HTTP/", b"application/json", 413 if size > 4 else 422),
        (b"POST /nothing HTTP/", b"application/json", 404),
        (b"PUT /v1/classify HTTP/", b"application/json", 405),
        (b"POST /v1/classify HTTP/", b"text/plain", 415),
    ):
        body = b'{"text":"' + b"a" * (size * MB - 11) + b'"}'
        lines = (b"Connection: close", b"Content-Length: %d" % len(body))
        with connect(service) as plain:
            plain.sendall(head(*lines, target=target + version.encode(), kind=kind))
            plain.sendall(body)
            told = all_of(plain)
        assert statuses(told) == [status], (target, kind)
        assert b"connection: close" in told


def test_urllib_which_closes_sees_each_refusal(service):
    for _ in range(20):
        data = b"x" * (8 * MB)
        url = f"http://127.0.0.1:{service.port}/v1/classify"
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)
        assert refused.value.code == 413
        assert json.load(refused.value)["error"] == "body_too_large"


def test_a_client_that_ended_its_sending_gets_its_answers(service):
    with connect(service) as plain:
        plain.sendall(with_length() * 3)
        plain.shutdown(socket.SHUT_WR)
        assert statuses(all_of(plain)) == [200, 200, 200]


def test_a_client_that_leaves_in_the_middle_of_its_second_request_gets_the_first_answer(service):
    with connect(service) as plain:
        plain.sendall(with_length() + with_length()[:-5])
        plain.shutdown(socket.SHUT_WR)
        assert statuses(all_of(plain)) == [200]


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("garbage", [b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
def test_a_good_request_before_garbage_is_answered(service, garbage, apart):
    with connect(service) as plain:
        plain.sendall(with_length() * 2 + (b"" if apart else garbage))
        if apart:
            time.sleep(0.05)
            plain.sendall(garbage)
        assert statuses(all_of(plain)) == [200, 200, 400]


@pytest.mark.parametrize("chunk", [b"zz\r\n{}\r\n", b"5\r\n{}\r\n0\r\n\r\n", b"-1\r\n", b"FFFFFFFFFFFFFFFFFF\r\n"])
@pytest.mark.parametrize("apart", [False, True])
def test_a_malformed_chunk_is_told_so(service, chunk, apart):
    with connect(service) as plain:
        plain.sendall(head(b"Transfer-Encoding: chunked") + (b"" if apart else chunk))
        if apart:
            time.sleep(0.05)
            plain.sendall(chunk)
        told = all_of(plain)
    assert statuses(told) == [400]
    assert b"chunked" in told


def test_a_malformed_chunk_ends_a_stream_with_a_reason(service):
    line = b'{"text": "x"}\n'
    with connect(service) as plain:
        target = b"POST /v1/classify/stream HTTP/1.1"
        plain.sendall(head(b"Transfer-Encoding: chunked", target=target, kind=b"application/x-ndjson"))
        plain.sendall(b"%x\r\n%s\r\n" % (len(line), line))
        time.sleep(0.2)
        plain.sendall(b"nonsense\r\n")
        told = all_of(plain)
    assert b'"json_invalid"' in told
    assert told.endswith(b"0\r\n\r\n")


def test_odd_ways_leave_no_trace_in_the_log(service):
    told = service.log.read_text()
    assert "Traceback" not in told
    assert "crash" not in told
    assert "Invalid HTTP request" not in told


# What a request is: its host, its address, its first bytes.


@pytest.mark.parametrize(
    ("lines", "version", "status"),
    [
        (b"", b"1.1", 400), (b"Host: a\r\nHost: b\r\n", b"1.1", 400), (b"Host: a\r\nHost: a\r\n", b"1.1", 400),
        (b"Host: a\r\n", b"1.1", 200), (b"", b"1.0", 200),
    ],
)  # fmt: skip
def test_a_request_names_its_host_once(service, lines, version, status):
    with connect(service) as plain:
        plain.sendall(b"GET /healthz HTTP/" + version + b"\r\n" + lines + b"Connection: close\r\n\r\n")
        assert statuses(all_of(plain)) == [status]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "[evil]"])
def test_another_host_is_refused_while_there_is_no_key(service, host):
    reply = ask(service, "POST", "/v1/classify", json=TEXT, headers={"Host": host})
    assert (reply.status_code, reply.json()["error"]) == (421, "host_refused")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8000", "10.0.0.1"])
def test_this_machine_s_names_are_taken(service, host):
    assert ask(service, "POST", "/v1/classify", json=TEXT, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/metrics%0a", "/healthz%0A", "/healthz%00", "/v1/taxonomy%0d%0a", "/docs%7f"])
def test_control_characters_in_an_address_are_no_address(service, path):
    assert ask(service, "GET", path).status_code == 404


def test_every_answer_is_dated(service):
    assert "GMT" in ask(service, "GET", "/healthz").headers["date"]


def test_one_mark_of_byte_order_is_skipped(service):
    mark = "\ufeff".encode()
    for path, body, kind in (
        ("/v1/classify", BODY, "application/json"),
        ("/v1/classify/batch", b'{"items": [{"id": "1", "text": "x"}]}', "application/json"),
        ("/v1/classify/stream", BODY + b"\n" + BODY, "application/x-ndjson"),
    ):
        reply = ask(service, "POST", path, content=mark + body, headers={"Content-Type": kind})
        assert (reply.status_code, "error" in reply.text) == (200, False), reply.text
        twice = ask(service, "POST", path, content=mark + mark + body, headers={"Content-Type": kind})
        assert "json_invalid" in twice.text
    correction = json.dumps({"text": "电梯困人", "codes": ["elevator"], "by": "01"}).encode()
    headers = {"Content-Type": "application/json"}
    assert ask(service, "POST", "/v1/corrections", content=mark + correction, headers=headers).status_code == 201


def test_megabytes_of_unknown_fields_hold_nobody_up(service):
    fields = b",".join(b'"k%d":1' % n for n in range(300_000))
    bodies = {
        "/v1/classify": b'{"text":"x",' + fields + b"}",
        "/v1/classify/batch": b'{"items":[{"id":"1","text":"x",' + fields + b"}]}",
        "/v1/corrections": b'{"text":"x","codes":["elevator"],"by":"1",' + fields + b"}",
    }
    before, waited, over = resident(service.pids()), [], threading.Event()

    def watch() -> None:
        while not over.is_set():
            begun = time.monotonic()
            ask(service, "GET", "/healthz")
            waited.append(time.monotonic() - begun)

    watching = threading.Thread(target=watch)
    watching.start()
    for path, body in bodies.items():
        reply = ask(service, "POST", path, content=body, headers={"Content-Type": "application/json"})
        assert (reply.status_code, "字段过多" in reply.text) == (400, True)
    over.set()
    watching.join()
    assert resident(service.pids()) - before < 60
    assert sorted(waited)[len(waited) // 2] < 0.5
    many = {"id": "1", "text": "x"} | {f"k{n}": 1 for n in range(2000)}
    reply = ask(service, "POST", "/v1/classify/batch", json={"items": [many]})
    assert "没有这一项" in reply.json()["items"][0]["error"]["message"]
    quoted = '引号":' * 5000  # no fields: a text that looks like many
    assert ask(service, "POST", "/v1/classify", json={"text": quoted[:20000]}).status_code == 200


# Whoever has no key costs nothing; whoever does not read or write is let go.


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server that asks for keys, gives little time and few places; and a key."""
    home = tmp_path_factory.mktemp("guarded")
    settings = {"body_seconds": "2", "write_seconds": "2", "max_in_flight": "8", "max_streams_per_key": "3"}
    with running(home, trusted_proxies="192.0.2.1", max_connections_per_address="200", **settings) as server:
        key = new_key(server, "classify", "correct", "admin")
        deadline = time.monotonic() + 20
        while ask(server, "POST", "/v1/classify", json=TEXT).status_code != 401 and time.monotonic() < deadline:
            time.sleep(0.2)
        yield server, {"Authorization": f"Bearer {key}"}


def bearer(key: dict[str, str]) -> bytes:
    return b"Authorization: " + key["Authorization"].encode()


ROUTES = ("/v1/classify", "/v1/classify/batch", "/v1/classify/stream", "/v1/corrections", "/v1/models/activate",
          "/v1/models/rollback")  # fmt: skip


@pytest.mark.parametrize("path", ROUTES)
def test_without_a_key_no_body_is_waited_for(guarded, path):
    server, key = guarded
    kind = b"application/x-ndjson" if path.endswith("stream") else b"application/json"
    with many(server, 100) as held:
        for plain in held:
            target = f"POST {path} HTTP/1.1".encode()
            plain.sendall(head(b"Content-Length: 4000000", target=target, kind=kind) + b"{")
        assert {one_answer(plain)[0] for plain in held} == {401}
        assert ask(server, "POST", "/v1/classify", json=TEXT, headers=key).status_code == 200


def test_health_is_told_when_the_service_is_full(guarded):
    server, key = guarded
    with many(server, 8) as held:
        for plain in held:
            plain.sendall(head(b"Content-Length: 100", bearer(key)) + b"{")
        time.sleep(0.3)
        assert ask(server, "POST", "/v1/classify", json=TEXT, headers=key).status_code == 503
        assert ask(server, "GET", "/healthz").status_code == 200
        assert ask(server, "GET", "/readyz").status_code == 200
        assert {one_answer(plain)[0] for plain in held} == {408}


def lets_go(plain: socket.socket, request: bytes) -> bool:
    """Return whether the server ends a connection on which requests are sent and nothing is read."""
    try:
        for _ in range(2000):
            plain.sendall(request)
    except TimeoutError:
        return False
    except OSError:
        return True
    return False


def test_a_client_that_does_not_read_is_let_go(guarded):
    server, key = guarded
    batch = json.dumps({"items": [{"id": str(n), "text": "电梯困人" * 50} for n in range(300)]}).encode()
    request = head(b"Content-Length: %d" % len(batch), bearer(key), target=b"POST /v1/classify/batch HTTP/1.1") + batch
    with connect(server) as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        assert lets_go(plain, request)
    deadline = time.monotonic() + 10
    while True:
        page = ask(server, "GET", "/metrics", headers=key).text
        if "tousu_requests_in_flight 1.0" in page or time.monotonic() > deadline:  # the page's own
            break
        time.sleep(0.3)
    assert "tousu_requests_in_flight 1.0" in page


def begin_stream(plain: socket.socket, key: dict[str, str]) -> None:
    target = b"POST /v1/classify/stream HTTP/1.1"
    plain.sendall(head(b"Transfer-Encoding: chunked", bearer(key), target=target, kind=b"application/x-ndjson"))


def test_streams_are_counted_for_each_key_and_dribbling_ones_end(guarded):
    server, key = guarded
    with many(server, 5) as (*held, further, again):
        for plain in held:
            begin_stream(plain, key)
        time.sleep(0.3)
        begin_stream(further, key)
        status, body = one_answer(further)
        assert (status, json.loads(body)["error"]) == (429, "rate_exceeded")
        begun = time.monotonic()
        with suppress(OSError):
            while time.monotonic() - begun < 4:  # bytes, but never a line
                for plain in held:
                    plain.sendall(b"1\r\na\r\n")
                time.sleep(0.4)
        for plain in held:
            assert b'"body_too_slow"' in all_of(plain)
        begin_stream(again, key)
        again.sendall(b"0\r\n\r\n")
        assert one_answer(again)[0] == 200


def test_connections_from_one_address_are_counted(guarded):
    server, key = guarded
    with many(server, 200):
        time.sleep(0.3)
        with connect(server) as further:
            told = all_of(further)
        assert statuses(told) == [503]
        assert "连接过多".encode() in told
    time.sleep(0.3)
    assert ask(server, "POST", "/v1/classify", json=TEXT, headers=key).status_code == 200
