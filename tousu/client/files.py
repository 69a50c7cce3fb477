"""Calls about files: a form sent as it is read from the disk, jobs asked after, results fetched."""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tousu.client.calls import HEADER_VALUE, INVALID, Call
from tousu.client.replies import ServiceError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

PIECE = 1 << 18
POLL_SECONDS = 1.0
ID = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


def tag_file(
    path: Path, *, text_columns: Sequence[str], no_header: bool, columns: str | None, encoding: str | None,
    evidence: bool, webhook: str | None, idempotency_key: str | None,
) -> Call:  # fmt: skip
    """Return the call that hands in a file.

    Raises:
        ServiceError: The file cannot be read, or the key cannot be sent.
    """
    if idempotency_key is not None and not HEADER_VALUE.fullmatch(idempotency_key):
        raise ServiceError("idempotency_key：应为 1 到 200 个英文字母、数字或标点", status=None, code=INVALID)
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise ServiceError(f"读不了 {path}：{error.strerror}", status=None, code=INVALID) from None
    fields = [("text_column", column) for column in text_columns]
    fields += [("no_header", "true")] if no_header else []
    fields += [("evidence", "false")] if not evidence else []
    given = (("columns", columns), ("encoding", encoding), ("webhook", webhook))
    fields += [(name, value) for name, value in given if value is not None]
    boundary = uuid.uuid4().hex
    name = path.name.replace("\\", "_").replace('"', "%22").replace("\r", "").replace("\n", "")
    head = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields
    )
    head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    first = (head + "Content-Type: application/octet-stream\r\n\r\n").encode("utf-8", "replace")
    last = f"\r\n--{boundary}--\r\n".encode()

    def pieces() -> Iterator[bytes]:
        yield first
        yield from _of_size(path, size)
        yield last

    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}", "Idempotency-Key": idempotency_key or uuid.uuid4().hex,
        "Content-Length": str(len(first) + size + len(last)),
    }  # fmt: skip
    return Call("POST", "/v1/files", headers=headers, pieces=pieces)


def _of_size(path: Path, size: int) -> Iterator[bytes]:
    """Yield a file's bytes, as many as were announced.

    Raises:
        ServiceError: It cannot be read any more, or has become smaller.
    """
    left = size
    try:
        with path.open("rb") as file:
            while piece := file.read(min(PIECE, left)):
                left -= len(piece)
                yield piece
    except OSError as error:
        raise ServiceError(f"读不了 {path}：{error.strerror}", status=None, code=INVALID) from None
    if left:
        raise ServiceError(f"{path} 在发送时变短了，请重新交", status=None, code=INVALID)


def job(job_id: str, *, method: str = "GET", what: str = "") -> Call:
    """Return the call that asks after a job, cancels it, or fetches what it made.

    Raises:
        ServiceError: The id is none.
    """
    if not job_id or not set(job_id) <= ID:
        raise ServiceError("任务编号不对，应为 job_… 一串", status=None, code=INVALID)
    return Call(method, f"/v1/jobs/{job_id}{what}")


async def awaited(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces of a body to an asynchronous client."""
    for piece in pieces:
        yield piece


@contextmanager
def fresh(path: Path) -> Iterator[BinaryIO]:
    """Give a file to be written, which gets its name when all went well and is gone otherwise.

    Raises:
        ServiceError: It cannot be written.
    """
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise ServiceError(f"写不了 {path}：{error.strerror}", status=None, code=INVALID) from error
    finally:
        part.unlink(missing_ok=True)
