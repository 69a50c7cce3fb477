"""Where bytes go: a part file in the same directory that takes its final name when it is complete."""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import json
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import zstandard

from tousu.errors import FileError
from tousu.files.source import PIPE, packing_of
from tousu.messages import system_reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from tousu.files.encoding import TextEncoding


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
    return FileError(f"写不了 {path}（{system_reason(error)}）", fix="检查目录是否存在、权限与磁盘空间")


def target_of(output: Path) -> Path:
    """Return the file an output's name stands for: behind a symbolic link, the one it leads to.

    Raises:
        FileError: Something else than a file has that name.
    """
    final = Path(os.path.realpath(output)) if os.path.islink(output) else output
    mode = _mode_of(final)
    if mode is not None and stat.S_ISDIR(mode):
        raise FileError(f"输出 {output} 是一个目录", expected="文件名", fix="在目录后面写上文件名")
    if mode is not None and not stat.S_ISREG(mode):
        raise FileError(
            f"输出 {output} 不是普通文件，而是管道或设备", expected="文件名", fix="换一个文件名；要写到标准输出就用 -"
        )
    return final


def _mode_of(path: Path) -> int | None:
    """Return kind and permissions of what has a name, None if nothing has."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refuse(path, error) from error


def refuse_input(source: Path, final: Path) -> None:
    """Refuse an output that is the input.

    Raises:
        FileError: It is.
    """
    if final.exists() and final.samefile(source):
        raise FileError("输出与输入是同一个文件", expected="另一个文件名", fix="换一个输出文件名，原文件不会被改动")


class PartFile:
    """A file that grows under another name and appears under its own only when complete.

    Two runs at once on one output are refused by a lock. A file that had the name keeps its permissions.

    Attributes:
        final: The name it will have.
        offset: Bytes written.
    """

    def __init__(self, final: Path, *, keep: bool = False) -> None:
        self.final = target_of(final)
        self.part = part_path(self.final)
        mode = _mode_of(self.final)
        self._mode = None if mode is None else stat.S_IMODE(mode) & 0o777
        self._file = self._locked(keep=keep)
        if self._mode is not None:
            self._permit(self._mode | stat.S_IWUSR)
        self.offset = 0
        if not keep:
            self._file.truncate(0)

    def _locked(self, *, keep: bool) -> BinaryIO:
        """Return the part file, open and locked.

        Another run may give the file its final name, or remove it, between our opening and our locking it;
        then it is not ours to write to.
        """
        while True:
            try:
                file = self.part.open("r+b" if keep else "ab")
            except OSError as error:
                raise refuse(self.final, error) from error
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.close()
                raise FileError(f"另一个 tousu 命令正在写 {self.final}", fix="等它结束，或换一个输出文件名") from error
            except OSError as error:
                file.close()
                raise refuse(self.final, error) from error
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), self.part.stat()):
                    return file
            file.close()

    def _permit(self, mode: int) -> None:
        """Set the permissions, where the disk knows any."""
        with contextlib.suppress(OSError):
            os.fchmod(self._file.fileno(), mode)

    def go_on_at(self, offset: int) -> None:
        """Drop what was written behind ``offset`` and go on there."""
        self._file.truncate(offset)
        self._file.seek(offset)
        self.offset = offset

    def size(self) -> int:
        """Return how many bytes the part file has on disk."""
        return os.fstat(self._file.fileno()).st_size

    def write(self, data: bytes | memoryview) -> None:
        """Append ``data``."""
        try:
            self._file.write(data)
        except OSError as error:
            raise refuse(self.final, error) from error
        self.offset += len(data)

    def sync(self) -> None:
        """Make everything written safe on disk."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise refuse(self.final, error) from error

    def commit(self) -> None:
        """Give the complete file its name; the lock is held until it has it."""
        self.sync()
        if self._mode is not None:
            self._permit(self._mode)
        try:
            self.part.replace(self.final)
            sync_directory(self.final.parent)
        except OSError as error:
            raise refuse(self.final, error) from error
        self._file.close()

    def close(self) -> None:
        """Leave the part file as it is."""
        self._file.close()

    def drop(self) -> None:
        """Remove the part file, unless it is closed: then the name may be another run's."""
        if not self._file.closed:
            self.part.unlink(missing_ok=True)
            self._file.close()


@contextlib.contextmanager
def write_whole(output: Path) -> Iterator[PartFile]:
    """Give a file to write to that has its name when the block ends, whole; after an error nothing has changed.

    Whether it can be written is known before the block does its work.

    Raises:
        FileError: It cannot be written, or another run is writing it.
    """
    file = PartFile(output)
    try:
        yield file
        file.commit()
    finally:
        file.drop()


class Pipe:
    """Standard output in the place of a part file."""

    def __init__(self) -> None:
        self.offset = 0

    def write(self, data: bytes | memoryview) -> None:
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

    Attributes:
        replaced: How many characters the output's encoding does not have; each is written as an escape, as in JSON.
    """

    def __init__(self, name: str, read: TextEncoding, written: TextEncoding) -> None:
        self._packing = "" if name == PIPE else packing_of(name)
        self._read, self._written = read, written
        self._same = written.codec == read.inner
        self._errors = "surrogatepass" if read.codec == written.codec else "backslashreplace"
        self.replaced = 0

    def mark(self) -> bytes:
        """Return the output's byte-order mark, packed."""
        return bytes(self._packed(self._written.mark))

    def pack(self, data: bytes | memoryview) -> bytes | memoryview:
        """Return a block of whole lines as the output holds it; packed pieces may be put end to end."""
        if not self._same:
            data = self._spelled(str(data, self._read.inner, self._errors))
        return self._packed(data)

    def _spelled(self, text: str) -> bytes:
        """Return a text in the output's encoding, characters it does not have as escapes."""
        codec = self._written.codec
        try:
            return text.encode(codec, "surrogatepass" if self._errors == "surrogatepass" else "strict")
        except UnicodeEncodeError:
            missing = {sign for sign in set(text) if not sign.encode(codec, "ignore")}
            self.replaced += sum(map(text.count, missing))
            return text.translate({ord(sign): json.dumps(sign)[1:-1] for sign in missing}).encode(codec)

    def _packed(self, data: bytes | memoryview) -> bytes | memoryview:
        """Return a gzip member or a zstd frame if the name says so."""
        if not data or not self._packing:
            return data
        if self._packing == ".gz":
            return gzip.compress(data, compresslevel=6, mtime=0)
        return zstandard.ZstdCompressor(level=3).compress(data)
