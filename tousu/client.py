"""A client of the service, for programs: typed replies, retries, idempotent corrections."""

from __future__ import annotations

import json
import random
import time
import uuid
from typing import TYPE_CHECKING, Any, Literal, Self

import httpx
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from types import TracebackType

RETRIED = frozenset({429, 503})
MOST_PER_CALL = 1000
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
        code: The service's stable name for the error, or ``unreachable``.
        request_id: To find the request in the service's log.
    """

    def __init__(self, message: str, *, status: int | None, code: str, request_id: str = "") -> None:
        self.status, self.code, self.request_id = status, code, request_id
        super().__init__(message)


class Client:
    """A client of one service. Thread-safe; close it, or use it in a ``with``.

    Args:
        url: Address of the service, with the sub-path if it has one.
        key: The API key, if the service asks for one.
        timeout: Seconds until a request counts as failed.
        retries: How often a request is tried again after no answer, 429 or 503, waiting ever longer.
    """

    def __init__(self, url: str, key: str | None = None, *, timeout: float = 10.0, retries: int = 5) -> None:
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
        return Tagging.model_validate_json(self._call("POST", "/v1/classify", body).content)

    def classify_batch(self, items: Iterable[tuple[str, str]]) -> Iterator[Tagging | ItemError]:
        """Tag (id, text) pairs, however many; yields one answer for each, in their order.

        Raises:
            ServiceError: The service refused a whole call or could not be reached.
        """
        batch: list[dict[str, str]] = []
        for text_id, text in items:
            batch.append({"id": text_id, "text": text})
            if len(batch) == MOST_PER_CALL:
                yield from self._batch(batch)
                batch = []
        if batch:
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
            idempotency_key: Give your own to make repeated runs of your program safe too.

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
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        return Correction.model_validate_json(self._call("POST", "/v1/corrections", body, headers=headers).content)

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

    def _batch(self, items: list[dict[str, str]]) -> Iterator[Tagging | ItemError]:
        """Tag up to ``MOST_PER_CALL`` items by one request."""
        answer = self._call("POST", "/v1/classify/batch", {"items": items}).json()
        for item in answer["items"]:
            failed = item.get("error")
            yield ItemError.model_validate({"id": item.get("id")} | failed) if failed else Tagging.model_validate(item)

    def _call(
        self, method: str, path: str, body: dict[str, Any], *, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send a request with a JSON body and return the answer."""
        return self._send(self._http.build_request(method, path, json=body, headers=headers))

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
