"""The typed clients, blocking and asynchronous: everything through both, and through servers that die or are odd."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tests.harness.server import Server, free_port
from tousu import AsyncClient, Client, ServiceError
from tousu.client import ItemError, Tagging


@pytest.fixture(scope="module")
def server(tmp_path_factory, small_model):
    made = Server(tmp_path_factory.mktemp("client"), model=small_model)
    made.start()
    yield made
    made.stop()


class Awaited:
    """The asynchronous client behind the blocking one's methods, so that every test is one of both."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        try:
            self.client = AsyncClient(*arguments, **options)
        except ServiceError:
            self._loop.close()
            raise

    def __enter__(self):
        self._run(self.client.__aenter__())
        return self

    def __exit__(self, *what: object) -> None:
        self._run(self.client.__aexit__(*what))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def _run(self, call: Any) -> Any:
        return self._loop.run_until_complete(call)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if name in ("classify_batch", "export"):

            async def all_of(*arguments: Any, **options: Any) -> list[Any]:
                return [item async for item in method(*arguments, **options)]

            return lambda *arguments, **options: iter(self._run(all_of(*arguments, **options)))
        return lambda *arguments, **options: self._run(method(*arguments, **options))


@pytest.fixture(params=[Client, Awaited], ids=["blocking", "asynchronous"])
def kind(request):
    return request.param


@pytest.fixture
def client(server, kind):
    with kind(f"http://127.0.0.1:{server.port}/", retries=10) as made:
        yield made


def test_one_text(client):
    tagging = client.classify("小区电梯困人，物业一直不修", id="1", evidence=True)
    assert (tagging.id, tagging.primary) == ("1", "elevator")
    assert tagging.evidence
    assert tagging.evidence[0].text in "小区电梯困人，物业一直不修"
    assert client.classify("小区电梯困人，物业一直不修").evidence is None


def test_more_texts_than_one_call_takes_and_a_bad_one(client):
    texts = {str(n): "" if n == 1500 else f"第{n}次投诉，电梯困人" for n in range(2300)}
    answers = list(client.classify_batch(texts.items()))
    assert [answer.id for answer in answers] == list(texts)
    failed = [answer for answer in answers if isinstance(answer, ItemError)]
    assert [(answer.id, answer.field) for answer in failed] == [("1500", "text")]
    alone = client.classify(texts["7"], id="7")
    assert isinstance(answers[7], Tagging)
    assert answers[7].probabilities == alone.probabilities


def test_long_texts_are_cut_into_calls_the_service_takes(client):
    texts = {str(n): "电梯困人" * 4500 for n in range(300)}
    answers = list(client.classify_batch(texts.items()))
    assert [answer.id for answer in answers] == list(texts)
    assert all(isinstance(answer, Tagging) for answer in answers)


def test_a_service_that_takes_less_is_sent_less(tmp_path, small_model, kind):
    server = Server(tmp_path, model=small_model, max_body_bytes="60000")
    server.start()
    texts = {str(n): "电梯困人" * 500 for n in range(40)} | {"huge": "电" * 30_000, "last": "电梯困人"}
    with kind(f"http://127.0.0.1:{server.port}") as client:
        answers = list(client.classify_batch(texts.items()))
    server.stop()
    assert [answer.id for answer in answers] == list(texts)
    failed = [answer for answer in answers if isinstance(answer, ItemError)]
    assert [(answer.id, answer.code, answer.field) for answer in failed] == [("huge", "body_too_large", "text")]


def test_what_is_no_text_costs_only_its_own_answer(client):
    pairs = [("1", "电梯困人"), ("2", "电梯\ud800困人"), ("\udc00", "电梯困人"), ("4", "电梯困人")]
    answers = list(client.classify_batch(pairs))
    assert [isinstance(answer, Tagging) for answer in answers] == [True, False, False, True]
    assert [(answer.id, answer.field) for answer in answers[1:3]] == [("2", "text"), (None, "id")]
    assert [answer.field for answer in client.classify_batch([("2", "\ud800")])] == ["text"]
    assert list(client.classify_batch([])) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"text": "\ud800"}, "text"), ({"codes": ["\ud800"]}, "codes"), ({"idempotency_key": "工单1"}, "idempotency_key"),
        ({"idempotency_key": "a\nb"}, "idempotency_key"), ({"idempotency_key": ""}, "idempotency_key"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_told_as_any_refusal(client, change, says):
    with pytest.raises(ServiceError) as caught:
        client.correct(**({"text": "电梯", "codes": ["elevator"], "by": "3"} | change))
    assert (caught.value.status, caught.value.code) == (None, "validation_failed")
    assert says in str(caught.value)
    with pytest.raises(ServiceError):
        client.classify("电梯", id="\ud800")


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://127.0.0.1", "http://", "http://a:b:c", "http://\ud800"])
def test_what_is_no_address_or_key_is_told_so(kind, url):
    with pytest.raises(ServiceError, match="地址"):
        kind(url)
    with pytest.raises(ServiceError, match="密钥"):
        kind("http://127.0.0.1", "密钥")


def test_a_refusal_tells_what_and_where_to_look(client):
    with pytest.raises(ServiceError) as caught:
        client.classify("")
    assert (caught.value.status, caught.value.code) == (422, "validation_failed")
    assert "text" in str(caught.value)
    assert caught.value.request_id


def test_nobody_there_is_told_after_the_last_try(kind):
    begun = time.monotonic()
    with kind(f"http://127.0.0.1:{free_port()}", retries=2) as client, pytest.raises(ServiceError) as caught:
        client.classify("电梯")
    assert (caught.value.status, caught.value.code) == (None, "unreachable")
    assert time.monotonic() - begun < 5


def test_a_server_that_dies_and_comes_back_costs_no_correction(server, client, kind):
    stored, mark = [], kind.__name__

    def correct() -> None:
        for n in range(300):
            stored.append(
                client.correct(text=f"第{n}次投诉{mark}", text_id=f"{mark}{n}", codes=["elevator"], by="科员3").id
            )

    thread = threading.Thread(target=correct)
    thread.start()
    for _ in range(2):
        time.sleep(0.2)
        server.kill()
        server.start()
    thread.join(60)
    rows = [row["text"] for row in client.export() if row["text"].endswith(mark)]
    assert len(stored) == len(set(stored)) == 300
    assert sorted(rows) == sorted(f"第{n}次投诉{mark}" for n in range(300))


TAGGING = {
    "primary": "elevator", "codes": ["elevator"], "probabilities": {"elevator": 0.9}, "decision": "auto", "online": False,
    "model": "1",
}  # fmt: skip


def answer(status: int, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "X-Request-ID: abc", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


GOOD = answer(200, json.dumps(TAGGING).encode(), "Content-Type: application/json")


@contextmanager
def odd_server(*answers: bytes):
    """A server that gives one answer a connection, in order, then closes; gives its address and the requests it got."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        got: list[bytes] = []

        def serve() -> None:
            with suppress(OSError):
                for reply in answers:
                    connection, _ = listener.accept()
                    with connection:
                        asked = connection.recv(65536)
                        while b"\r\n\r\n" not in asked:
                            asked += connection.recv(65536)
                        got.append(asked)
                        connection.sendall(reply)

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", got


@pytest.mark.parametrize(
    "first",
    [answer(502, b"<html>"), answer(504, b""), answer(503, b"", "Retry-After: 0"), answer(429, b""), b"", GOOD[:60]],
)
def test_what_may_pass_is_tried_again(kind, first):
    with odd_server(first, first, GOOD) as (address, got), kind(address) as client:
        assert client.classify("电梯").primary == "elevator"
    assert len(got) == 3


def test_a_correction_is_tried_again_under_the_same_key(kind):
    stored = TAGGING | {"id": 7, "at": "2026", "text_id": None, "text": "x", "masked": True, "by": "1", "why": None}
    good = answer(201, json.dumps(stored).encode())
    with odd_server(b"", answer(502, b""), good) as (address, got), kind(address) as client:
        assert client.correct(text="x", codes=["elevator"], by="1").id == 7
    keys = [next(line for line in asked.split(b"\r\n") if line.lower().startswith(b"idempotency-key")) for asked in got]
    assert len(set(keys)) == 1


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        (answer(200, b"<html>login</html>", "Content-Type: text/html"), 200, "answer_invalid"),
        (answer(200, b"{}"), 200, "answer_invalid"), (answer(200, b"[1]"), 200, "answer_invalid"),
        (answer(200, b"\xff"), 200, "answer_invalid"),
        (answer(302, b"", "Location: /login"), 302, "http_error"), (answer(404, b"<html>"), 404, "http_error"),
        (answer(400, b"[]"), 400, "http_error"), (answer(500, b'{"error": 1}'), 500, "1"),
        (answer(200, b"junk", "Content-Encoding: gzip"), None, "unreachable"),
    ],
)  # fmt: skip
def test_whatever_is_odd_is_a_service_error(kind, reply, status, code):
    calls = (
        lambda client: client.classify("电梯"),
        lambda client: client.correct(text="x", codes=["elevator"], by="1"),
        lambda client: list(client.classify_batch([("1", "电梯")])),
    )
    for call in calls:
        with odd_server(reply) as (address, _), kind(address, retries=0) as client:
            with pytest.raises(ServiceError) as caught:
                call(client)
            assert (caught.value.status, caught.value.code) == (status, code)
            assert caught.value.request_id == ("abc" if status else "")


@pytest.mark.parametrize("rows", [b'{"text": "a"}\nnonsense\n', b"[1]\n", b"<html>\n"])
def test_an_export_that_is_none_is_a_service_error(kind, rows):
    with odd_server(answer(200, rows)) as (address, _), kind(address) as client, pytest.raises(ServiceError) as caught:
        list(client.export())
    assert (caught.value.code, caught.value.request_id) == ("answer_invalid", "abc")


def test_an_export_that_breaks_off_says_so(kind):
    broken = answer(200, b'{"text": "a"}\n' * 50)[:-30]
    with odd_server(broken) as (address, _), kind(address) as client, pytest.raises(ServiceError) as caught:
        list(client.export())
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (200, "unreachable", "abc")
