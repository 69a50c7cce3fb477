"""Texts in, taggings out: one, a batch, a stream, and what is refused."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import NDJSON
from tousu.taxonomy import load_taxonomy

if TYPE_CHECKING:
    import httpx

LIFT = "小区电梯困人两次，物业说没钱修，要求处理"
BREAD = "在网上买的面包发霉了，商家不退款"


def test_one_text(web, shipped):
    reply = web.post("/v1/classify", json={"text": LIFT, "id": "GD1"})
    assert reply.status_code == 200
    body = reply.json()
    assert body.pop("request_id") == reply.headers["x-request-id"]
    assert body.pop("id") == "GD1"
    assert body == shipped.tag(LIFT).to_dict()
    assert body["primary"] == "elevator"


def test_the_id_is_optional_and_the_reply_says_so(web):
    assert web.post("/v1/classify", json={"text": LIFT}).json()["id"] is None


def test_evidence_are_spans_of_the_raw_text(web):
    text = "ＡＢ　" + LIFT
    body = web.post("/v1/classify", json={"text": text, "evidence": True}).json()
    assert body["evidence"]
    for span in body["evidence"]:
        assert text[span["start"] : span["end"]] == span["text"]
    assert any("电梯" in span["text"] and span["weight"] > 0 for span in body["evidence"])


def test_a_request_id_of_the_clients_own_comes_back_unless_it_is_unsound(web):
    assert web.post("/v1/classify", json={"text": LIFT}, headers={"X-Request-ID": "gd-1.2_3"}).json()["request_id"] == (
        "gd-1.2_3"
    )
    assert web.get("/healthz", headers={"X-Request-ID": "a b" * 30}).headers["x-request-id"] != "a b" * 30


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({}, "text", "缺少"),
        ({"text": ""}, "text", "不能为空"),
        ({"text": " \n\u3000\t"}, "text", "不能全是空白"),
        ({"text": 1}, "text", "应为字符串"),
        ({"text": None}, "text", "应为字符串"),
        ({"text": "字" * 20_001}, "text", "最长 20000 字，收到 20001 字"),
        ({"text": LIFT, "id": 7}, "id", "应为字符串"),
        ({"text": LIFT, "id": "x" * 201}, "id", "最长 200 字"),
        ({"text": LIFT, "evidence": "也许"}, "evidence", "true 或 false"),
        ({"text": LIFT, "txet": 1}, "txet", "没有这一项"),
        ([LIFT], None, "应为 JSON 对象"),
        ("电梯", None, "应为 JSON 对象"),
    ],
)
def test_wrong_fields_are_named_in_chinese(web, body, field, says):
    reply = web.post("/v1/classify", json=body)
    assert reply.status_code == 422
    told = reply.json()
    assert (told["error"], told.get("field")) == ("validation_failed", field)
    assert says in told["message"]
    assert told["request_id"]


@pytest.mark.parametrize(
    ("content", "kind", "status", "says"),
    [
        (b"", "application/json", 400, "空的"),
        (b'{"text": "a"', "application/json", 400, "不是合法的 JSON"),
        (b'{"text": "\\ud800"}', "application/json", 400, "不成对的代理字符"),
        ('{"text": "投诉"}'.encode("gb18030"), "application/json", 400, "不是 UTF-8"),
        (b'{"text": "a"}', "text/plain", 415, "Content-Type"),
        (b'{"text": "a"}', "application/x-www-form-urlencoded", 415, "application/json"),
    ],
)
def test_bodies_that_are_no_json(web, content, kind, status, says):
    reply = web.post("/v1/classify", content=content, headers={"Content-Type": kind})
    assert reply.status_code == status
    assert says in reply.json()["message"]


def test_compressed_bodies_are_refused_by_name(web):
    reply = web.post(
        "/v1/classify", content=b"\x1f\x8b", headers={"Content-Type": "application/json", "Content-Encoding": "gzip"}
    )
    assert (reply.status_code, reply.json()["error"]) == (415, "media_type_unsupported")


@pytest.mark.parametrize(
    "text", ["😀😀😀", "\x00\x01\x02", "hello world", "　。\n\t", "!" * 20_000, "﷽" * 5000, "\u202e\u0301"]
)
def test_odd_texts_get_an_answer(web, text):
    reply = web.post("/v1/classify", json={"text": text, "evidence": True})
    assert reply.status_code == 200
    assert reply.json()["decision"] in {"auto", "review"}


def test_a_batch_keeps_the_order_and_one_bad_item_costs_only_itself(web, shipped):
    items = [
        {"id": "1", "text": LIFT}, {"id": "2", "text": ""}, {"id": "3"}, 4, {"id": "5", "text": "字" * 20_001},
        {"text": LIFT}, {"id": "7", "text": BREAD}, {"id": "8", "text": " \n"},
    ]  # fmt: skip
    reply = web.post("/v1/classify/batch", json={"items": items})
    assert reply.status_code == 200
    rows = reply.json()["items"]
    assert [row["id"] for row in rows] == ["1", "2", "3", None, "5", None, "7", "8"]
    assert rows[0] == {"id": "1"} | shipped.tag(LIFT).to_dict()
    assert rows[6] == {"id": "7"} | shipped.tag(BREAD).to_dict()
    assert rows[7]["error"]["message"] == "text：不能全是空白"
    assert [row["error"]["field"] for row in rows[1:6]] == ["text", "text", "", "text", "id"]
    assert reply.json()["model"] == shipped.version


def test_a_full_batch_and_one_too_many(web, shipped):
    texts = [f"{LIFT}，第{n}次" for n in range(1000)]
    rows = web.post("/v1/classify/batch", json={"items": [{"id": str(n), "text": t} for n, t in enumerate(texts)]})
    assert [row["primary"] for row in rows.json()["items"]] == [tagging.primary for tagging in shipped.tag_many(texts)]
    for count in (0, 1001):
        reply = web.post("/v1/classify/batch", json={"items": [{"id": "1", "text": LIFT}] * count})
        assert (reply.status_code, reply.json()["field"]) == (422, "items")


def test_a_stream_answers_line_by_line(web, shipped):
    lines = ['{"id": "1", "text": "%s"}' % LIFT, "", '{"text": "%s"}' % BREAD, "{", '{"id": "5"}', '"a"', "x" * 300_000]  # noqa: UP031
    reply = web.post("/v1/classify/stream", content="\n".join(lines).encode(), headers=NDJSON)
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert reply.headers["tousu-model"] == shipped.version
    rows = [json.loads(line) for line in reply.text.splitlines()]
    assert rows[0] == {"id": "1"} | shipped.tag(LIFT).to_dict()
    assert rows[1] == {"id": None} | shipped.tag(BREAD).to_dict()
    assert [row["error"]["code"] for row in rows[2:]] == [
        "json_invalid", "validation_failed", "validation_failed", "validation_failed",
    ]  # fmt: skip


def test_a_stream_answers_while_it_is_still_being_sent(service):
    """Each line is sent only after the answer to the one before has come."""
    answered, sent = threading.Semaphore(1), 0

    def lines():
        nonlocal sent
        for number in range(20):
            assert answered.acquire(timeout=10)
            sent += 1
            yield f'{{"id": "{number}", "text": "{LIFT}"}}\n'.encode()

    # httpx sends all before it reads: a plain socket can do both.
    import socket

    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as plain:
        plain.sendall(b"POST /v1/classify/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n")
        plain.sendall(b"Transfer-Encoding: chunked\r\n\r\n")
        file = plain.makefile("rb")
        for line in lines():
            plain.sendall(b"%x\r\n%s\r\n" % (len(line), line))
            while not (got := file.readline()).startswith(b'{"id"'):
                assert got, "the stream broke off"
            assert json.loads(got)["id"] == str(sent - 1)
            answered.release()
        plain.sendall(b"0\r\n\r\n")
        assert file.read(2) == b"\r\n"


def test_the_taxonomy_on_a_day(web):
    names = {domain["code"]: domain for domain in web.get("/v1/taxonomy").json()["domains"]}
    assert tuple(names) == load_taxonomy().codes
    early, late = (web.get("/v1/taxonomy", params={"on": day}).json() for day in ("2026-04-14", "2026-04-15"))
    assert (early["on"], late["on"]) == ("2026-04-14", "2026-04-15")
    assert early["deadlines"] != late["deadlines"]
    wrong = web.get("/v1/taxonomy", params={"on": "昨天"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "on")


def test_the_model_says_what_it_is(web, shipped):
    body = web.get("/v1/model").json()
    assert (body["version"], tuple(body["domains"])) == (shipped.version, shipped.domains)
    assert body["since"].endswith("+08:00")


def test_unknown_places_and_methods(web: httpx.Client):
    assert (web.get("/v1/nothing").status_code, web.get("/v1/classify").status_code) == (404, 405)
    for reply in (web.get("/v1/nothing"), web.put("/v1/classify"), web.delete("/v1/taxonomy")):
        assert set(reply.json()) == {"error", "message", "request_id"}


def test_a_stream_can_be_answered_after_its_end(web):
    """For a client that sends all before it reads: 20 MB, where an answer meanwhile would hold both up."""
    line = (json.dumps({"id": "1", "text": "小区电梯困人两次。" * 60}, ensure_ascii=False) + "\n").encode()
    count = 20 * 1024 * 1024 // len(line)
    pieces = (line * 100 for _ in range(count // 100))
    reply = web.post("/v1/classify/stream", content=pieces, headers=NDJSON | {"Tousu-Answer": "after"}, timeout=120)
    answers = reply.text.splitlines()
    assert reply.status_code == 200
    assert len(answers) == count // 100 * 100
    assert set(answers) == {answers[0]}
    assert web.post("/v1/classify/stream", content=b"", headers=NDJSON | {"Tousu-Answer": "after"}).text == ""
    assert web.post("/v1/classify/stream", content=b"", headers=NDJSON | {"Tousu-Answer": "never"}).status_code == 422
