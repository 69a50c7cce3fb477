"""Files of any format as tables: rows of cells under the names of their columns. The one reader for whoever needs values.

What must come back byte for byte is read by the rooms that write it; a report, training and evaluation read here.
"""

from __future__ import annotations

import contextlib
import csv
import io
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import orjson

from tousu.errors import EncodingUnknown, FileError, FormatUnknown
from tousu.files.added_columns import ADDED
from tousu.files.delimiters import DELIMITERS, find_delimiter
from tousu.files.formats import LINE_FORMATS, ending_of, is_read_as_xlsx
from tousu.files.json_paths import key_paths, value_at
from tousu.files.layout import find_names
from tousu.files.sheets import first_rows, read_sheets
from tousu.files.source import Source, packing_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

Row = tuple[int, "Sequence[Any]"]

HEADER_WITHIN = 50
HEAD = 200  # lines or rows looked at for the header
SAMPLE = 4096  # JSON rows looked at for their keys
PIECE = 4096
WRAPPERS = ("data", "rows", "records", "items", "list", "result", "results", "tasks")
LONGEST_CELL = 64 << 20
FASTTEXT = "__label__"
READABLE = ".jsonl、.json、.csv、.tsv、.txt（可再压缩为 .gz 或 .zst）、.xlsx、.xls、.xlsb、.ods、.et、.parquet"


class Unreadable:
    """In the place of a JSON line's object: a line that is none."""


@dataclass(slots=True)
class Table:
    """A table of a file.

    Attributes:
        place: What to call it: the file's name, and the sheet's.
        names: Names of its columns; of JSON rows the keys of the first ones, keys within keys with dots between;
            ``#1``, ``#2`` … where no row names them.
        rows: Line number, from 1 on, and cells of each row, once; a JSON row is one cell, the object or ``Unreadable``.
        nested: Whether the rows are JSON objects.
        headless: Whether no row names the columns.
    """

    place: str
    names: list[str]
    rows: Iterator[Row]
    nested: bool = False
    headless: bool = False

    def column(self, name: str) -> Callable[[Sequence[Any]], Any]:
        """Return what takes a row's cells to the value under a name; of columns of one name, the first; None if there is none."""
        if self.nested:
            return lambda cells: value_at(cells[0], name)
        place = self.names.index(name)
        return lambda cells: cells[place] if place < len(cells) else None


def is_readable(path: Path) -> bool:
    """Return whether ``read_file`` reads files of this name."""
    return bool(_ending(path))


def read_file(path: Path, *, strict: bool = False) -> Iterator[Table]:
    """Yield the tables of a file: a workbook has one per sheet with rows, the others one.

    Args:
        path: The file.
        strict: Whether text must fit its encoding; else bytes that do not become replacement characters.

    Raises:
        FormatUnknown: The name's ending is none that is read here.
        FileError: The file cannot be read.
        EncodingUnknown: ``strict``, and its bytes fit no encoding.
    """
    ending = _ending(path)
    if not path.is_file():
        raise FileError(f"没有这个文件：{path}", fix="检查路径")
    if ending == ".jsonl":
        yield _json_table(path, strict=strict)
    elif ending in (".csv", ".tsv"):
        yield from _flat(path, tab=ending == ".tsv", strict=strict)
    elif ending == ".parquet":
        from tousu.files.parquet_values import parquet_table  # a heavy library

        names, values = parquet_table(path, PIECE)
        yield Table(path.name, names, enumerate(values, 1))
    elif ending:
        for sheet in read_sheets(path):
            head, rows = first_rows(sheet)
            if any(cell != "" for row in head for cell in row):
                yield _table(f"{path.name} 工作表 {sheet.name}", head, enumerate(rows, 1), sheet.merged)
    else:
        raise FormatUnknown(f"不认识的文件类型：{path.name}", expected=READABLE, fix="另存为其中一种，再试")


def _ending(path: Path) -> str:
    """Return the format's ending of a file name; nothing for one that is not read, such as a packed workbook."""
    packed = packing_of(path.name)
    ending = ending_of(path.name)
    if is_read_as_xlsx(path.name):
        return ".xlsx"
    return ending if ending in LINE_FORMATS or not packed else ""


def names_tags(cells: Sequence[object]) -> bool:
    """Return whether a row names the columns that ``tousu tag`` adds."""
    return any(names["primary"] in cells and names["decision"] in cells for names in ADDED.values())


def _table(place: str, head: Sequence[Sequence[Any]], rows: Iterable[Row], merged: Sequence[Any] = ()) -> Table:
    """Return a flat table below its header, or all of it where none is found."""
    at = next((number for number, row in enumerate(head[:HEADER_WITHIN]) if names_tags(row)), None)
    names = None if at is None else [str(cell) for cell in head[at]]
    if names is None:
        found = find_names(head, merged=merged)
        at, names = found or (None, None)
    below = islice(rows, 0 if at is None else at + 1, None)
    filled = (row for row in below if any(cell is not None and cell != "" for cell in row[1]))
    if names is None:
        width = max(map(len, head), default=0)
        return Table(place, [f"#{number + 1}" for number in range(width)], filled, headless=True)
    return Table(place, names, filled)


def _json_table(path: Path, *, strict: bool) -> Table:
    """Return the table of a file of JSON lines, of one JSON array, or of an object that holds one."""
    rows = _json_rows(path, strict=strict)
    head = list(islice(rows, SAMPLE))
    objects = [cells[0] for _, cells in head if isinstance(cells[0], dict)]
    names = list(dict.fromkeys(key for value in objects for key in key_paths(value)))
    return Table(path.name, names, chain(head, rows), nested=True)


def _json_rows(path: Path, *, strict: bool) -> Iterator[Row]:
    """Yield each JSON object as one cell."""
    with _text_of(path, strict=strict) as file:
        try:
            lines = ((number, line) for number, line in enumerate(file, 1) if line.strip())
            at, first = next(lines, (0, ""))
            begun = _loads(first)
            if isinstance(begun, list) or _held(begun) or (begun is None and first.lstrip()[:1] in ("[", "{")):
                rest = file.read()
                listed = _objects(begun if begun is not None and not rest.strip() else _loads(first + rest))
                if listed is not None:
                    yield from ((number, (value,)) for number, value in enumerate(listed, 1))
                    return
                lines = ((number, line) for number, line in enumerate(io.StringIO(rest), at + 1) if line.strip())
            for number, line in chain([(at, first)] if first else [], lines):
                value = _loads(line)
                yield number, (value if isinstance(value, dict) else Unreadable(),)
        except UnicodeDecodeError as error:
            raise _undecodable(path, error) from error


def _loads(text: str) -> Any:
    """Return the value a text spells in JSON, None if it spells none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _objects(value: Any) -> list[Any] | None:
    """Return the list of objects that a JSON value is or holds."""
    if isinstance(value, list):
        return [item if isinstance(item, dict) else Unreadable() for item in value]
    return (_held(value) or [value]) if isinstance(value, dict) else None


def _held(value: Any) -> list[Any] | None:
    """Return the list of objects that an answer of some programme's interface wraps."""
    inner = next((value[key] for key in WRAPPERS if value.get(key)), None) if isinstance(value, dict) else None
    if isinstance(inner, list) and isinstance(inner[0], dict):
        return _objects(inner)
    return _held(inner) if isinstance(inner, dict) else None


def _flat(path: Path, *, tab: bool, strict: bool) -> Iterator[Table]:
    """Yield the table of a file of delimited cells, or of fastText's lines."""
    csv.field_size_limit(LONGEST_CELL)
    with _text_of(path, strict=strict) as file:
        try:
            head = list(islice(file, HEAD))
            lines = chain(head, file)
            filled = [line for line in head if line.strip()]
            if filled and all(line.lstrip().startswith(FASTTEXT) for line in filled):
                yield Table(path.name, ["label", "text"], _fasttext(lines))
                return
            delimiter = find_delimiter([line.rstrip("\r\n") for line in head], tab=tab)
            for other in (delimiter, *DELIMITERS):
                if any(map(names_tags, _lenient(head, other))):
                    delimiter = other
                    break
            reader = csv.reader(lines, delimiter=delimiter)
            yield _table(path.name, _lenient(head, delimiter), _numbered(reader))
        except csv.Error as error:
            raise FileError(
                f"{path.name} 读不成表格", expected="引号成对的表格", fix="检查引号，或另存为 .xlsx"
            ) from error
        except UnicodeDecodeError as error:
            raise _undecodable(path, error) from error


def _lenient(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Return the rows of some lines as far as they can be read."""
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        rows.extend(row for row in csv.reader(lines, delimiter=delimiter))
    return rows


def _numbered(reader: Any) -> Iterator[Row]:
    """Yield a reader's rows with the number of their last line."""
    for row in reader:
        yield reader.line_num, row


def _fasttext(lines: Iterable[str]) -> Iterator[Row]:
    """Yield fastText's lines: the labels as a list, and the text behind them."""
    for number, line in enumerate(lines, 1):
        words = line.split()
        labels = [word.removeprefix(FASTTEXT) for word in words if word.startswith(FASTTEXT)]
        if words:
            yield number, (labels, " ".join(word for word in words if not word.startswith(FASTTEXT)))


def _undecodable(path: Path, error: UnicodeDecodeError) -> EncodingUnknown:
    return EncodingUnknown(f"{path.name} 的字节不合 {error.encoding}", fix="另存为 UTF-8")


def _text_of(path: Path, *, strict: bool) -> io.TextIOWrapper:
    """Return a file's characters; bytes that spell none become replacement characters, unless ``strict``."""
    source = Source(str(path))
    try:
        encoding = source.settle(None, strict=strict)
    except BaseException:
        source.close()
        raise
    raw = io.BufferedReader(_Raw(source), 1 << 20)
    return io.TextIOWrapper(raw, encoding.inner, errors="strict" if strict else "replace", newline="")


class _Raw(io.RawIOBase):
    """A source in the shape Python's own readers want."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        with memoryview(buffer) as view:
            data = self._source.read(len(view))
            view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._source.close()
        super().close()
