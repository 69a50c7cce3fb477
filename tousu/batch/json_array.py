"""One JSON array of objects: all bytes stay as they are; one key is added before each object's closing brace."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

from tousu.batch.jsonl import SAMPLE, WHITE, JsonLines
from tousu.batch.lines import Block
from tousu.batch.rejects import NOT_OBJECT
from tousu.errors import FileError

GAP = re.compile(r"[ \t\r\n]*,?[ \t\r\n]*")
DECODER = json.JSONDecoder()


def _behind_gap(text: str, at: int) -> int:
    """Return where what stands between two elements ends."""
    gap = GAP.match(text, at)
    return gap.end() if gap else at


def is_array(head: bytes) -> bool:
    """Return whether a file begins like an array of objects; lines that are arrays themselves are no such file."""
    lines = [line for line in head.split(b"\n")[:3] if line.strip(WHITE)]
    if not lines or not re.match(rb"\s*\[\s*(?:\{|\]|$)", head):
        return False
    return len(lines) == 1 or not _whole(lines[0]) or not _whole(lines[1])


def _whole(line: bytes) -> bool:
    """Return whether a line is a JSON value of its own."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


class JsonArray(JsonLines):
    """A file of one array, read object by object."""

    _ended = False

    def begin(self, head: bytes) -> tuple[int, bytes]:
        """Settle which keys hold the texts from the first objects; the bracket is copied."""
        text = codecs.getincrementaldecoder(self._codec)("surrogateescape").decode(head)
        start = text.index("[") + 1
        rows: list[Any] = []
        at = start
        while len(rows) < SAMPLE:
            at = _behind_gap(text, at)
            try:
                value, at = DECODER.raw_decode(text, at)
            except (ValueError, RecursionError):
                break
            rows.append(value)
        self._settle([row for row in rows if isinstance(row, dict)], something=bool(rows))
        header = self._bytes(text[:start])
        return len(header), header

    def cut(self, data: bytes, *, final: bool) -> Block:
        """Return the whole objects of ``data``."""
        text = codecs.getincrementaldecoder(self._codec)("surrogateescape").decode(data, final=final)
        block = Block([], [])
        at = 0
        while not self._ended:
            begin = _behind_gap(text, at)
            if text[begin : begin + 1] == "]":
                self._ended = True
                break
            try:
                value, end = DECODER.raw_decode(text, begin)
            except (ValueError, RecursionError) as error:
                if final and text[begin:].strip():
                    raise self._broken() from error
                break
            if end >= len(text) and not final:
                break  # a number may go on behind
            self._put(block, text, at, begin, end, value)
            at = end
        if self._ended:
            block.lines.append(self._bytes(text[at:]))
            at = len(text)
        elif final:
            raise FileError(
                f"{self._name} 的 JSON 数组没有结尾", expected="以 ] 结尾的数组", fix="文件可能不完整，请重新取得"
            )
        block.read = len(self._bytes(text[:at]))
        block.newlines = text.count("\n", 0, at)
        return block

    def _put(self, block: Block, text: str, at: int, begin: int, end: int, value: Any) -> None:
        """Add an element and what stands before it to a block."""
        before = self._bytes(text[at:begin])
        line = text.count("\n", 0, begin)
        if not isinstance(value, dict):
            block.faults.append((block.rows, line, NOT_OBJECT))
            block.lines.append(before + self._wrapped(self._bytes(text[begin:end]), NOT_OBJECT))
        else:
            body = text[begin : end - 1].rstrip(" \t\r\n")
            tail = text[begin + len(body) : end]
            begun, found, after, fault = self._object(value, self._bytes(body), self._bytes(tail), block.facts)
            if fault:
                block.faults.append((block.rows, line, fault))
                block.lines.append(before + begun + after)
            else:
                block.where.append(len(block.lines))
                block.after.append(after)
                block.lines.append(before + begun)
                block.texts.append(found)
        block.rows += 1

    def _broken(self) -> FileError:
        """Return the error for what is no JSON."""
        return FileError(f"{self._name} 不是合法的 JSON", expected="对象的数组", fix="检查引号、逗号与括号，或重新导出")

    def _bytes(self, text: str) -> bytes:
        return text.encode(self._codec, "surrogateescape")
