"""The workbook's shared strings, looked up where they lie unpacked: memory does not grow with them."""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING

from tousu.batch.workbook.markup import PIECE

if TYPE_CHECKING:
    from typing import IO

# One place is kept for so many strings; those between are found by looking through them.
STRIDE = 32
MOST_KEPT = 64
PLAIN_TAGS = 3  # of a string that is one plain text, without the last
ENTITY = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(\w+));")
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
ESCAPED = re.compile(r"_x([0-9a-fA-F]{4})_")


def plain_text(raw: bytes) -> str:
    """Return what the bytes between two tags spell."""
    text = raw.decode()
    if "&" in text:
        text = ENTITY.sub(_character, text)
    return text.replace("\r\n", "\n") if "\r" in text else text


def _character(found: re.Match[str]) -> str:
    hexadecimal, decimal, name = found.groups()
    if name:
        return NAMED.get(name, found[0])
    return chr(int(hexadecimal, 16) if hexadecimal else int(decimal))


class Texts:
    """Reads the texts of rich and plain strings.

    Args:
        prefix: What all names of the part begin with.
    """

    def __init__(self, prefix: bytes) -> None:
        name = re.escape(prefix)
        self._plain = b"<%ssi><%st>" % (prefix, prefix), b"</%st>" % prefix
        self._text = re.compile(rb"<%st(?:\s[^>]*)?(?<!/)>([^<]*)</%st\s*>" % (name, name))
        self._spoken, self._reading = b"<%srPh" % prefix, re.compile(rb"<%srPh.*?</%srPh\s*>" % (name, name), re.DOTALL)

    def of(self, raw: bytes) -> str:
        """Return the text in ``<si>``, its end tag or not, or in ``<is>``, without how it is read aloud."""
        before, after = self._plain
        if raw.startswith(before) and raw.endswith(after) and raw.count(b"<") == PLAIN_TAGS:
            text = plain_text(raw[len(before) : -len(after)])
            return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
        if self._spoken in raw:
            raw = self._reading.sub(b"", raw)
        text = "".join(map(plain_text, self._text.findall(raw)))
        return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


class SharedStrings:
    """The shared strings of a workbook, by number.

    Args:
        file: The part, unpacked, in the one spelling; it stays in use.
        prefix: What all names of the part begin with.
    """

    def __init__(self, file: IO[bytes], prefix: bytes = b"") -> None:
        self._file, self._texts = file, Texts(prefix)
        self._close, self._single = b"</%ssi>" % prefix, b"<%ssi/" % prefix
        self._end = re.compile(rb"</%ssi\s*>|<%ssi\s*/>" % (re.escape(prefix), re.escape(prefix)))
        self._places = array("Q")
        self._blocks: dict[int, list[bytes]] = {}
        self.count = 0
        self._index(b"<%ssi" % prefix)

    def _index(self, begin: bytes) -> None:
        """Find where every ``STRIDE``-th string begins."""
        at, rest = 0, b""
        self._file.seek(0)
        while piece := self._file.read(PIECE):
            data = rest + piece
            done = 0
            if not self._places and (first := data.find(begin)) >= 0:
                self._places.append(at + first)
            for found in self._end.finditer(data):
                done = found.end()
                self.count += 1
                if self.count % STRIDE == 0:
                    self._places.append(at + done)
            keep = max(done, len(data) - 64)
            at, rest = at + keep, data[keep:]
        self._places.append(at + len(rest))

    def __getitem__(self, number: int) -> str:
        """Return a string.

        Raises:
            IndexError: There is none of this number.
        """
        if not 0 <= number < self.count:
            raise IndexError(number)
        block = self._blocks.get(number // STRIDE)
        if block is None:
            block = self._read(number // STRIDE)
        return self._texts.of(block[number % STRIDE])

    def _read(self, number: int) -> list[bytes]:
        """Return some strings that lie together, and keep them for a while."""
        start, end = self._places[number], self._places[number + 1]
        self._file.seek(start)
        raw = self._file.read(end - start)
        if self._single in raw:
            block, at = list[bytes](), 0
            for found in self._end.finditer(raw):
                block.append(raw[at : found.end()])
                at = found.end()
        else:
            block = raw.split(self._close)
        if len(self._blocks) >= MOST_KEPT:
            del self._blocks[next(iter(self._blocks))]
        self._blocks[number] = block
        return block
