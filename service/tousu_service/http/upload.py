"""Files that come as a form: streamed to the disk as they come, never held in memory, within the limit on size."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from anyio import to_thread
from fastapi.exceptions import RequestValidationError

from tousu.errors import BodyTooLarge, FormInvalid, StoreError
from tousu.messages import system_reason
from tousu_service.http.body import check_kind
from tousu_service.http.error_handlers import refusal
from tousu_service.http.middleware import EXCHANGE

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import Request

FORM = b"multipart/form-data"
FILE = "file"
MOST_FIELDS = 20
MOST_VALUE = 8192  # bytes
MOST_NAME = 255  # characters of a file's name
ROOM = 65536  # for what a form holds beside the file
ENCODINGS = ("utf-8", "gb18030", "latin-1")  # of file names: old programs send their own


@dataclass(slots=True)
class Received:
    """A form with one file.

    Attributes:
        path: Where the file lies; whoever received it gives it its place or deletes it.
        name: What the client calls it, without directories.
        size: Bytes.
        sha256: Of the file.
        fields: The values of the other fields by their names.
    """

    path: Path
    name: str = ""
    size: int = 0
    sha256: str = ""
    fields: dict[str, list[str]] = field(default_factory=dict)

    def one(self, name: str) -> str | None:
        """Return a field's value; None if it is not there or empty.

        Raises:
            RequestValidationError: It is there more than once.
        """
        values = [value for value in self.fields.get(name, []) if value.strip()]
        if len(values) > 1:
            raise invalid(name, "只能有一个")
        return values[0].strip() if values else None


def invalid(name: str, told: str) -> RequestValidationError:
    """Return the refusal of a form's field."""
    return RequestValidationError([{"type": "value_error", "loc": ("body", name), "msg": told, "input": None}])


async def receive_file(request: Request, directory: Path, *, most_bytes: int) -> Received:
    """Receive a form with one field ``file``; its bytes are on the disk when this returns.

    The limit on bodies is lifted to ``most_bytes`` for this request, and the time limit holds for each piece of it.

    Args:
        request: The request, whose client has been admitted.
        directory: Where the file is put, under a name of its own, readable by nobody else.
        most_bytes: Most bytes of the file.

    Raises:
        HTTPException: The body is no such form, too large or too slow.
        RequestValidationError: There is no file, or a field is too long.
        StoreError: The disk refuses.
    """
    check_kind(request, FORM)
    request.scope[EXCHANGE].stream(most=most_bytes + ROOM)
    path = directory / secrets.token_hex(16)
    reader = _Form(Received(path))
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            reader.begin(request.headers.get("content-type", ""))
            async for piece in request.stream():
                reader.take(piece)
                if reader.waiting:
                    await to_thread.run_sync(reader.write, file)
            reader.end(most_bytes)
            await to_thread.run_sync(_sync, file)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StoreError(f"文件存不下（{system_reason(error)}）", fix="请运维人员检查数据目录与磁盘") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return reader.received


class _Form:
    """Takes a form apart as it comes."""

    def __init__(self, received: Received) -> None:
        self.received = received
        self.waiting: list[bytes] = []
        self._digest = hashlib.sha256()
        self._header, self._content = bytearray(), bytearray()
        self._disposition = b""
        self._name, self._value = "", bytearray()
        self._in_file = self._had_file = self._complete = False
        self._fields = 0

    def begin(self, content_type: str) -> None:
        """Learn where parts begin and end.

        Raises:
            HTTPException: The header does not say.
        """
        from python_multipart.multipart import MultipartParser, parse_options_header

        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise refusal(FormInvalid("Content-Type 里没有 boundary", fix="让 HTTP 库自己写这个请求头"))
        self._parser = MultipartParser(boundary, {
            "on_part_begin": self._part_begins, "on_part_data": self._data, "on_part_end": self._part_ends,
            "on_header_field": self._header_field, "on_header_value": self._header_value,
            "on_header_end": self._header_ends, "on_headers_finished": self._headers_finished, "on_end": self._ends,
        })  # fmt: skip

    def take(self, piece: bytes) -> None:
        """Take a piece of the body.

        Raises:
            HTTPException: It is no form.
        """
        from python_multipart.exceptions import FormParserError

        try:
            self._parser.write(piece)
        except FormParserError:
            raise _broken() from None

    def write(self, file: BinaryIO) -> None:
        """Write what has come of the file; runs in a thread."""
        waiting, self.waiting = self.waiting, []
        for data in waiting:
            file.write(data)
            self._digest.update(data)

    def end(self, most_bytes: int) -> None:
        """See whether all has come.

        Raises:
            HTTPException: It broke off, or the file is too large.
            RequestValidationError: There is no file.
        """
        if not self._complete:
            raise _broken()
        received = self.received
        if not self._had_file:
            raise invalid(FILE, "缺少文件这一项")
        if not received.name:
            raise invalid(FILE, "没有文件名；由文件名的后缀判断格式")
        if not received.size:
            raise invalid(FILE, "文件是空的")
        if received.size > most_bytes:
            raise request_too_large(received.size, most_bytes)
        received.sha256 = self._digest.hexdigest()

    def _part_begins(self) -> None:
        self._disposition, self._in_file = b"", False
        self._value = bytearray()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._content += data[start:end]

    def _header_ends(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._content)
        self._header, self._content = bytearray(), bytearray()

    def _headers_finished(self) -> None:
        from python_multipart.multipart import parse_options_header

        options = parse_options_header(self._disposition)[1]
        self._name = _decoded(options.get(b"name", b""))
        self._in_file = self._name == FILE
        if self._in_file:
            if self._had_file:
                raise invalid(FILE, "一次一个文件")
            self._had_file = True
            name = _decoded(options.get(b"filename", b"")).replace("\\", "/").rpartition("/")[2].strip()
            if len(name) > MOST_NAME or not name.isprintable():
                raise invalid(FILE, f"文件名过长或含有控制字符；至多 {MOST_NAME} 个字")
            self.received.name = name
            return
        self._fields += 1
        if self._fields > MOST_FIELDS:
            raise refusal(FormInvalid(f"表单的字段多于 {MOST_FIELDS} 个", fix="对照接口文档"))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self.waiting.append(data[start:end])
            self.received.size += end - start
            return
        self._value += data[start:end]
        if len(self._value) > MOST_VALUE:
            raise invalid(self._name[:40] or "form", f"过长，至多 {MOST_VALUE} 字节")

    def _part_ends(self) -> None:
        if self._in_file:
            return
        try:
            value = self._value.decode("utf-8")
        except UnicodeDecodeError:
            raise invalid(self._name[:40] or "form", "不是 UTF-8") from None
        self.received.fields.setdefault(self._name, []).append(value)

    def _ends(self) -> None:
        self._complete = True


def request_too_large(found: int, most: int) -> Exception:
    """Return the refusal of a file over the limit."""
    words = f"文件超过上限（{found} 字节）"
    return refusal(
        BodyTooLarge(words, expected=f"不超过 {most} 字节", fix="分成几个文件，或请运维人员放宽 max_file_bytes")
    )


def _broken() -> Exception:
    words = "请求体不是完整的 multipart/form-data 表单"
    return refusal(FormInvalid(words, fix="检查请求是否中途断开，或改用 HTTP 库的上传功能"))


def _decoded(raw: bytes) -> str:
    """Return the characters of a name in a part's head."""
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return ""


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
