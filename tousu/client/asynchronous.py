"""The asynchronous client: the same calls as the blocking one, to be awaited."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx

from tousu.client import calls, files
from tousu.client.replies import Correction, ItemError, Job, ServiceError, Tagging

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence
    from datetime import datetime
    from types import TracebackType


class AsyncClient:
    """A client of one service. Close it, or use it in an ``async with``.

    Args:
        url: Address of the service, with the sub-path if it has one.
        key: The API key, if the service asks for one.
        timeout: Seconds until a request counts as failed.
        retries: How often a request is tried again after no answer, 429, 502, 503 or 504, waiting ever longer.

    Raises:
        ServiceError: The key has characters no key has, or the address is none.
    """

    def __init__(self, url: str, key: str | None = None, *, timeout: float = 10.0, retries: int = 5) -> None:
        self._http = httpx.AsyncClient(**calls.options_of(url, key, timeout))
        self._retries = retries

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def classify(self, text: str, *, id: str | None = None, evidence: bool = False) -> Tagging:  # noqa: A002
        """Tag one text.

        Raises:
            ServiceError: The service refused or could not be reached.
        """
        return calls.read(await self._send(calls.classify(text, id, evidence=evidence)), Tagging)

    async def classify_batch(self, items: Iterable[tuple[str, str]]) -> AsyncIterator[Tagging | ItemError]:
        """Tag (id, text) pairs, however many and long; yields one answer for each, in their order.

        A text that cannot be sent, or is too long for the service, gets an ``ItemError`` of its own.

        Raises:
            ServiceError: The service refused a whole call or could not be reached.
        """
        for batch in calls.batches(items):
            for answer in await self._tagged(batch):
                yield answer

    async def correct(
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
        return calls.read(await self._send(calls.correct(fields, idempotency_key)), Correction)

    async def export(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the corrections as labelled rows, as ``tousu train`` takes them.

        Raises:
            ServiceError: The service refused, could not be reached, or broke off: then not all was yielded.
        """
        response = await self._send(calls.export(since, until), stream=True)
        try:
            async for line in response.aiter_lines():
                yield calls.row_of(line, response)
        except calls.ODD as error:
            raise calls.unreachable(error, response) from error
        finally:
            await response.aclose()

    async def tag_file(
        self, path: str | Path, *, text_columns: Sequence[str] = (), no_header: bool = False,
        columns: str | None = None, encoding: str | None = None, evidence: bool = True, webhook: str | None = None,
        idempotency_key: str | None = None,
    ) -> Job:  # fmt: skip
        """Hand in a file to be tagged in the background; when this returns it is kept, and retries have not doubled it.

        The file is sent as it is read, whatever its size. Give a longer ``timeout`` to the client for very large ones.

        Args:
            path: A file of any kind that ``tousu tag`` reads; its name's ending tells which.
            text_columns: Columns that hold the texts, or ``#number``; guessed when empty.
            no_header: Whether a table's first row is one of data.
            columns: Language of the added columns, ``zh`` or ``en``.
            encoding: Encoding of the file; found when None.
            evidence: Whether to add the words that decided.
            webhook: Address to be told of the end; its host must be allowed by the service.
            idempotency_key: Give your own to make repeated runs of your program safe too.

        Raises:
            ServiceError: The service refused or could not be reached, or the file cannot be read.
        """
        call = files.tag_file(
            Path(path), text_columns=text_columns, no_header=no_header, columns=columns, encoding=encoding,
            evidence=evidence, webhook=webhook, idempotency_key=idempotency_key,
        )  # fmt: skip
        return calls.read(await self._send(call), Job)

    async def job(self, job_id: str) -> Job:
        """Return how far a job is.

        Raises:
            ServiceError: There is none of that id, or the service could not be reached.
        """
        return calls.read(await self._send(files.job(job_id)), Job)

    async def cancel_job(self, job_id: str) -> Job:
        """Stop a job; one that has ended stays as it is.

        Raises:
            ServiceError: There is none of that id, or the service could not be reached.
        """
        return calls.read(await self._send(files.job(job_id, method="DELETE")), Job)

    async def wait_for(self, job_id: str, *, seconds: float = 3600.0) -> Job:
        """Return a job when it has come to its end, or as it is when the seconds are over.

        Raises:
            ServiceError: There is none of that id, or the service could not be reached.
        """
        until = time.monotonic() + seconds
        while (found := await self.job(job_id)).is_open and time.monotonic() < until:
            await asyncio.sleep(files.POLL_SECONDS)
        return found

    async def save_result(self, job_id: str, path: str | Path, *, rejects: bool = False) -> None:
        """Write what a job made, or the list of rows without a tag, to a file; it appears under its name when whole.

        Args:
            job_id: A job that is done.
            path: Where to.
            rejects: The list of rows without a tag instead of the tagged file.

        Raises:
            ServiceError: It is not there, could not be fetched whole, or cannot be written.
        """
        response = await self._send(files.job(job_id, what="/rejects" if rejects else "/result"), stream=True)
        try:
            with files.fresh(Path(path)) as file:
                async for piece in response.aiter_bytes():
                    file.write(piece)
        except calls.ODD as error:
            raise calls.unreachable(error, response) from error
        finally:
            await response.aclose()

    async def _tagged(self, items: list[calls.Item]) -> list[Tagging | ItemError]:
        """Tag the items of a batch by as many calls as it takes."""
        steps = calls.tag_batch(items)
        try:
            call = next(steps)
            while True:
                try:
                    response = await self._send(call)
                except ServiceError as error:
                    call = steps.throw(error)
                else:
                    call = steps.send(response)
        except StopIteration as done:
            answers: list[Tagging | ItemError] = done.value
            return answers

    async def _send(self, call: calls.Call, *, stream: bool = False) -> httpx.Response:
        """Send a request, again after no answer, 429, 502, 503 or 504.

        Raises:
            ServiceError: The last try failed too, or the service refused.
        """
        attempt = 0
        while True:
            content = files.awaited(call.pieces()) if call.pieces else call.body
            request = self._http.build_request(
                call.method, call.path, content=content, headers=call.headers, params=call.params
            )
            last = attempt >= self._retries
            try:
                response = await self._http.send(request, stream=stream)
                if not response.is_success:
                    await response.aread()
            except calls.ODD as error:
                pause = calls.pause_without(error, attempt, last=last)
            else:
                found = calls.pause_after(response, attempt, last=last)
                if found is None:
                    return response
                pause = found
            await asyncio.sleep(pause)
            attempt += 1
