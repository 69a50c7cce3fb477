"""What both clients have in common: requests made, answers read, tries counted. Nothing here sends or waits."""

from __future__ import annotations

import json
import random
import re
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx
from pydantic import ValidationError

from tousu.client.replies import ItemError, Reply, ServiceError, Tagging

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from datetime import datetime

RETRIED = frozenset({429, 502, 503, 504})
TOO_LARGE = 413
MOST_PER_CALL = 1000
BYTES_PER_CALL = 2 * 1024 * 1024  # half of what a service takes by default
HEADER_VALUE = re.compile(r"[\x21-\x7e]{1,200}")
INVALID = "validation_failed"
NO_TEXT = "含有不成对的代理字符（半个字），不是合法的 Unicode 文字"
LONGEST_WAIT = 30.0
JSON = {"Content-Type": "application/json"}
ODD = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)  # all that httpx raises
Shape = TypeVar("Shape", bound=Reply)


@dataclass(frozen=True, slots=True)
class Call:
    """A request to be sent; ``pieces`` gives a body that is not held in memory, anew for each try."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    pieces: Callable[[], Iterator[bytes]] | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A text of a batch: its JSON, or why it has none."""

    id: str
    body: bytes
    error: ItemError | None = None

    @classmethod
    def of(cls, text_id: str, text: str) -> Self:
        """Return a text with its id as an item."""
        try:
            return cls(text_id, encoded({"id": text_id, "text": text}))
        except ServiceError:
            sound = _is_text(text_id)
            field = "text" if sound else "id"
            error = ItemError(id=text_id if sound else None, code=INVALID, message=f"{field}：{NO_TEXT}", field=field)
            return cls(text_id, b"", error)


def options_of(url: str, key: str | None, timeout: float) -> dict[str, Any]:
    """Return the options of the HTTP client for a service.

    Raises:
        ServiceError: The key has characters no key has, or the address is none.
    """
    if key and not HEADER_VALUE.fullmatch(key):
        raise ServiceError("密钥里有空格、汉字或换行，应为 tousu_… 一串", status=None, code="key_refused")
    try:
        base = httpx.URL(url.rstrip("/"))
    except (httpx.InvalidURL, TypeError):
        base = httpx.URL("")
    if base.scheme not in ("http", "https") or not base.host:
        raise ServiceError("服务的地址不对，应为 http:// 或 https:// 开头", status=None, code=INVALID)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    # The address is given; proxy settings meant for other traffic must not lead complaints elsewhere.
    return {"base_url": base, "headers": headers, "timeout": timeout, "trust_env": False}


def classify(text: str, text_id: str | None, *, evidence: bool) -> Call:
    """Return the call that tags one text."""
    body: dict[str, Any] = {"text": text, "evidence": evidence}
    if text_id is not None:
        body["id"] = text_id
    return Call("POST", "/v1/classify", encoded(body), JSON)


def correct(fields: dict[str, Any], idempotency_key: str | None) -> Call:
    """Return the call that stores a correction.

    Raises:
        ServiceError: A field or the key cannot be sent.
    """
    body = {name: value for name, value in fields.items() if value is not None}
    if idempotency_key is not None and not HEADER_VALUE.fullmatch(idempotency_key):
        raise ServiceError(
            "idempotency_key：应为 1 到 200 个英文字母、数字或标点，不含空格与汉字", status=None, code=INVALID
        )
    return Call(
        "POST", "/v1/corrections", encoded(body), JSON | {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
    )


def export(since: datetime | None, until: datetime | None) -> Call:
    """Return the call that exports corrections."""
    window = {"since": since, "until": until}
    params = {name: moment.isoformat() for name, moment in window.items() if moment is not None}
    return Call("GET", "/v1/corrections/export", params=params)


def batches(items: Iterable[tuple[str, str]]) -> Iterator[list[Item]]:
    """Yield (id, text) pairs as items, as many at a time as one call takes."""
    batch: list[Item] = []
    size = 0
    for text_id, text in items:
        item = Item.of(text_id, text)
        if batch and (size + len(item.body) > BYTES_PER_CALL or len(batch) == MOST_PER_CALL):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.body)
    if batch:
        yield batch


def tag_batch(items: list[Item]) -> Generator[Call, httpx.Response, list[Tagging | ItemError]]:
    """Tag items: yields calls, is sent their answers, returns an answer for each item."""
    sound = [item for item in items if item.error is None]
    answers = iter((yield from _tag(sound)) if sound else [])
    return [item.error or next(answers) for item in items]


def _tag(items: Sequence[Item]) -> Generator[Call, httpx.Response, list[Tagging | ItemError]]:
    """Tag items by one call, or by more if the service finds it too large."""
    body = b'{"items":[' + b",".join([item.body for item in items]) + b"]}"
    try:
        response = yield Call("POST", "/v1/classify/batch", body, JSON)
    except ServiceError as error:
        if error.status != TOO_LARGE:
            raise
        if len(items) == 1:
            return [ItemError(id=items[0].id, code=error.code, message=f"text：{error}", field="text")]
        half = len(items) // 2
        return [*(yield from _tag(items[:half])), *(yield from _tag(items[half:]))]
    return _batch_of(response, len(items))


def _batch_of(response: httpx.Response, count: int) -> list[Tagging | ItemError]:
    """Return the answers to a batch.

    Raises:
        ServiceError: The answer is not one for so many items.
    """
    try:
        answers = response.json()["items"]
        if len(answers) != count:
            raise ValueError("another number of items")
        return [
            ItemError.model_validate({"id": item.get("id")} | item["error"])
            if item.get("error")
            else Tagging.model_validate(item)
            for item in answers
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise odd_answer(response) from error


def read(response: httpx.Response, shape: type[Shape]) -> Shape:
    """Return an answer as its type.

    Raises:
        ServiceError: It is something else, such as a page of a proxy.
    """
    try:
        return shape.model_validate_json(response.content)
    except ValidationError as error:
        raise odd_answer(response) from error


def row_of(line: str, response: httpx.Response) -> dict[str, Any]:
    """Return a line of an export.

    Raises:
        ServiceError: It is no JSON object.
    """
    try:
        row = json.loads(line)
    except ValueError as error:
        raise odd_answer(response) from error
    if not isinstance(row, dict):
        raise odd_answer(response)
    return row


def pause_after(response: httpx.Response, attempt: int, *, last: bool) -> float | None:
    """Return how long to wait before the next try, or None if the answer is one.

    Raises:
        ServiceError: The service refused, or the last try is over.
    """
    if response.is_success:
        return None
    if last or response.status_code not in RETRIED:
        raise _refused(response)
    return _pause(attempt, response.headers.get("Retry-After"))


def pause_without(error: Exception, attempt: int, *, last: bool) -> float:
    """Return how long to wait before the next try after there was no answer, or none that could be read.

    Raises:
        ServiceError: The last try is over, or another one cannot help.
    """
    if last or not isinstance(error, httpx.TransportError) or isinstance(error, httpx.UnsupportedProtocol):
        raise unreachable(error) from error
    return _pause(attempt, None)


def unreachable(error: Exception, response: httpx.Response | None = None) -> ServiceError:
    """Return the error for a service that gave no answer, or broke off in the middle of one."""
    if response is None:
        return ServiceError(f"连不上服务：{error or type(error).__name__}", status=None, code="unreachable")
    message = f"回答中途断开：{error or type(error).__name__}"
    return ServiceError(message, status=response.status_code, code="unreachable", request_id=_request_id(response))


def odd_answer(response: httpx.Response) -> ServiceError:
    """Return the error for an answer that is not this service's."""
    message = f"回答不是这个服务的（{response.status_code}，{response.headers.get('Content-Type', '没有类型')}），请检查地址与代理"
    return ServiceError(message, status=response.status_code, code="answer_invalid", request_id=_request_id(response))


def encoded(body: dict[str, Any]) -> bytes:
    """Return a body as JSON.

    Raises:
        ServiceError: A text in it is none, or a value has no JSON.
    """
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        wrong = next((name for name, value in body.items() if isinstance(value, str) and not _is_text(value)), "codes")
        raise ServiceError(f"{wrong}：{NO_TEXT}", status=None, code=INVALID) from None
    except TypeError as error:
        raise ServiceError(f"不能写成 JSON：{error}", status=None, code=INVALID) from None


def _is_text(value: object) -> bool:
    """Return whether a value is a string that can be sent: Python's may hold halves of characters."""
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)


def _pause(attempt: int, told: str | None) -> float:
    """Return the seconds to wait before the next try: what the service said, else ever longer, never in step."""
    if told is not None and told.isdigit():
        return min(float(told), LONGEST_WAIT)
    longest: float = min(0.1 * 2.0**attempt, LONGEST_WAIT)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 -- no secret


def _request_id(response: httpx.Response) -> str:
    return str(response.headers.get("X-Request-ID", ""))


def _refused(response: httpx.Response) -> ServiceError:
    """Return the error a refusing answer tells of."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    return ServiceError(
        str(body.get("message") or f"服务返回 {response.status_code}"),
        status=response.status_code, code=str(body.get("error", "http_error")),
        request_id=str(body.get("request_id") or _request_id(response)),
    )  # fmt: skip
