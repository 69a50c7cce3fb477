"""The zip file a workbook is: read with care, written with every untouched part as it was packed."""

from __future__ import annotations

import mmap
import struct
import zipfile
import zlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tousu.batch.workbook.markup import PIECE
from tousu.errors import FileError, FileSuspicious

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from typing import IO, Self

AGAIN = "用 Excel 打开后另存为 .xlsx，再试"
# Sheets pack at 5:1 to 40:1. Below the floor nothing can do harm.
MOST_EXPANSION = 200
EXPANSION_FLOOR = 256 << 20
MOST_BYTES = 16 << 30
# What is no .zip but begins so: a workbook before 2007, or any with a password.
OLE = b"\xd0\xcf\x11\xe0"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)
# How hard parts are packed, and how much at once: one piece is packed while the next is made.
LEVEL, BLOCK, AHEAD = 1, 1 << 20, 4
LOCAL, CENTRAL = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L")
END, END_64, PLACE_64 = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
FULL_16, FULL_32 = 0xFFFF, 0xFFFFFFFF
UTF_8, DEFLATED, SINCE_1980 = 0x800, 8, 0x21


def plain_name(name: str) -> str:
    """Return a part's name as the standard spells it; some programs write backslashes or a slash in front."""
    return name.replace("\\", "/").lstrip("/")


class Archive:
    """A workbook's parts as they are on disk.

    Args:
        path: The file.
        name: What to call it in errors.

    Attributes:
        parts: Its entries by name, in their order; of two with one name the last.
    """

    def __init__(self, path: str, name: str) -> None:
        self._name = name
        try:
            _refuse_ole(path, name)
            self._file = Path(path).open("rb")  # noqa: SIM115 - closed with the archive
        except OSError as error:
            raise self.broken() from error
        try:
            self._zip = zipfile.ZipFile(self._file)
            self.parts = {plain_name(entry.filename): entry for entry in self._zip.infolist() if not entry.is_dir()}
            self._look_through()
        except UNREADABLE as error:
            self._file.close()
            raise self.broken() from error
        except BaseException:
            self._file.close()
            raise
        self._by_case = {part.casefold(): part for part in self.parts}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._zip.close()
        self._file.close()

    def broken(self, part: str = "") -> FileError:
        """Return the error for a file, or a part of it, that is not as it must be."""
        what = f"{self._name} 中的 {part} 已损坏" if part else f"{self._name} 不是完好的 .xlsx 文件"
        return FileError(what, expected="完整的工作簿", fix=AGAIN)

    def _look_through(self) -> None:
        """Refuse what unpacks to far more than it should by its own word; a lie shows when the part is read."""
        for part, entry in self.parts.items():
            most = min(MOST_BYTES, max(EXPANSION_FLOOR, MOST_EXPANSION * entry.compress_size))
            if entry.file_size > most:
                raise suspicious(self._name, f"{part} 解压后有 {entry.file_size >> 20} MB")

    def find(self, part: str) -> str | None:
        """Return the name under which a part is there, whatever its case; None if it is not."""
        return part if part in self.parts else self._by_case.get(part.casefold())

    def open(self, part: str) -> IO[bytes]:
        """Return a part's bytes as a stream; the errors of reading it are in ``UNREADABLE``."""
        return self._zip.open(self.parts[part])

    def read(self, part: str) -> bytes:
        """Return a part's bytes.

        Raises:
            FileError: It is broken.
        """
        try:
            return self._zip.read(self.parts[part])
        except UNREADABLE as error:
            raise self.broken(part) from error

    def check(self, part: str) -> None:
        """Read a part to its end, which checks its sum.

        Raises:
            FileError: It is broken.
        """
        try:
            with self.open(part) as stream:
                while stream.read(PIECE):
                    pass
        except UNREADABLE as error:
            raise self.broken(part) from error

    def packed(self, part: str) -> Iterator[bytes]:
        """Yield a part's bytes as they lie on disk, packed."""
        entry = self.parts[part]
        self._file.seek(entry.header_offset)
        *_, name, extra = LOCAL.unpack(self._file.read(LOCAL.size))
        self._file.seek(entry.header_offset + LOCAL.size + name + extra)
        left = entry.compress_size
        while left:
            piece = self._file.read(min(left, BLOCK))
            if not piece:
                raise self.broken(part)
            left -= len(piece)
            yield piece


def _refuse_ole(path: str, name: str) -> None:
    """Refuse what only looks like an .xlsx file by its name."""
    with Path(path).open("rb") as file:
        if file.read(len(OLE)) != OLE:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            locked = data.find(ENCRYPTED) >= 0
    if locked:
        raise FileError(f"{name} 有密码保护", fix="在 Excel 中去掉密码后再试")
    raise FileError(f"{name} 是旧的 .xls 格式", expected=".xlsx", fix=AGAIN)


def suspicious(name: str, found: str) -> FileSuspicious:
    """Return the error for a workbook that would fill the memory or the disk."""
    return FileSuspicious(
        f"{name} 中的 {found}，像是压缩炸弹",
        expected="普通的工作簿",
        fix="确认来源可靠后，删去空白区域或拆成几个小文件再试",
    )


class Packed(NamedTuple):
    """A part that waits packed in a file: its sum, its sizes, and where it lies."""

    crc: int
    size: int
    packed: int
    file: IO[bytes]
    start: int


class Packing:
    """Packs one part into a file while the next piece of it is made.

    Args:
        file: Where the packed bytes go, from its present place on.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._start = file, file.tell()
        self._packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._worker = ThreadPoolExecutor(1)
        self._waiting: deque[Future[None]] = deque()
        self._ready: list[bytes] = []
        self._held = self._crc = self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._worker.shutdown(cancel_futures=True)

    def write(self, pieces: list[bytes]) -> None:
        """Add to the part."""
        self._ready += pieces
        self._held += sum(map(len, pieces))
        if self._held >= BLOCK:
            self._pass_on()

    def _pass_on(self) -> None:
        block, self._ready, self._held = self._ready, [], 0
        while len(self._waiting) >= AHEAD:
            self._waiting.popleft().result()
        self._waiting.append(self._worker.submit(self._pack, block))

    def _pack(self, block: list[bytes]) -> None:
        data = b"".join(block)
        self._crc, self._size = zlib.crc32(data, self._crc), self._size + len(data)
        self._file.write(self._packer.compress(data))

    def finish(self) -> Packed:
        """Return the part when all of it is packed."""
        self._pass_on()
        while self._waiting:
            self._waiting.popleft().result()
        self._file.write(self._packer.flush())
        return Packed(self._crc, self._size, self._file.tell() - self._start, self._file, self._start)


class ArchiveWriter:
    """Writes a zip file, entry after entry."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._entries: list[bytes] = []

    def copy(self, archive: Archive, part: str) -> None:
        """Write a part as the archive has it packed."""
        entry = archive.parts[part]
        year, month, day, hour, minute, second = entry.date_time
        stamp = (hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day)
        self._begin(
            part, entry.compress_type, stamp, entry.CRC, entry.compress_size, entry.file_size, entry.external_attr
        )
        for piece in archive.packed(part):
            self._file.write(piece)

    def add(self, part: str, data: bytes) -> None:
        """Write a small part."""
        packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = packer.compress(data) + packer.flush()
        self._begin(part, DEFLATED, (0, SINCE_1980), zlib.crc32(data), len(packed), len(data))
        self._file.write(packed)

    def place(self, part: str, packed: Packed) -> None:
        """Write a part that waits packed."""
        self._begin(part, DEFLATED, (0, SINCE_1980), packed.crc, packed.packed, packed.size)
        packed.file.seek(packed.start)
        left = packed.packed
        while left:
            piece = packed.file.read(min(left, BLOCK))
            left -= len(piece)
            self._file.write(piece)

    def _begin(
        self, part: str, method: int, stamp: tuple[int, int], crc: int, packed: int, size: int, attributes: int = 0
    ) -> None:
        """Write an entry's head and keep what the list at the end says of it."""
        name, at = part.encode(), self._file.tell()
        flags = 0 if name.isascii() else UTF_8
        big = size >= FULL_32 or packed >= FULL_32
        extra = struct.pack("<2H2Q", 1, 16, size, packed) if big else b""
        sizes = (FULL_32, FULL_32) if big else (packed, size)
        version = 45 if big or at >= FULL_32 else 20
        self._file.write(LOCAL.pack(b"PK\3\4", version, flags, method, *stamp, crc, *sizes, len(name), len(extra)))
        self._file.write(name + extra)
        longs = [size, packed] * big + [at] * (at >= FULL_32)
        extra = struct.pack(f"<2H{len(longs)}Q", 1, 8 * len(longs), *longs) if longs else b""
        told = CENTRAL.pack(
            b"PK\1\2", version, version, flags, method, *stamp, crc, *sizes, len(name), len(extra), 0, 0, 0,
            attributes, min(at, FULL_32),
        )  # fmt: skip
        self._entries.append(told + name + extra)

    def finish(self) -> None:
        """Write the list of the entries."""
        start, count = self._file.tell(), len(self._entries)
        self._file.writelines(self._entries)
        size = self._file.tell() - start
        if start >= FULL_32 or size >= FULL_32 or count >= FULL_16:
            at = self._file.tell()
            self._file.write(END_64.pack(b"PK\6\6", END_64.size - 12, 45, 45, 0, 0, count, count, size, start))
            self._file.write(PLACE_64.pack(b"PK\6\7", 0, at, 1))
        few = min(count, FULL_16)
        self._file.write(END.pack(b"PK\5\6", 0, 0, few, few, min(size, FULL_32), min(start, FULL_32), 0))
