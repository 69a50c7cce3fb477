"""NDJSON in, NDJSON out, in bounded memory however long the stream."""

from __future__ import annotations

import functools
import tempfile
from codecs import BOM_UTF8
from typing import IO, TYPE_CHECKING

import orjson
from anyio import to_thread
from fastapi import Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from tousu.errors import BodyTooLarge, TousuError
from tousu.messages import SURROGATE
from tousu_service.classify.items import Item, tag_items

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import ExitStack

    from starlette.types import Receive, Scope, Send

    from tousu.classifier.model import Classifier
    from tousu_service.classify.off_loop import OffLoop
    from tousu_service.telemetry.metrics import Metrics

MOST_LINES = 256
MEDIA_TYPE = "application/x-ndjson"
PIECE = 256 * 1024
MOST_IN_MEMORY = 1024**2
MOST_SPOOLED = 1024**3


class Duplex(Response):
    """An answer that is sent while its request is still being read.

    Starlette's ``StreamingResponse`` reads the request meanwhile to notice the client's leaving, and would
    so eat the body.

    Args:
        answers: The pieces of the answer.
        place: The client's place among its open streams, given back at the end.
        headers: Headers of the answer.
        after: Whether to begin only when all has been read, for proxies and clients that stop sending, or do not read,
            until then. The answers wait in a temporary file.
    """

    def __init__(
        self, answers: AsyncIterator[bytes], *, place: ExitStack, headers: Mapping[str, str], after: bool = False
    ) -> None:
        self.status_code, self.background, self._answers, self._place = 200, None, answers, place
        self._after = after
        self.media_type = MEDIA_TYPE
        self.init_headers(dict(headers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send each piece as it comes; a client that leaves ends it."""
        del scope, receive
        with self._place:
            if self._after:
                with tempfile.SpooledTemporaryFile(MOST_IN_MEMORY) as file:
                    await _spool(self._answers, file)
                    self._answers = _pieces(file)
                    await self._send(send)
            else:
                await self._send(send)

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async for piece in self._answers:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except ClientDisconnect:
            return
        except HTTPException as refused:  # the answer has begun: the reason has to be its last line
            await send({"type": "http.response.body", "body": _last_line(refused.detail), "more_body": False})
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _spool(answers: AsyncIterator[bytes], file: IO[bytes]) -> None:
    """Write all answers to a file; why they end before their time is the last of them."""
    size = 0
    try:
        async for piece in answers:
            size += len(piece)
            if size > MOST_SPOOLED:
                file.write(_last_line(BodyTooLarge("这个流的回答过多", fix="分成几个流，或边发边读")))
                break
            await to_thread.run_sync(file.write, piece)
    except HTTPException as refused:
        file.write(_last_line(refused.detail))
    file.seek(0)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    """Yield a file's bytes."""
    while piece := await to_thread.run_sync(file.read, PIECE):
        yield piece


async def read_lines(pieces: AsyncIterator[bytes], *, longest: int) -> AsyncIterator[list[bytes | None]]:
    """Yield the complete lines of a body as they arrive; a line over ``longest`` bytes is given as ``None``.

    At most ``longest`` bytes and one piece of the body are held at a time. A mark of byte order before the first
    line is left out.
    """
    rest, dropping, first = b"", False, True
    async for piece in pieces:
        *whole, last = piece.split(b"\n")
        lines: list[bytes | None] = []
        for part in whole:
            line = None if dropping or len(rest) + len(part) > longest else rest + part
            lines.append(line.removeprefix(BOM_UTF8) if first and line else line)
            rest, dropping, first = b"", False, False
        if len(rest) + len(last) > longest:
            rest, dropping = b"", True
        elif not dropping:
            rest += last
        for start in range(0, len(lines), MOST_LINES):
            yield lines[start : start + MOST_LINES]
    if rest or dropping:
        yield [None if dropping else rest.removeprefix(BOM_UTF8) if first else rest]


async def tag_lines(
    lines: AsyncIterator[list[bytes | None]], model: Classifier, metrics: Metrics, off_loop: OffLoop, *, most: int
) -> AsyncIterator[bytes]:
    """Yield the answers to lines, block by block; each block is tagged in a thread."""
    async for block in lines:
        items = [_read(line, most) for line in block if line is None or line.strip()]
        if not items:
            continue
        metrics.waiting.inc(len(items))
        try:
            await off_loop.run(model, len(items), functools.partial(tag_items, model, items), patient=True)
        finally:
            metrics.waiting.dec(len(items))
        metrics.tagged((item.tagging for item in items if item.tagging), "stream")
        yield b"".join([orjson.dumps(item.to_dict()) + b"\n" for item in items])


def _last_line(refused: object) -> bytes:
    """Return the line that says why a stream ends before its time."""
    assert isinstance(refused, TousuError)
    error = {"code": refused.code, "message": str(refused), "field": ""}
    return orjson.dumps({"id": None, "error": error}) + b"\n"


def _read(line: bytes | None, most: int) -> Item:
    """Return a line as an item."""
    if line is None:
        return Item(None, error={"code": "validation_failed", "message": "这一行过长", "field": ""})
    try:
        given = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        # "high surrogate" and "low surrogate" are what the parser says of \ud800 without its other half.
        told = f"这一行{SURROGATE}" if "surrogate" in error.msg else "这一行不是合法的 UTF-8 JSON"
        return Item(None, error={"code": "json_invalid", "message": told, "field": ""})
    return Item.read(given, most, id_needed=False)
