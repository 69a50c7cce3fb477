"""Parquet columns as Python values, whatever else stands in the file: only what people read is turned into any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tousu.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARQUET_ERRORS = (pa.ArrowException, OSError, ValueError, TypeError, OverflowError, NotImplementedError)


def broken_parquet(name: str) -> FileError:
    """Return the error for a file that Arrow cannot read."""
    return FileError(f"{name} 不是可读的 Parquet 文件", fix="检查文件是否完整，或重新导出")


def is_text(kind: pa.DataType) -> bool:
    """Return whether a type holds texts."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    view = getattr(pa.types, "is_string_view", lambda _: False)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or view(kind))


def texts_of(column: pa.Array) -> list[Any]:
    """Return a text column's cells; bytes that are no UTF-8 become replacement characters."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        data = column.cast(pa.large_binary() if pa.types.is_large_string(column.type) else pa.binary()).to_pylist()
        return [cell if cell is None else cell.decode("utf-8", "replace") for cell in data]


def values_of(column: pa.Array) -> list[Any]:
    """Return a column's cells as Python values: times to the microsecond or as text, None for what has no value in Python."""
    kind = column.type
    if is_text(kind):
        return texts_of(column)
    try:
        if pa.types.is_timestamp(kind) and kind.unit == "ns":
            column = pc.cast(column, pa.timestamp("us", kind.tz), safe=False)
        return list(column.to_pylist())
    except (*PARQUET_ERRORS, ImportError, UnicodeDecodeError, KeyError):
        pass
    try:
        return list(pc.cast(column, pa.string()).to_pylist())
    except PARQUET_ERRORS:
        return [None] * len(column)


def parquet_table(path: Path, batch: int) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Return the names of a file's columns and its rows.

    Raises:
        FileError: It cannot be read.
    """
    try:
        with pq.ParquetFile(path) as file:
            names = [str(name) for name in file.schema_arrow.names]
    except PARQUET_ERRORS as error:
        raise broken_parquet(path.name) from error
    return names, _rows(path, batch)


def _rows(path: Path, size: int) -> Iterator[tuple[Any, ...]]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(size):
                yield from zip(*map(values_of, batch.columns), strict=True)
    except PARQUET_ERRORS as error:
        raise broken_parquet(path.name) from error
