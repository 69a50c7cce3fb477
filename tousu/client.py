"""A client of the service, for programs: typed replies, retries, idempotent corrections."""

from __future__ import annotations

import json
import random
import re
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import httpx
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from types import TracebackType

RETRIED = frozenset({429, 503})
TOO_LARGE = 413
MOST_PER_CALL = 1000
BYTES_PER_CALL = 2 * 1024 * 1024  # half of what a service takes by default
HEADER_VALUE = re.compile(r"[\x21-\x7e]{1,200}")
INVALID = "validation_failed"
NO_TEXT = "含有不成对的代理字符（半个字），不是合法的 Unicode 文字"
LONGEST_WAIT = 30.0


class Reply(BaseModel):
    """A reply's fields; ones a newer service adds are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Evidence(Reply):
    """A span of the text and its weight."""

    start: int
    end: int
    text: str
    weight: float


class Tagging(Reply):
    """What the service says of one text."""

    id: str | None = None
    primary: str
    codes: tuple[str, ...]
    probabilities: dict[str, float]
    decision: Literal["auto", "review"]
    online: bool
    model: str
    evidence: tuple[Evidence, ...] | None = None


class ItemError(Reply):
    """Why one text of a batch got no tagging."""

    id: str | None = None
    code: str
    message: str
    field: str = ""


class Correction(Reply):
    """A correction as the service stored it."""

    id: int
    at: str
    text_id: str | None
    text: str
    masked: bool
    codes: tuple[str, ...]
    online: bool | None
    by: str
    why: str | None
    model: str | None


class ServiceError(Exception):
    """The service refused a request, or could not be reached however often it was tried.

    Attributes:
        status: The HTTP status, None when there was no answer.
        code: The service's stable name for the error, or ``unreachable``; ``validation_failed`` or ``key_refused``
            without a status is for what cannot even be sent.
        request_id: To find the request in the service's log.
    """

    def __init__(self, message: str, *, status: int | None, code: str, request_id: str = "") -> None:
        self.status, self.code, self.request_id = status, code, request_id
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class _Item:
    """A text of a batch: its JSON, or why it has none."""

    id: str
    body: bytes
    error: ItemError | None = None

    @classmethod
    def of(cls, text_id: str, text: str) -> Self:
        """Return a text with its id as an item."""
        try:
            return cls(text_id, _encoded({"id": text_id, "text": text}))
        except ServiceError:
            sound = _is_text(text_id)
            field = "text" if sound else "id"
            error = ItemError(id=text_id if sound else None, code=INVALID, message=f"{field}：{NO_TEXT}", field=field)
            return cls(text_id, b"", error)


class Client:
    """A client of one service. Thread-safe; close it, or use it in a ``with``.

    Args:
        url: Address of the service, with the sub-path if it has one.
        key: The API key, if the service asks for one.
        timeout: Seconds until a request counts as failed.
        retries: How often a request is tried again after no answer, 429 or 503, waiting ever longer.

    Raises:
        ServiceError: The key has characters no key has.
    """

    def __init__(self, url: str, key: str | None = None, *, timeout: float = 10.0, retries: int = 5) -> None:
        if key and not HEADER_VALUE.fullmatch(key):
            raise ServiceError("密钥里有空格、汉字或换行，应为 tousu_… 一串", status=None, code="key_refused")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # The address is given; proxy settings meant for other traffic must not lead complaints elsewhere.
        self._http = httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=timeout, trust_env=False)
        self._retries = retries

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def classify(self, text: str, *, id: str | None = None, evidence: bool = False) -> Tagging:  # noqa: A002
        """Tag one text.

        Raises:
            ServiceError: The service refused or could not be reached.
        """
        body: dict[str, Any] = {"text": text, "evidence": evidence}
        if id is not None:
            body["id"] = id
        return Tagging.model_validate_json(self._call("POST", "/v1/classify", _encoded(body)).content)

    def classify_batch(self, items: Iterable[tuple[str, str]]) -> Iterator[Tagging | ItemError]:
        """Tag (id, text) pairs, however many and long; yields one answer for each, in their order.

        A text that cannot be sent, or is too long for the service, gets an ``ItemError`` of its own.

        Raises:
            ServiceError: The service refused a whole call or could not be reached.
        """
        batch: list[_Item] = []
        size = 0
        for text_id, text in items:
            item = _Item.of(text_id, text)
            if batch and size + len(item.body) > BYTES_PER_CALL:
                yield from self._batch(batch)
                batch, size = [], 0
            batch.append(item)
            size += len(item.body)
            if len(batch) == MOST_PER_CALL:
                yield from self._batch(batch)
                batch, size = [], 0
        yield from self._batch(batch)

    def correct(
        self, *, codes: Sequence[str], by: str, text: str | None = None, text_id: str | None = None,
        online: bool | None = None, why: str | None = None, model: str | None = None,
        idempotency_key: str | None = None,
    ) -> Correction:  # fmt: skip
        """Store a correction; when this returns it is kept, and retries have not stored it twice.

        Args:
            codes: The right codes, the primary first.
            by: Who corrected.
            text: The complaint's text; needed the first time a ``text_id`` is corrected.
            text_id: Your id of the text.
            online: The right answer to the facet, if known.
            why: Reason.
            model: Version of the model that was corrected.
            idempotency_key: Give your own to make repeated runs of your program safe too: 1 to 200 visible ASCII
                characters.

        Raises:
            ServiceError: The service refused or could not be reached.
        """
        fields = {
            "text": text,
            "text_id": text_id,
            "codes": list(codes),
            "online": online,
            "by": by,
            "why": why,
            "model": model,
        }
        body = {name: value for name, value in fields.items() if value is not None}
        if idempotency_key is not None and not HEADER_VALUE.fullmatch(idempotency_key):
            raise ServiceError(
                "idempotency_key：应为 1 到 200 个英文字母、数字或标点，不含空格与汉字", status=None, code=INVALID
            )
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        answer = self._call("POST", "/v1/corrections", _encoded(body), headers=headers)
        return Correction.model_validate_json(answer.content)

    def export(self, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[dict[str, Any]]:
        """Yield the corrections as labelled rows, as ``tousu train`` takes them.

        Raises:
            ServiceError: The service refused, could not be reached, or broke off: then not all was yielded.
        """
        window = {"since": since, "until": until}
        params = {name: moment.isoformat() for name, moment in window.items() if moment is not None}
        request = self._http.build_request("GET", "/v1/corrections/export", params=params)
        response = self._send(request, stream=True)
        try:
            for line in response.iter_lines():
                yield json.loads(line)
        except httpx.TransportError as error:
            raise ServiceError(f"导出中途断开：{error}", status=None, code="unreachable") from error
        finally:
            response.close()

    def _batch(self, items: list[_Item]) -> Iterator[Tagging | ItemError]:
        """Yield the answers to up to ``MOST_PER_CALL`` items."""
        answers = iter(self._tagged([item for item in items if item.error is None]))
        for item in items:
            yield item.error or next(answers)

    def _tagged(self, items: list[_Item]) -> list[Tagging | ItemError]:
        """Tag items by one request, or by more if the service finds it too large."""
        if not items:
            return []
        body = b'{"items":[' + b",".join([item.body for item in items]) + b"]}"
        try:
            answer = self._call("POST", "/v1/classify/batch", body).json()
        except ServiceError as error:
            if error.status != TOO_LARGE:
                raise
            if len(items) == 1:
                return [ItemError(id=items[0].id, code=error.code, message=f"text：{error}", field="text")]
            half = len(items) // 2
            return self._tagged(items[:half]) + self._tagged(items[half:])
        return [
            ItemError.model_validate({"id": item.get("id")} | item["error"])
            if item.get("error")
            else Tagging.model_validate(item)
            for item in answer["items"]
        ]

    def _call(self, method: str, path: str, body: bytes, *, headers: dict[str, str] | None = None) -> httpx.Response:
        """Send a request with a JSON body and return the answer."""
        kind = {"Content-Type": "application/json"}
        return self._send(self._http.build_request(method, path, content=body, headers=kind | (headers or {})))

    def _send(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        """Send a request, again after no answer, 429 or 503.

        Raises:
            ServiceError: The last try failed too, or the service refused.
        """
        for attempt in range(self._retries + 1):
            last = attempt == self._retries
            try:
                response = self._http.send(request, stream=stream)
            except httpx.TransportError as error:
                if last:
                    raise ServiceError(f"连不上服务：{error}", status=None, code="unreachable") from error
                time.sleep(_pause(attempt, None))
                continue
            if response.is_success:
                return response
            response.read()
            if last or response.status_code not in RETRIED:
                raise _refused(response)
            response.close()
            time.sleep(_pause(attempt, response.headers.get("Retry-After")))
        raise AssertionError("unreachable")


def _encoded(body: dict[str, Any]) -> bytes:
    """Return a body as JSON.

    Raises:
        ServiceError: A text in it is none.
    """
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        wrong = next((name for name, value in body.items() if isinstance(value, str) and not _is_text(value)), "codes")
        raise ServiceError(f"{wrong}：{NO_TEXT}", status=None, code=INVALID) from None


def _is_text(value: str) -> bool:
    """Return whether a string can be sent: Python's may hold halves of characters."""
    return not any("\ud800" <= char <= "\udfff" for char in value)


def _pause(attempt: int, told: str | None) -> float:
    """Return the seconds to wait before the next try: what the service said, else ever longer, never in step."""
    if told is not None and told.isdigit():
        return min(float(told), LONGEST_WAIT)
    longest: float = min(0.1 * 2.0**attempt, LONGEST_WAIT)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 -- no secret


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
        request_id=str(body.get("request_id") or response.headers.get("X-Request-ID", "")),
    )  # fmt: skip
