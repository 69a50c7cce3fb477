"""CSV and TSV: each row's bytes stay as they are; cells are added before its end of line."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from tousu.batch.added import FlatColumns
from tousu.batch.facts import NO_FACTS, FactColumns
from tousu.batch.lines import Block
from tousu.batch.rejects import BROKEN_ENCODING, OPEN_QUOTE, TOO_MANY_CELLS, Fault, text_of
from tousu.errors import ColumnMissing
from tousu.files.added_columns import added_columns, added_names, neutralise
from tousu.files.delimiters import find_delimiter, odd_delimiter
from tousu.files.layout import Layout, find_layout

if TYPE_CHECKING:
    from tousu.batch.added import Words
    from tousu.batch.asked import Asked
    from tousu.classifier import Taggings
    from tousu.files.added_columns import Language

SAMPLE = 200
TITLE_ROWS = 20
# A record longer than this has a quote that nobody closed; its first line is taken as a row of its own.
RUNAWAY = 4 << 20
SENTINEL = "\x00tousu\x00"


class Record:
    """One record: the lines it stands on, its cells, and what is wrong with it."""

    __slots__ = ("cells", "fault", "first", "last")

    def __init__(self, first: int, last: int, cells: list[str], fault: Fault | None = None) -> None:
        self.first, self.last, self.cells, self.fault = first, last, cells, fault


class Delimited:
    """A file of records with a header.

    Attributes:
        copied: Rows between header and data: hints, examples, names in English.
        notes: What was settled, in Chinese.
    """

    wants_words = True

    def __init__(
        self,
        *,
        codec: str,
        wanted: tuple[str, ...],
        name: str,
        language: Language,
        tab: bool,
        neutralise_all: bool,
        no_header: bool = False,
        asked: tuple[str, ...] = (),
        wants_facts: bool = False,
    ) -> None:
        self._codec, self._wanted, self._name, self._language = codec, wanted, name, language
        self._tab, self._delimiter, self._no_header = tab, "", no_header
        self._neutralise_all = neutralise_all
        self._flat = FlatColumns(language, asked)
        self._asked, self._facts, self._wants_facts = asked, FactColumns([]), wants_facts
        self._layout = Layout(None, 0, [], [], "")
        self._width = 0
        self._over = False  # whether the one case of a form is behind us
        self.copied = 0
        self._lossy = False
        self.notes: list[str] = []
        # The module's own limit, 128 KiB, is far below what a row may hold here; it can only be set for all.
        csv.field_size_limit(1 << 30)

    def begin(self, head: bytes) -> tuple[int, bytes]:
        """Find delimiter, header and text column; the header gets the added columns' names."""
        lines = head.splitlines(keepends=True)[: SAMPLE * 5]
        strings = [self._decode(line)[0] for line in lines]
        self._delimiter = find_delimiter(strings, tab=self._tab)
        records = [record for record in self._records(lines, strings, final=True) if record.cells]
        if not records:
            return 0, b""
        rows = [record.cells for record in records[: TITLE_ROWS + SAMPLE]]
        layout = self._layout = self._find_layout(rows, strings)
        self._width = max(len(layout.names), len(rows[layout.first]) if layout.single else 0)
        if layout.header is None:
            self.notes.append(
                f"{layout.said}；没有表头，新增的各格依次为：{'、'.join(added_columns(self._language, self._asked).values())}"
            )
            if self._wants_facts:
                self.notes.append(NO_FACTS)
            return 0, b""
        header = records[layout.header]
        added, renamed = added_names(layout.names, self._language, self._asked)
        if self._wants_facts:
            self._facts = FactColumns(layout.names)
            self.notes.append(self._facts.said)
        below = f"，表头在第 {header.last} 行" if layout.header else ""
        self.notes += [f"{layout.said}{below}", *renamed]
        body, end = self._split(b"".join(lines[header.first : header.last]))
        fresh = [self._cell(name) for name in added.values()]
        pad = self._mark() * max(0, self._width - len(header.cells))
        self.copied = layout.first - layout.header - 1
        until = records[layout.first].first if self.copied else header.last
        before, between = b"".join(lines[: header.first]), b"".join(lines[header.last : until])
        read = len(before) + len(body) + len(end) + len(between)
        return read, before + body + pad + self._mark() + self._mark().join(fresh) + end + between

    def _find_layout(self, rows: list[list[str]], lines: list[str]) -> Layout:
        """Return the table's layout; a delimiter that is none of ours is named."""
        sign = odd_delimiter(lines) if max(map(len, rows)) == 1 else ""
        if sign:
            raise ColumnMissing(
                f"{self._name} 的各行都只有一格，像是用 {sign!r} 隔开的", expected="用逗号、制表符、分号、竖线、^ 或 \\x01 隔开各格",
                fix="换一种分隔符重新导出",
            )  # fmt: skip
        return find_layout(rows, self._wanted, file=self._name, no_header=self._no_header, within=TITLE_ROWS)

    def last_notes(self) -> list[str]:
        """Return what was settled on the way."""
        return self.notes

    def _mark(self) -> bytes:
        return self._delimiter.encode("ascii")

    def _decode(self, line: bytes) -> tuple[str, bool]:
        """Return a line as text and whether it was sound; broken bytes become lone surrogates."""
        try:
            return line.decode(self._codec), True
        except UnicodeDecodeError:
            return line.decode(self._codec, "surrogateescape"), False

    def _records(self, lines: list[bytes], strings: list[str], *, final: bool) -> list[Record]:
        """Return the whole records on ``lines``; those behind the last one need more lines to tell.

        A quote that nobody closes, or that only a quote of a later record seems to close, costs its own
        line only: that line becomes a record with a fault.
        """
        records: list[Record] = []
        at = 0
        while at < len(lines):
            first = at
            reader = csv.reader([*strings[at:], SENTINEL], delimiter=self._delimiter, strict=True)
            try:
                for cells in reader:
                    last = at + reader.line_num
                    if last > len(lines):
                        return records
                    records.append(Record(first, last, cells))
                    first = last
            except csv.Error:
                last = at + reader.line_num
                if last > len(lines) and not final and sum(map(len, lines[first:])) < RUNAWAY:
                    return records
                records.append(self._odd_record(strings[first], first, alone=last == first + 1))
                at = first + 1
        return records

    def _odd_record(self, line: str, first: int, *, alone: bool) -> Record:
        """Return the record of one line that breaks the rules of quotes: tolerable if it ends with the line."""
        reader = csv.reader([line, SENTINEL], delimiter=self._delimiter, strict=False)
        cells = next(reader)
        closed = alone and reader.line_num == 1
        if not closed:
            cells = next(csv.reader([line], delimiter=self._delimiter, strict=False))
        return Record(first, first + 1, cells, None if closed else OPEN_QUOTE)

    def cut(self, data: bytes, *, final: bool) -> Block:
        """Return the whole records of ``data``."""
        lines = data.splitlines(keepends=True)
        if not final and lines and not lines[-1].endswith(b"\n"):
            lines.pop()  # a cut line, or one whose line feed may still come
        decoded = [self._decode(line) for line in lines]
        broken = {number for number, (_, sound) in enumerate(decoded) if not sound}
        records = self._records(lines, [text for text, _ in decoded], final=final)
        return self._block(lines, records, broken)

    def _block(self, lines: list[bytes], records: list[Record], broken: set[int]) -> Block:
        """Return the block of some records."""
        block = Block([], [])
        for record in records:
            raw = (
                lines[record.first] if record.last - record.first == 1 else b"".join(lines[record.first : record.last])
            )
            block.read += len(raw)
            if not record.cells:
                block.lines.append(raw)
                continue
            if self._over or self._layout.is_furniture(record.cells):
                block.lines.append(raw)
                block.copied += 1
                continue
            self._over = self._layout.single
            body, end = self._split(raw)
            if record.fault is OPEN_QUOTE:
                body += b'"'
            body = self._trimmed(body, record)
            text, fault = self._look_at(record, broken)
            before = self._before(body, record.cells)
            if fault:
                block.faults.append((block.rows, record.first, fault))
                block.lines.append(before + self._empty(fault) + end)
            else:
                block.where.append(len(block.lines))
                block.after.append(end)
                block.lines.append(before)
                block.texts.append(text)
                if self._wants_facts:
                    block.facts.append(self._facts.facts(dict(enumerate(record.cells)).get))
            block.rows += 1
        block.newlines = records[-1].last if records else 0
        return block

    def _trimmed(self, body: bytes, record: Record) -> bytes:
        """Return a record's bytes without empty cells behind the header's last column: ours shall stand there."""
        surplus = record.cells[self._width :]
        if not surplus or any(surplus) or record.fault:
            return body
        for _ in surplus:
            body = body.removesuffix(b'""').removesuffix(self._mark())
        record.cells = record.cells[: self._width]
        return body

    def _look_at(self, record: Record, broken: set[int]) -> tuple[str, Fault | None]:
        """Return a record's text, or why it cannot be tagged."""
        if record.fault:
            return "", record.fault
        if broken and not broken.isdisjoint(range(record.first, record.last)):
            return "", BROKEN_ENCODING
        cells = record.cells
        if len(cells) > self._width:
            return "", TOO_MANY_CELLS
        return text_of([cells[place] for place in self._layout.texts if place < len(cells)])

    def _before(self, body: bytes, cells: list[str]) -> bytes:
        """Return a record's own bytes up to the delimiter before the added cells."""
        if self._neutralise_all and any(neutralise(cell) != cell for cell in cells):
            body = self._mark().join(self._cell(cell) for cell in cells)
        return body + self._mark() * (max(0, self._width - len(cells)) + 1)

    @staticmethod
    def _split(raw: bytes) -> tuple[bytes, bytes]:
        """Return a record's bytes and its end of line."""
        body = raw[:-2] if raw.endswith(b"\r\n") else raw[:-1] if raw.endswith((b"\n", b"\r")) else raw
        return body, raw[len(body) :]

    def _cell(self, value: str) -> bytes:
        """Return a cell of ours: neutralised, quoted if it must be, in the file's codec."""
        value = neutralise(value)
        if any(mark in value for mark in (self._delimiter, '"', "\n", "\r")):
            value = '"' + value.replace('"', '""') + '"'
        return self._encode(value)

    def _encode(self, value: str) -> bytes:
        try:
            return value.encode(self._codec)
        except UnicodeEncodeError:
            if self._codec in ("utf-8", "gb18030"):  # not a character that is missing, but a broken byte
                return value.encode(self._codec, "replace" if self._codec == "utf-8" else "surrogateescape")
            if not self._lossy:
                self._lossy = True
                self.notes.append(
                    f"有的新增内容在 {self._codec} 中没有对应的字，以 ? 代替；先把文件转成 UTF-8 再标就能写全"
                )
            return value.encode(self._codec, "replace")

    def _empty(self, fault: Fault) -> bytes:
        """Return the added cells of a row without a tag."""
        return self._mark() * (len(added_columns(self._language, self._asked)) - 1) + self._cell(fault.reason)

    def render(self, block: Block, taggings: Taggings, words: Words | None, asked: Asked | None) -> bytes:
        """Return the block's records with their added cells."""
        columns = self._flat.values(taggings, words, asked)
        encoded = []
        for values in columns.values():
            known = {value: self._cell(str(value)) for value in set(values)}
            encoded.append([known[value] for value in values])
        cells = map(self._mark().join, zip(*encoded, strict=True))
        for where, added, after in zip(block.where, cells, block.after, strict=True):
            block.lines[where] += added + after
        return b"".join(block.lines)
