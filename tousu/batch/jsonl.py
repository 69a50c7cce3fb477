"""JSON lines: each row's bytes stay as they are; one key is added before its closing brace."""

from __future__ import annotations

import base64
import contextlib
import json
import operator
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from tousu.batch.facts import FactColumns, Facts
from tousu.batch.lines import Block
from tousu.batch.rejects import BROKEN_ENCODING, BROKEN_JSON, LONGEST_TEXT, NO_COLUMN, NOT_OBJECT, Fault, text_of
from tousu.classifier.json_rows import json_lines, json_rows
from tousu.errors import ColumnMissing, FileError
from tousu.files.added_columns import free_name
from tousu.files.columns import choose_text_columns
from tousu.files.json_paths import has_path, key_paths, value_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tousu.batch.added import Words
    from tousu.batch.asked import Asked
    from tousu.classifier import Taggings

KEY = "tagging"
ERROR_KEY = "tousu_error"
CLOSED = ord("}")
NEWLINE = ord("\n")
WHITE = b" \t\r\n"
SAMPLE = 200


class JsonLines:
    """A file of JSON objects, one a line.

    Attributes:
        notes: What was settled, in Chinese.
    """

    wants_words = False
    copied = 0

    def __init__(
        self, *, codec: str, wanted: tuple[str, ...], name: str, asked: tuple[str, ...] = (), wants_facts: bool = False
    ) -> None:
        self._codec, self._wanted, self._name, self._asked = codec, wanted, name, asked
        self._wants_facts = wants_facts
        self._keys: list[str] = []
        self._names: list[str] = []  # of all keys seen first, where columns on demand want them
        self._facts = FactColumns([])
        self._path: list[str] = []  # the parts of the one key within keys
        self.notes: list[str] = []
        self._renamed = False
        self._switched = 0  # lines in GB18030 among those in UTF-8

    def begin(self, head: bytes) -> tuple[int, bytes]:
        """Settle which keys hold the texts from the first rows; there is no header."""
        self._refuse_one_value(head)
        values = [self._parse(line) for line in head.split(b"\n")[:SAMPLE]]
        self._settle([value for value in values if isinstance(value, dict)], something=bool(head.strip()))
        return 0, b""

    def _settle(self, rows: list[dict[str, Any]], *, something: bool) -> None:
        """Settle which keys hold the texts from some rows; keys within keys are called by both with a dot between."""
        top = list(dict.fromkeys(key for row in rows for key in row))
        inner = (path for row in rows for path in key_paths(row) if not path.startswith(f"{KEY}."))
        names = list(dict.fromkeys([*top, *inner]))
        if not names:
            self._keys = list(self._wanted) or ["text"]
            if something:
                self.notes.append("开头的行都不是 JSON 对象")
            return
        if self._wants_facts:
            self._names, self._facts = names, FactColumns(names)
            self.notes.append(self._facts.said)
        sample = [[value_at(row, name) for name in names] for row in rows]
        try:
            places, said = choose_text_columns(names, sample, self._wanted, file=self._name)
        except ColumnMissing:
            # A key may be missing from the first rows and come later; only a guess needs to see it.
            if not self._wanted or any(name.startswith("#") for name in self._wanted):
                raise
            self._keys = list(self._wanted)
            return
        self._keys = [names[place] for place in places]
        if len(self._keys) == 1 and self._keys[0] not in top:
            self._path = self._keys[0].split(".")
        self.notes.append(said)

    def _refuse_one_value(self, head: bytes) -> None:
        """Refuse a file that is one JSON object over many lines instead of one object a line.

        Raises:
            FileError: It is.
        """
        lines = [line.strip(WHITE) for line in head.split(b"\n")[:SAMPLE] if line.strip(WHITE)]
        if lines and lines[0] == b"{" and not any(isinstance(self._parse(line), dict) for line in lines[1:]):
            raise FileError(
                f"{self._name} 是一个 JSON 对象，分写在多行上",
                expected="每行一个 JSON 对象，或一个对象的数组",
                fix="取出里面的数组另存，例如 jq .data 原文件 > 新文件.json；或每个对象写在一行上",
            )

    def last_notes(self) -> list[str]:
        """Return what was settled on the way, lines in another encoding counted."""
        switched = f"有 {self._switched:,} 行是 GB18030，已转成 UTF-8" if self._switched else ""
        return [*self.notes, switched] if switched else self.notes

    def cut(self, data: bytes, *, final: bool) -> Block:
        """Return the rows of ``data``."""
        end = len(data) if final else data.rfind(b"\n") + 1
        data = data[:end]
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        block = self._cut_plain(data, lines) if data.endswith(b"\n") else None
        if block is None:
            block = self._cut_odd(lines, ended=data.endswith(b"\n"))
        block.read, block.newlines = end, len(lines)
        return block

    def _cut_plain(self, data: bytes, lines: list[bytes]) -> Block | None:
        """Return the block if every line is a plain row with a text, else None."""
        if self._asked or len(self._keys) != 1 or {line[-1] if line else 0 for line in lines} != {CLOSED}:
            return None
        path = self._path or self._keys
        try:
            rows = [orjson.loads(line) for line in self._utf8(lines)]
            texts = rows
            for key in path:
                texts = [row[key] for row in texts]
            if any(map(str.isspace, texts)) or not all(texts) or max(map(len, texts)) > LONGEST_TEXT:
                return None
        except (ValueError, KeyError, TypeError):
            return None
        if any(map(operator.contains, rows, repeat(KEY))):
            return None
        newlines = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == NEWLINE)
        return Block([], texts, plain=(data, newlines), rows=len(lines))

    def _utf8(self, lines: list[bytes]) -> list[bytes]:
        """Return lines as UTF-8; a newline byte is never part of a longer character in our codecs."""
        if self._codec == "utf-8" or not lines:
            return lines
        return b"\n".join(lines).decode(self._codec).encode().split(b"\n")

    def _cut_odd(self, lines: list[bytes], *, ended: bool) -> Block:
        """Return the block of lines of which some are odd: blank, broken, without text, with white space around."""
        block = Block([], [])
        for number, line in enumerate(lines):
            newline = b"\n" if ended or number + 1 < len(lines) else b""
            if not line.strip(WHITE):
                block.lines.append(line + newline)
                continue
            before, text, after, fault = self._look_at(line, block.facts)
            if fault:
                block.faults.append((block.rows, number, fault))
                block.lines.append(before + after + newline)
            else:
                block.where.append(len(block.lines))
                block.after.append(after + newline)
                block.lines.append(before)
                block.texts.append(text)
            block.rows += 1
        return block

    def _look_at(self, line: bytes, facts: list[Facts]) -> tuple[bytes, str, bytes, Fault | None]:
        """Return what stands before the tag, the text, what stands behind the tag, and why there is no tag."""
        line = self._as_utf8(line) if self._codec == "utf-8" else line
        row = self._parse(line)
        if not isinstance(row, dict):
            wrong = row if isinstance(row, Fault) else NOT_OBJECT
            return self._wrapped(line, wrong), "", line[len(line.rstrip(b"\r")) :], wrong
        body = line.rstrip(WHITE)
        return self._object(row, body[:-1], b"}" + line[len(body) :], facts)

    def _object(
        self, row: dict[str, Any], body: bytes, end: bytes, facts: list[Facts]
    ) -> tuple[bytes, str, bytes, Fault | None]:
        """Return what stands before an object's tag, its text, what stands behind the tag, and why there is none.

        Args:
            row: The object.
            body: Its bytes up to the closing brace.
            end: The closing brace and what stands around it.
            facts: Gets what a row with a text tells beside it, where columns on demand want it.
        """
        key, error_key = free_name(KEY, row), free_name(ERROR_KEY, row)
        if key != KEY and not self._renamed:
            self._renamed = True
            self.notes.append(f"有的行已有 {KEY} 键，未改动它；这些行新增的键为 {key}")
        before = body + (b'"%s":' if not row else b',"%s":') % key.encode()
        text, fault = self._text_of(row)
        if fault:
            told = b'null,"%s":%s' % (error_key.encode(), self._encoded(orjson.dumps(fault.reason)))
            return before + told, "", end, fault
        if self._wants_facts:
            facts.append(self._facts.facts(lambda place: value_at(row, self._names[place])))
        return before, text, end, None

    def _text_of(self, row: dict[str, Any]) -> tuple[str, Fault | None]:
        """Return the joined text of a row, or why there is none."""
        values = [value_at(row, key) for key in self._keys if has_path(row, key)]
        if not values:
            return "", NO_COLUMN
        return text_of(values)

    def _as_utf8(self, line: bytes) -> bytes:
        """Return a line, one in GB18030 among those in UTF-8 in UTF-8."""
        try:
            line.decode(self._codec)
        except UnicodeDecodeError:
            with contextlib.suppress(UnicodeDecodeError):
                other = line.decode("gb18030").encode()
                if isinstance(self._parse(other), dict):
                    self._switched += 1
                    return other
        return line

    def _parse(self, line: bytes) -> object:
        """Return the value of a line, or the fault if it has none."""
        try:
            text = line.decode(self._codec)
        except UnicodeDecodeError:
            return BROKEN_ENCODING
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
        try:
            return json.loads(text)  # takes what orjson does not: lone surrogates, NaN
        except (ValueError, RecursionError):
            return BROKEN_JSON

    def _wrapped(self, line: bytes, fault: Fault) -> bytes:
        """Return an object that holds a line that is none; its bytes too if they are no text."""
        held = line.rstrip(b"\r")
        row: dict[str, Any] = {"_raw": held.decode(self._codec, "backslashreplace")}
        if fault is BROKEN_ENCODING:
            row["_raw_base64"] = base64.b64encode(held).decode("ascii")
        return self._encoded(orjson.dumps(row | {KEY: None, ERROR_KEY: fault.reason}))

    def _encoded(self, content: bytes) -> bytes:
        """Return UTF-8 JSON in the file's codec."""
        return content if self._codec == "utf-8" else content.decode().encode(self._codec, "replace")

    def render(self, block: Block, taggings: Taggings, words: Words | None, asked: Asked | None) -> bytes | memoryview:
        """Return the block's lines with their tags."""
        del words
        if block.plain is not None:
            return self._render_plain(*block.plain, taggings)
        rows = json_rows(taggings) if asked is None else asked.into(json_rows(taggings))
        for where, tag, after in zip(block.where, map(self._encoded, rows), block.after, strict=True):
            block.lines[where] += tag + after
        return b"".join(block.lines)

    def _render_plain(self, data: bytes, newlines: NDArray[np.int64], taggings: Taggings) -> bytes | memoryview:
        """Return plain lines with their tags: each without its closing brace, the key, the tag, the brace again."""
        begins = np.concatenate([[0], newlines[:-1] + 1])
        before, after = b',"%s":' % KEY.encode(), b"}\n"
        if self._codec == "utf-8":
            return json_lines(taggings, data, begins, newlines - 1, before=before, after=after)
        tags = map(self._encoded, json_rows(taggings, before=before, after=after))
        cuts = zip(begins.tolist(), newlines.tolist(), strict=True)
        return b"".join(data[begin : newline - 1] + tag for (begin, newline), tag in zip(cuts, tags, strict=True))
