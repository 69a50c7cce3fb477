"""Tagged files of any format, read as rows of cells under the names of their columns."""

from __future__ import annotations

import contextlib
import csv
import io
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import orjson

from tousu.errors import ColumnMissing, FileError, FormatUnknown
from tousu.files.added_columns import ADDED
from tousu.files.delimiters import DELIMITERS
from tousu.files.formats import LINE_FORMATS, ending_of
from tousu.files.source import Source, packing_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from typing_extensions import Buffer

TAGGING = "tagging"
HEADER_WITHIN = 50
HEADER_LINES = 200
PIECE = 4096
LONGEST_CELL = 64 << 20
READABLE = "tousu tag 能标的各种后缀：.jsonl、.csv、.tsv（可再压缩为 .gz 或 .zst）、.xlsx、.parquet 等"


@dataclass(slots=True)
class Table:
    """A table of a file: names of its columns, and its rows, which can be read once."""

    names: list[str]
    rows: Iterator[Sequence[Any]]


def read_tables(path: Path) -> Iterator[Table]:
    """Yield the tagged tables of a file, or of the tagged files in a directory, in the order of their names.

    A workbook has one per tagged sheet, the others one.

    Raises:
        FormatUnknown: The name's ending is none that is read here.
        FileError: The file cannot be read.
        ColumnMissing: There is no tag in it.
    """
    files = tagged_files(path)
    if not path.is_dir():
        yield from _tables_of(path)
        return
    for file in files:
        with contextlib.suppress(ColumnMissing):
            yield from _tables_of(file)


def tagged_files(path: Path) -> list[Path]:
    """Return the files that ``read_tables`` reads.

    Raises:
        FileError: There is no such file.
        ColumnMissing: The directory has none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FileError(f"没有这个文件：{path}", fix="检查路径")
    files = sorted(file for file in path.rglob("*") if file.is_file() and _is_ours(file, path))
    if not files:
        raise untagged(path)
    return files


def _is_ours(file: Path, folder: Path) -> bool:
    """Return whether a file of a directory may hold tags: no mark of Spark's, no list of rejects, nothing hidden."""
    inside = file.relative_to(folder).parts
    hidden = any(part.startswith((".", "_")) for part in inside)
    return not hidden and not file.name.endswith(".rejects.jsonl") and bool(_ending(file))


def _ending(path: Path) -> str:
    """Return the format's ending of a file name; nothing for a packed format that is read unpacked only."""
    ending = ending_of(path.name)
    return ending if ending in LINE_FORMATS or not packing_of(path.name) else ""


def _tables_of(path: Path) -> Iterator[Table]:
    """Yield the tagged tables of a file."""
    ending = _ending(path)
    if ending == ".jsonl":
        rows = _json_rows(path)
        head = list(islice(rows, PIECE))
        if not any(key.startswith(TAGGING) for (row,) in head for key in row):
            raise untagged(path)  # in a directory: some other JSON
        yield Table([], chain(head, rows))
    elif ending in (".csv", ".tsv"):
        yield from _flat(path)
    elif ending == ".parquet":
        yield from _parquet(path)
    elif ending == ".xlsx":
        yield from _workbook(path)
    else:
        raise FormatUnknown(
            f"不认识的文件类型：{path.name}", expected=READABLE, fix="先用 tousu tag 标注，再拿其输出来分析"
        )


def is_header(cells: Sequence[object]) -> bool:
    """Return whether a row names the columns that ``tousu tag`` adds."""
    return any(names["primary"] in cells and names["decision"] in cells for names in ADDED.values())


def untagged(path: Path) -> ColumnMissing:
    """Return the error for a file without tags."""
    return ColumnMissing(
        f"{path.name} 中没有标注结果",
        expected=f"JSONL 的 {TAGGING} 键，或 {ADDED['en']['primary']}、{ADDED['zh']['primary']} 等列",
        fix="先用 tousu tag 标注，再拿其输出来分析",
    )


def _json_rows(path: Path) -> Iterator[Sequence[Any]]:
    """Yield each JSON object of a file of lines as one cell; what is none gets an empty object."""
    with _text_of(path) as file:
        for line in file:
            if line.strip():
                try:
                    value = orjson.loads(line)
                except orjson.JSONDecodeError:
                    value = {}
                yield (value if isinstance(value, dict) else {},)


def _flat(path: Path) -> Iterator[Table]:
    """Yield the table of a CSV or TSV file; rows above its header are passed over.

    Whichever delimiter makes a header of the added names is the file's: ``tousu tag`` keeps the input's.
    """
    csv.field_size_limit(LONGEST_CELL)
    with _text_of(path) as file:
        head = list(islice(file, HEADER_LINES))
        for delimiter in DELIMITERS:
            rows = csv.reader(head, delimiter=delimiter)
            at = next((number for number, row in enumerate(islice(rows, HEADER_WITHIN)) if is_header(row)), None)
            if at is not None:
                rows = csv.reader(chain(head, file), delimiter=delimiter)
                header = next(islice(rows, at, None))
                yield Table(header, (cells for cells in rows if cells))
                return
    raise untagged(path)


def _parquet(path: Path) -> Iterator[Table]:
    """Yield the table of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = [str(name) for name in file.schema_arrow.names]
            if not is_header(names):
                raise untagged(path)
            yield Table(
                names,
                (
                    row
                    for batch in file.iter_batches(PIECE)
                    for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
                ),
            )
    except (pa.ArrowException, OSError) as error:
        raise FileError(f"{path.name} 不是可读的 Parquet 文件", fix="检查文件是否完整") from error


def _workbook(path: Path) -> Iterator[Table]:
    """Yield the tagged sheets of a workbook."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(path)
        sheets = [book.get_sheet_by_name(name) for name in book.sheet_names]
    except (CalamineError, OSError) as error:
        raise FileError(f"{path.name} 不是可读的 Excel 工作簿", fix="检查文件是否完整、是否加密") from error
    found = False
    for sheet in sheets:
        rows = iter(sheet.iter_rows())
        for _, row in zip(range(HEADER_WITHIN), rows, strict=False):
            names = [str(cell) for cell in row]
            if is_header(names):
                found = True
                yield Table(names, (cells for cells in rows if any(cell != "" for cell in cells)))
                break
    if not found:
        raise untagged(path)


def _text_of(path: Path) -> io.TextIOWrapper:
    """Return a file's characters; bytes that spell none become replacement characters."""
    source = Source(str(path))
    encoding = source.settle(None, strict=False)
    return io.TextIOWrapper(io.BufferedReader(_Raw(source), 1 << 20), encoding.inner, errors="replace", newline="")


class _Raw(io.RawIOBase):
    """A source in the shape Python's own readers want."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        with memoryview(buffer) as view:
            data = self._source.read(len(view))
            view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._source.close()
        super().close()
