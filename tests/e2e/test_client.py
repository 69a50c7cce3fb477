"""The typed client: everything through it, and through a server that dies and comes back."""

from __future__ import annotations

import threading
import time

import pytest

from tests.harness.server import Server, free_port
from tousu import Client, ServiceError, Tagging
from tousu.client import ItemError


@pytest.fixture(scope="module")
def server(tmp_path_factory, small_model):
    made = Server(tmp_path_factory.mktemp("client"), model=small_model)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def client(server):
    with Client(f"http://127.0.0.1:{server.port}/") as made:
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


def test_a_service_that_takes_less_is_sent_less(tmp_path, small_model):
    server = Server(tmp_path, model=small_model, max_body_bytes="60000")
    server.start()
    texts = {str(n): "电梯困人" * 500 for n in range(40)} | {"huge": "电" * 30_000, "last": "电梯困人"}
    with Client(f"http://127.0.0.1:{server.port}") as client:
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
    with pytest.raises(ServiceError):
        Client("http://127.0.0.1", "密钥")


def test_a_refusal_tells_what_and_where_to_look(client):
    with pytest.raises(ServiceError) as caught:
        client.classify("")
    assert (caught.value.status, caught.value.code) == (422, "validation_failed")
    assert "text" in str(caught.value)
    assert caught.value.request_id


def test_nobody_there_is_told_after_the_last_try():
    begun = time.monotonic()
    with Client(f"http://127.0.0.1:{free_port()}", retries=2) as client, pytest.raises(ServiceError) as caught:
        client.classify("电梯")
    assert (caught.value.status, caught.value.code) == (None, "unreachable")
    assert time.monotonic() - begun < 5


def test_a_server_that_dies_and_comes_back_costs_no_correction(server, client):
    stored = []

    def correct() -> None:
        for n in range(300):
            stored.append(client.correct(text=f"第{n}次投诉", text_id=f"D{n}", codes=["elevator"], by="科员3").id)

    client._retries = 10
    thread = threading.Thread(target=correct)
    thread.start()
    for _ in range(2):
        time.sleep(0.2)
        server.kill()
        server.start()
    thread.join(60)
    rows = [row["text"] for row in client.export()]
    assert len(stored) == len(set(stored)) == 300
    assert sorted(rows) == sorted(f"第{n}次投诉" for n in range(300))
