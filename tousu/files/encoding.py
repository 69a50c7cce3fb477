"""Which encoding a text file has: a ladder, not a guess.

Byte-order mark, then strict UTF-8, then strict GB18030, then each line for itself, then an error naming the byte. Detectors that
guess read short GB18030 texts as Korean; the ladder never does, and GB18030 holds every rare name.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Protocol

from tousu.errors import EncodingUnknown


class Rewindable(Protocol):
    """What the ladder reads: bytes that can be read again from the start."""

    def seek(self, offset: int, /) -> int:
        """Go to ``offset``, which is always 0."""

    def read(self, size: int, /) -> bytes:
        """Read up to ``size`` bytes."""


MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
PIECE = 1 << 20
MIXED = "mixed"  # lines in UTF-8 and lines in GB18030, as when files were put end to end
HAN = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")


def detect_encoding(file: Rewindable, *, name: str) -> str:
    """Return the encoding of a binary file, read from its start to its end in pieces; rewinds it.

    Args:
        file: A seekable binary file.
        name: What to call it in an error.

    Raises:
        EncodingUnknown: The bytes are neither UTF-8 nor GB18030; the message names the first bad byte.
    """
    file.seek(0)
    head = file.read(4)
    for mark, encoding in MARKS:
        if head.startswith(mark):
            mixed = encoding == "utf-8-sig" and _first_bad_byte(file, "utf-8") is not None and is_mixed(file)
            file.seek(0)
            return MIXED if mixed else encoding
    failures = {}
    for encoding in ("utf-8", "gb18030"):
        at = _first_bad_byte(file, encoding)
        if at is not None and encoding == "utf-8" and is_mixed(file):
            at, encoding = None, MIXED
        file.seek(0)
        if at is None:
            return encoding
        failures[encoding] = at
    raise EncodingUnknown(
        f"{name} 既不是 UTF-8（第 {failures['utf-8']} 字节处不合），"
        f"也不是 GB18030（第 {failures['gb18030']} 字节处不合）",
        expected="UTF-8、带 BOM 的 UTF-16 或 GB18030",
        fix="用 --encoding 指明编码，或另存为 UTF-8",
    )


def _first_bad_byte(file: Rewindable, encoding: str) -> int | None:
    """Return the offset of the first byte that is not valid in ``encoding``, or None."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    file.seek(0)
    offset = 0
    while True:
        piece = file.read(PIECE)
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            return offset - pending + error.start
        if not piece:
            return None
        offset += len(piece)


def is_mixed(file: Rewindable) -> bool:
    """Return whether some lines are UTF-8, others GB18030, and every line one of them."""
    file.seek(0)
    decoder = MixedDecoder()
    while piece := file.read(PIECE):
        decoder.decode(piece)
    decoder.decode(b"", final=True)
    return bool(decoder.utf8 and decoder.gb18030 and not decoder.broken)


class MixedDecoder:
    """Decodes each line for itself: as UTF-8 if that gives Chinese, else as GB18030.

    Attributes:
        utf8: Lines in UTF-8 that are not all ASCII.
        gb18030: Lines in GB18030.
        broken: Lines that are neither; their bytes become lone surrogates.
    """

    def __init__(self) -> None:
        self.utf8 = self.gb18030 = self.broken = 0
        self._rest = b""

    def decode(self, data: bytes, final: bool = False) -> str:
        """Return the characters of the whole lines there are by now."""
        data = self._rest + data
        end = len(data) if final else data.rfind(b"\n") + 1
        self._rest = data[end:]
        return "".join(map(self._line, data[:end].splitlines(keepends=True)))

    def reset(self) -> None:
        """Forget the line that has not ended."""
        self._rest = b""

    def _line(self, line: bytes) -> str:
        if line.isascii():
            return line.decode("ascii")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            text = ""
        wide = len(text) - len(text.encode("ascii", "ignore"))
        if text and len(HAN.findall(text)) * 2 >= wide:
            self.utf8 += 1
            return text
        try:
            text = line.decode("gb18030")
        except UnicodeDecodeError:
            self.broken += 1
            return line.decode("utf-8", "surrogateescape")
        self.gb18030 += 1
        return text


@dataclass(frozen=True, slots=True)
class TextEncoding:
    """How the bytes of a text file spell its characters.

    Attributes:
        name: The encoding as people call it, with ``BOM`` where there is one.
        mark: The byte-order mark at the file's start, or nothing.
        codec: Python's codec for the bytes behind the mark.
        wide: Whether an ASCII character takes more than one byte, so that lines cannot be cut as bytes.
    """

    name: str
    mark: bytes
    codec: str
    wide: bool

    @property
    def kept(self) -> TextEncoding:
        """What a file in this encoding is written in: the same, but UTF-8 where lines were of two."""
        return encoding_called("utf-8-sig" if self.mark else "utf-8") if self.codec == MIXED else self

    @property
    def inner(self) -> str:
        """Codec of the lines while they are worked on: wide encodings are worked on as UTF-8."""
        return "utf-8" if self.wide else self.codec


def encoding_called(name: str, head: bytes = b"") -> TextEncoding:
    """Return the encoding called ``name``, with the mark ``head`` begins with, if it belongs to that encoding.

    GBK and GB2312 are read and written as GB18030, of which they are parts.

    Raises:
        EncodingUnknown: There is no such encoding, or lines could not be cut safely in it.
    """
    if name == MIXED:
        mark = codecs.BOM_UTF8 if head.startswith(codecs.BOM_UTF8) else b""
        return TextEncoding("UTF-8 与 GB18030 混合", mark, MIXED, wide=True)
    try:
        plain = codecs.lookup(name).name
    except LookupError:
        plain = ""
    marked = next((item for item in MARKS if head.startswith(item[0])), None)
    if plain in ("utf-8", "utf-8-sig"):
        mark = codecs.BOM_UTF8 if head.startswith(codecs.BOM_UTF8) or (plain == "utf-8-sig" and not head) else b""
        return TextEncoding("UTF-8（BOM）" if mark else "UTF-8", mark, "utf-8", wide=False)
    if plain in ("gb18030", "gbk", "gb2312"):
        return TextEncoding("GB18030", b"", "gb18030", wide=False)
    if plain in ("big5", "big5hkscs", "cp950", "ascii", "iso8859-1", "cp1252"):
        return TextEncoding(plain, b"", plain, wide=False)
    if plain.startswith(("utf-16", "utf-32")):
        bits = plain[4:6]
        fits = marked is not None and marked[1] == f"utf-{bits}"
        if fits and marked is not None:
            mark = marked[0]
        else:
            mark = b"" if head or plain[7:] else (codecs.BOM_UTF16_LE if bits == "16" else codecs.BOM_UTF32_LE)
        big = mark in (codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE) or plain.endswith("be")
        order = "be" if big else "le"
        shown = f"UTF-{bits}-{order.upper()}{'（BOM）' if mark else ''}"
        return TextEncoding(shown, mark, f"utf-{bits}-{order}", wide=True)
    raise EncodingUnknown(
        f"不认识或不支持的编码：{name}", expected="utf-8、utf-8-sig、utf-16、gb18030、big5 等", fix="改用其中之一"
    )


def encoding_of_start(head: bytes) -> TextEncoding | None:
    """Return the encoding a file's first bytes allow, or None if they fit none; a cut last character is forgiven."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding_called(encoding, head)
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)("strict").decode(head, final=False)
        except UnicodeDecodeError:
            continue
        return encoding_called(encoding, head)
    return None


def decoder_of(encoding: TextEncoding) -> codecs.IncrementalDecoder | MixedDecoder:
    """Return what decodes pieces of a file in a wide or mixed encoding."""
    return MixedDecoder() if encoding.codec == MIXED else codecs.getincrementaldecoder(encoding.codec)("surrogatepass")
