"""What every route asks of a request: the kind of body, the names of parameters, the method."""

from __future__ import annotations

import time

import pytest

from tests.e2e.conftest import NDJSON, ask, new_key, running

BODIES = {
    "/v1/classify": b'{"text": "\xe7\x94\xb5\xe6\xa2\xaf"}',
    "/v1/classify/batch": b'{"items": [{"id": "1", "text": "\xe7\x94\xb5\xe6\xa2\xaf"}]}',
    "/v1/classify/stream": b'{"text": "\xe7\x94\xb5\xe6\xa2\xaf"}\n',
    "/v1/corrections": b'{"text": "\xe7\x94\xb5\xe6\xa2\xaf", "codes": ["elevator"], "by": "3"}',
    "/v1/models/activate": b'{"model": "none", "why": "3"}',
    "/v1/models/rollback": b'{"why": "3"}',
}
SOUND = {"/v1/corrections": 201, "/v1/models/activate": 404, "/v1/models/rollback": 404}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    """A server, and the headers of a key for everything."""
    with running(tmp_path_factory.mktemp("keyed")) as server:
        key = new_key(server, "classify", "correct", "admin")
        while ask(server, "GET", "/v1/model").status_code != 401:  # it learns of the first key in a moment
            time.sleep(0.1)
        yield server, {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize("path", BODIES)
def test_a_body_says_what_it_is(keyed, path):
    server, key = keyed
    right = "application/x-ndjson" if path.endswith("stream") else "application/json"
    other = "application/json" if path.endswith("stream") else "application/x-ndjson"
    for kind in ("", "application/x-www-form-urlencoded", "text/plain", "text/html", "application/problem+json", other):
        headers = key | ({"Content-Type": kind} if kind else {})
        reply = ask(server, "POST", path, content=BODIES[path], headers=headers)
        assert (reply.status_code, reply.json()["error"]) == (415, "media_type_unsupported"), kind
        assert right in reply.json()["message"]
    for kind in (right, f"{right}; charset=utf-8", right.title()):
        reply = ask(server, "POST", path, content=BODIES[path], headers=key | {"Content-Type": kind})
        assert reply.status_code == SOUND.get(path, 200), reply.text
    assert ask(server, "POST", path, content=BODIES[path], headers={"Content-Type": "a/b"}).status_code == 401


def test_a_parameter_no_route_has_is_refused(keyed):
    server, key = keyed
    api = ask(server, "GET", "/openapi.json").json()
    asked = [(method, path) for path, methods in api["paths"].items() for method in methods if path.startswith("/v1/")]
    assert len(asked) >= 12
    for method, path in asked:
        kind = "application/x-ndjson" if path.endswith("stream") else "application/json"
        headers = key | ({"Content-Type": kind} if method == "post" else {})
        reply = ask(server, method.upper(), f"{path}?sinse=2026", content=BODIES.get(path), headers=headers)
        assert (reply.status_code, reply.json()["field"]) == (422, "sinse"), (path, reply.text)
    reply = ask(server, "GET", "/v1/corrections/export?since=2026-01-01T00:00:00&sinse=2026", headers=key)
    assert "since、until" in reply.json()["message"]
    assert ask(server, "GET", "/v1/corrections/export?since=2026-01-01T00:00:00", headers=key).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/", "/static/docs.css", "/openapi.json"])
def test_head_is_get_without_the_body(web, path):
    head, get = web.head(path), web.get(path)
    assert head.status_code == get.status_code < 400
    assert head.content == b""
    for name in ("content-type", "content-length"):
        assert head.headers.get(name) == get.headers.get(name)


def test_head_is_not_an_operation_of_its_own(web):
    assert not [path for path, methods in web.get("/openapi.json").json()["paths"].items() if "head" in methods]


CORRECTION = {"text": "电梯", "codes": ["elevator"], "by": "3"}


@pytest.mark.parametrize(
    ("path", "body", "headers", "says"),
    [
        ("/v1/corrections", CORRECTION, {"Idempotency-Key": "a b"}, "1 到 200 个英文字母、数字或标点"),
        ("/v1/corrections", CORRECTION, {"Idempotency-Key": "a" * 201}, "1 到 200 个英文字母、数字或标点"),
        ("/v1/corrections", CORRECTION | {"why": "a\0b"}, {}, "why：不能含空字符"),
        ("/v1/corrections", CORRECTION | {"by": "a\nb"}, {}, "by：不能含换行"),
        ("/v1/corrections", CORRECTION | {"text": " "}, {}, "text：不能全是空白"),
        ("/v1/models/activate", {"model": "x", "why": "a\nb"}, {}, "why：不能含换行"),
        ("/v1/models/activate", {"model": "x", "why": "\x1b[31m红"}, {}, "why：不能含换行"),
        ("/v1/models/rollback", {"why": "\x9b31m红"}, {}, "why：不能含换行"),
    ],
)
def test_a_value_that_does_not_fit_is_told_what_would(keyed, path, body, headers, says):
    server, key = keyed
    reply = ask(server, "POST", path, json=body, headers=key | headers)
    assert reply.status_code == 422
    assert says in reply.json()["message"]


@pytest.mark.parametrize("half", [r"\ud800", r"\udc00", r"\ud800\ud800", r"\ud800x"])
def test_half_a_character_is_called_so(web, half):
    body = '{"text": "电梯", "id": "%s"}' % half  # noqa: UP031
    one = web.post("/v1/classify", content=body.encode(), headers={"Content-Type": "application/json"})
    assert (one.status_code, one.json()["error"]) == (400, "json_invalid")
    assert "不成对的代理字符" in one.json()["message"]
    line = web.post("/v1/classify/stream", content=body.encode(), headers=NDJSON)
    assert "不成对的代理字符" in line.json()["error"]["message"]
    other = web.post("/v1/classify", content=rb'{"text": "\u12zz"}', headers={"Content-Type": "application/json"})
    assert "不是合法的 JSON" in other.json()["message"]
