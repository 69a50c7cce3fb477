"""The blocking client."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

import httpx

from tousu.client import calls
from tousu.client.replies import Correction, ItemError, ServiceError, Tagging

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from types import TracebackType


class Client:
    """A client of one service. Thread-safe; close it, or use it in a ``with``.

    Args:
        url: Address of the service, with the sub-path if it has one.
        key: The API key, if the service asks for one.
        timeout: Seconds until a request counts as failed.
        retries: How often a request is tried again after no answer, 429, 502, 503 or 504, waiting ever longer.

    Raises:
        ServiceError: The key has characters no key has, or the address is none.
    """

    def __init__(self, url: str, key: str | None = None, *, timeout: float = 10.0, retries: int = 5) -> None:
        self._http = httpx.Client(**calls.options_of(url, key, timeout))
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
        return calls.read(self._send(calls.classify(text, id, evidence=evidence)), Tagging)

    def classify_batch(self, items: Iterable[tuple[str, str]]) -> Iterator[Tagging | ItemError]:
        """Tag (id, text) pairs, however many and long; yields one answer for each, in their order.

        A text that cannot be sent, or is too long for the service, gets an ``ItemError`` of its own.

        Raises:
            ServiceError: The service refused a whole call or could not be reached.
        """
        for batch in calls.batches(items):
            yield from self._tagged(batch)

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
            "text": text, "text_id": text_id, "codes": list(codes), "online": online, "by": by, "why": why, "model": model,
        }  # fmt: skip
        return calls.read(self._send(calls.correct(fields, idempotency_key)), Correction)

    def export(self, *, since: datetime | None = None, until: datetime | None = None) -> Iterator[dict[str, Any]]:
        """Yield the corrections as labelled rows, as ``tousu train`` takes them.

        Raises:
            ServiceError: The service refused, could not be reached, or broke off: then not all was yielded.
        """
        response = self._send(calls.export(since, until), stream=True)
        try:
            for line in response.iter_lines():
                yield calls.row_of(line, response)
        except calls.ODD as error:
            raise calls.unreachable(error, response) from error
        finally:
            response.close()

    def _tagged(self, items: list[calls.Item]) -> list[Tagging | ItemError]:
        """Tag the items of a batch by as many calls as it takes."""
        steps = calls.tag_batch(items)
        try:
            call = next(steps)
            while True:
                try:
                    response = self._send(call)
                except ServiceError as error:
                    call = steps.throw(error)
                else:
                    call = steps.send(response)
        except StopIteration as done:
            answers: list[Tagging | ItemError] = done.value
            return answers

    def _send(self, call: calls.Call, *, stream: bool = False) -> httpx.Response:
        """Send a request, again after no answer, 429, 502, 503 or 504.

        Raises:
            ServiceError: The last try failed too, or the service refused.
        """
        request = self._http.build_request(
            call.method, call.path, content=call.body, headers=call.headers, params=call.params
        )
        attempt = 0
        while True:
            last = attempt >= self._retries
            try:
                response = self._http.send(request, stream=stream)
                if not response.is_success:
                    response.read()
            except calls.ODD as error:
                pause = calls.pause_without(error, attempt, last=last)
            else:
                found = calls.pause_after(response, attempt, last=last)
                if found is None:
                    return response
                pause = found
            time.sleep(pause)
            attempt += 1
