"""Where bytes go: a part file in the same directory that takes its final name when it is complete."""

from __future__ import annotations

import fcntl
import gzip
import os
import sys
from typing import TYPE_CHECKING

import zstandard

from batch.source import PIPE, packing_of
from classifier.errors import FileError

if TYPE_CHECKING:
    from pathlib import Path

    from batch.encoding import Script

if TYPE_CHECKING:
    from pathlib import Path

    from batch.encoding import Script


def part_path(final: Path) -> Path:
    """Return where an output is written until it is complete."""
    return final.with_name(f".{final.name}.tousu-part")


def sync_directory(directory: Path) -> None:
    """Make the names in a directory safe on disk."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def refuse(path: Path, error: OSError) -> FileError:
    """Return the error for a path that cannot be written."""
    return FileError(f"写不了 {path}（{error.strerror}）", fix="检查目录是否存在、权限与磁盘空间")


class PartFile:
    """A file that grows under another name and appears under its own only when complete.

    Two runs at once on one output are refused by a lock.

    Attributes:
        final: The name it will have.
        offset: Bytes written.
    """

    def __init__(self, final: Path, *, keep: bool = False) -> None:
        self.final, self.part = final, part_path(final)
        try:
            self._file = self.part.open("r+b" if keep else "ab")
        except OSError as error:
            raise refuse(final, error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise FileError(f"另一个 tousu tag 正在写 {final}", fix="等它结束，或换一个输出文件名") from error
        self.offset = 0
        if not keep:
            self._file.truncate(0)

    def go_on_at(self, offset: int) -> None:
        """Drop what was written behind ``offset`` and go on there."""
        self._file.truncate(offset)
        self._file.seek(offset)
        self.offset = offset

    def size(self) -> int:
        """Return how many bytes the part file has on disk."""
        return os.fstat(self._file.fileno()).st_size

    def write(self, data: bytes) -> None:
        """Append ``data``."""
        try:
            self._file.write(data)
        except OSError as error:
            raise refuse(self.final, error) from error
        self.offset += len(data)

    def sync(self) -> None:
        """Make everything written safe on disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def commit(self) -> None:
        """Give the complete file its name."""
        self.sync()
        self._file.close()
        self.part.replace(self.final)
        sync_directory(self.final.parent)

    def close(self) -> None:
        """Leave the part file as it is."""
        self._file.close()

    def drop(self) -> None:
        """Remove the part file."""
        self._file.close()
        self.part.unlink(missing_ok=True)


class Pipe:
    """Standard output in the place of a part file."""

    def __init__(self) -> None:
        self.offset = 0

    def write(self, data: bytes) -> None:
        """Pass ``data`` on."""
        sys.stdout.buffer.write(data)
        self.offset += len(data)

    def sync(self) -> None:
        """Pass on what waits."""
        sys.stdout.buffer.flush()

    def commit(self) -> None:
        """Pass on what waits."""
        self.sync()

    def close(self) -> None:
        """Leave standard output open: it is not ours."""


class Packer:
    """Spells and packs each block by itself, so that a run that goes on writes what one in one piece would.

    Args:
        name: The output's name; its ending tells the packing.
        read: How the input spells characters.
        written: How the output shall.
    """

    def __init__(self, name: str, read: Script, written: Script) -> None:
        self._packing = "" if name == PIPE else packing_of(name)
        self._read, self._written = read, written
        self._same = written.codec == read.inner
        self._errors = "surrogatepass" if read.codec == written.codec else "backslashreplace"

    def mark(self) -> bytes:
        """Return the output's byte-order mark, packed."""
        return self._packed(self._written.mark)

    def pack(self, data: bytes) -> bytes:
        """Return a block of whole lines as the output holds it; packed pieces may be put end to end."""
        if not self._same:
            data = data.decode(self._read.inner, self._errors).encode(self._written.codec, self._errors)
        return self._packed(data)

    def _packed(self, data: bytes) -> bytes:
        """Return a gzip member or a zstd frame if the name says so."""
        if not data or not self._packing:
            return data
        if self._packing == ".gz":
            return gzip.compress(data, compresslevel=6, mtime=0)
        return zstandard.ZstdCompressor(level=3).compress(data)
