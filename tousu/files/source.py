"""Where bytes come from: a file, a packed file or a pipe, read once from start to end."""

from __future__ import annotations

import gzip
import io
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import zstandard

from tousu.errors import EncodingUnknown, FileError, FileSuspicious, ResumeRefused
from tousu.files.encoding import (
    MixedDecoder,
    TextEncoding,
    decoder_of,
    detect_encoding,
    encoding_called,
    encoding_of_start,
)
from tousu.files.unpacking import UNPACK_ERRORS, unpack_reason
from tousu.messages import system_reason

if TYPE_CHECKING:
    import codecs
    from typing import BinaryIO, Self

PIPE = "-"
PACKINGS = (".gz", ".zst")
HEAD = 1 << 20
# Text packs at 3:1 to 30:1; gzip's limit is 1032:1. Below the floor nothing can do harm.
MOST_EXPANSION = 200
EXPANSION_FLOOR = 1 << 30
# What is unpacked from one piece stays in memory: at zstd's utmost 43,000:1 these are 44 MB.
ZSTD_PIECE = 1 << 10


def packing_of(name: str) -> str:
    """Return ``.gz`` or ``.zst`` if a file of this name is packed, else nothing."""
    return next((ending for ending in PACKINGS if name.lower().endswith(ending)), "")


def is_pipe(path: str) -> bool:
    """Return whether an input can be read but once and has no size: ``-``, a named pipe, ``<(…)``, a device."""
    if path == PIPE:
        return True
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Read up to ``size`` bytes; nothing only at the end."""


class Source:
    """A file's bytes, unpacked, from start to end; wide encodings come out as UTF-8, marks are taken off.

    Call ``settle`` before the first ``read``.

    Attributes:
        name: What to call it in messages.
        is_pipe: Whether it can be read but once: standard input, a named pipe, ``<(…)``.
        size: Bytes on disk, or None for a pipe.
        encoding: How the bytes spell characters, once settled.
        notes: What was found on the way, in Chinese.
    """

    def __init__(self, path: str) -> None:
        self.name = "标准输入" if path == PIPE else Path(path).name
        self.is_pipe = is_pipe(path)
        self._path = Path(path)
        self._packing = packing_of(path)
        self._head = self._ready = b""
        self.notes: list[str] = []
        self._told = False
        self._given = 0
        self.encoding = encoding_called("utf-8")
        try:
            self.size = None if self.is_pipe else self._path.stat().st_size
            self._raw: BinaryIO = sys.stdin.buffer if path == PIPE else self._path.open("rb")
        except OSError as error:
            raise FileError(f"读不了 {path}（{system_reason(error)}）", fix="检查路径与权限") from error
        self._stream = self._unpacked()
        self._decoder: codecs.IncrementalDecoder | MixedDecoder | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._raw is not sys.stdin.buffer:
            self._raw.close()

    def _unpacked(self) -> Readable:
        """Return the raw stream, through its unpacker if it is packed."""
        if self._packing == ".gz":
            return gzip.GzipFile(fileobj=self._raw, mode="rb")
        if self._packing == ".zst":
            return ZstdReader(self._raw)
        return self._raw

    def position(self) -> int:
        """Return how many bytes of the file on disk have been read."""
        return self._given if self.is_pipe else self._raw.tell()

    def take(self, size: int) -> bytes:
        """Read ``size`` unpacked bytes as they are, marks and all; fewer only at the end."""
        pieces, missing = [self._head[:size]], size - len(self._head[:size])
        self._head = self._head[size:]
        try:
            while missing > 0:
                piece = self._stream.read(missing)
                if not piece:
                    break
                pieces.append(piece)
                missing -= len(piece)
        except UNPACK_ERRORS as error:
            why = unpack_reason(error, self._packing)
            raise FileError(f"{self.name} 解压到一半失败（{why}）", fix="文件可能不完整，请重新取得") from error
        except OSError as error:
            raise FileError(f"读不了 {self.name}（{system_reason(error)}）", fix="检查路径、权限与磁盘") from error
        data = b"".join(pieces)
        self._given += len(data)
        self._check_expansion()
        return data

    def _check_expansion(self) -> None:
        """Refuse a packed file that unpacks to far more than texts can."""
        if not self._packing or self._given < EXPANSION_FLOOR:
            return
        if self._given > MOST_EXPANSION * max(1, self.position()):
            raise FileSuspicious(
                f"{self.name} 解压后已是原来的 {MOST_EXPANSION} 倍以上，像是压缩炸弹",
                expected="普通的压缩文本",
                fix="确认来源可靠后先自行解压，再交给 tousu tag",
            )

    def settle(self, encoding: str | None, *, strict: bool) -> TextEncoding:
        """Decide how the bytes spell characters and take the mark off.

        Args:
            encoding: The encoding told by the user, or None to find it.
            strict: Whether the whole file must fit the encoding found (a broken pipe's rest cannot be
                looked at); when not, bytes that fit nothing are taken as UTF-8, row by row.

        Raises:
            EncodingUnknown: ``strict``, and the bytes fit none of the ladder's encodings.
        """
        self._head = self.take(HEAD)
        self._given = 0
        head = self._head
        if encoding:
            self.encoding = encoding_called(encoding, head)
        else:
            found = encoding_of_start(head)
            sure = found is not None and (found.wide or (not strict and found.codec == "utf-8"))
            if not sure and not self.is_pipe:
                found = self._climb(strict=strict) or found
            if found is None and strict:
                whole = head[: head.rfind(b"\n") + 1] if len(head) == HEAD else head
                found = encoding_called(detect_encoding(io.BytesIO(whole), name=self.name), head)
            self.encoding = found or encoding_called("utf-8")
        if self.encoding.mark and head.startswith(self.encoding.mark):
            self._head = head[len(self.encoding.mark) :]
        if self.encoding.wide:
            self._decoder = decoder_of(self.encoding)
        return self.encoding

    def _climb(self, *, strict: bool) -> TextEncoding | None:
        """Try the ladder on the whole file."""
        fresh = _Fresh(str(self._path))
        try:
            return encoding_called(detect_encoding(fresh, name=self.name), self._head)
        except EncodingUnknown:
            if strict:
                raise
            return None
        finally:
            fresh.close()

    def read(self, size: int) -> bytes:
        """Read ``size`` bytes; fewer only at the end."""
        if self._decoder is None:
            return self.take(size)
        data = self._decoded(size)
        if not data and isinstance(self._decoder, MixedDecoder) and not self._told:
            self._told = True
            self.notes.append(
                f"逐行解码：{self._decoder.utf8:,} 行是 UTF-8，{self._decoder.gb18030:,} 行是 GB18030；结果一律写成 UTF-8"
            )
        return data

    def _decoded(self, size: int) -> bytes:
        """Read ``size`` bytes of UTF-8 from a wide or mixed encoding."""
        assert self._decoder is not None
        pieces = [self._ready]
        have, ended = len(self._ready), False
        while have < size and not ended:
            piece = self.take(HEAD)
            ended = not piece
            try:
                text = self._decoder.decode(piece, final=ended)
            except UnicodeDecodeError:
                # Bytes too few for a last character: a copy that was cut off.
                self._decoder.reset()
                text = "\ufffd"
                self.notes.append("文件末尾的字节不完整，以 U+FFFD 代替")
            pieces.append(text.encode("utf-8", "surrogatepass"))
            have += len(pieces[-1])
        whole = b"".join(pieces)
        self._ready = whole[size:]
        return whole[:size]

    def peek(self) -> bytes:
        """Return the first bytes that ``read`` will give, without taking them."""
        data = self.read(HEAD)
        if self._decoder is None:
            self._head = data + self._head
            self._given -= len(data)
        else:
            self._ready = data + self._ready
        return data

    def skip(self, size: int) -> None:
        """Go past ``size`` bytes as ``read`` gives them; a plain file is not read for it.

        Raises:
            ResumeRefused: There are not that many.
        """
        if self._decoder is None and not self._packing and not self.is_pipe:
            self._head = b""
            self._raw.seek(len(self.encoding.mark) + size)
            return
        while size > 0:
            piece = self.read(min(size, HEAD))
            if not piece:
                raise ResumeRefused(f"{self.name} 比上次短", fix="不带 --resume 重新开始")
            size -= len(piece)


class ZstdReader:
    """The frames of a zstd file, one after the other.

    The library's own stream reader takes a file that was cut off for a whole one.
    """

    def __init__(self, raw: BinaryIO) -> None:
        self._raw, self._packed = raw, b""
        self._ready = io.BytesIO()
        self._frame: zstandard.ZstdDecompressionObj | None = None

    def read(self, size: int, /) -> bytes:
        """Read up to ``size`` bytes; nothing only at the end.

        Raises:
            EOFError: The last frame has no end.
            ZstdError: The bytes are no zstd.
        """
        while not (piece := self._ready.read(size)):
            self._packed = self._packed or self._raw.read(ZSTD_PIECE)
            if not self._packed:
                if self._frame:
                    raise EOFError
                return b""
            self._frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
            self._ready = io.BytesIO(self._frame.decompress(self._packed))
            self._packed = self._frame.unused_data if self._frame.eof else b""
            self._frame = None if self._frame.eof else self._frame
        return piece


class _Fresh:
    """A source that can go back to its start, by opening the file again."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._source = Source(path)

    def seek(self, offset: int) -> int:
        self.close()
        self._source = Source(self._path)
        return offset

    def read(self, size: int) -> bytes:
        return self._source.take(size)

    def close(self) -> None:
        self._source.close()
