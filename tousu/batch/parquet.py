"""Parquet: row groups in, the same row groups with columns added out."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from tousu.batch.arrow import added_arrays, added_fields, tag_rows
from tousu.batch.facts import FactColumns, Facts
from tousu.batch.rejects import reject_line
from tousu.errors import FileError
from tousu.files.added_columns import added_names
from tousu.files.columns import choose_text_columns
from tousu.files.parquet_values import PARQUET_ERRORS, is_text, texts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tousu.batch.options import Job
    from tousu.files.added_columns import Language

BATCH = 8192
SAMPLE = 200


class ParquetRun:
    """One Parquet file, from one file to another, a row group at a time."""

    def __init__(self, job: Job, tick: Callable[[int], None]) -> None:
        self._source, self._classifier, self._options, self._summary = (
            job.source, job.classifier, job.options, job.summary,
        )  # fmt: skip
        self._tick = tick
        self._language: Language = job.options.language or "en"

    def go(self, part: Path, reject: Callable[[bytes], None]) -> None:
        """Tag the job's file and write it to ``part``.

        Raises:
            FileError: It cannot be read.
            ColumnMissing: No column of it holds complaints.
        """
        name = Path(self._source).name
        try:
            with pq.ParquetFile(self._source) as file:
                self._groups(file, name, part, reject)
        except FileError:
            raise
        except PARQUET_ERRORS as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise
            raise FileError(f"{name} 不是完好的 Parquet 文件", fix="重新导出该文件") from error

    def _groups(self, file: Any, name: str, part: Path, reject: Callable[[bytes], None]) -> None:
        """Write every row group with its added columns."""
        schema = file.schema_arrow
        first = next(file.iter_batches(batch_size=SAMPLE), None)
        sample = list(zip(*map(_shown, first.columns), strict=True)) if first is not None else []
        texts, said = choose_text_columns(schema.names, sample, self._options.text_columns, file=name)
        added, renamed = added_names(schema.names, self._language, self._options.asked)
        facts = FactColumns(schema.names)
        self._summary.notes += [said, *([facts.said] if self._options.wants_facts else []), *renamed]
        fields = added_fields(added, self._language)
        whole = pa.schema([*schema, *fields], metadata=schema.metadata)
        codec = file.metadata.row_group(0).column(0).compression if file.metadata.num_row_groups else "SNAPPY"
        with pq.ParquetWriter(part, whole, compression="NONE" if codec == "UNCOMPRESSED" else codec) as writer:
            for group in range(file.metadata.num_row_groups):
                tables = []
                for batch in file.iter_batches(batch_size=BATCH, row_groups=[group]):
                    columns = self._columns(
                        [batch.column(place) for place in texts], reject, fields, self._facts(facts, batch)
                    )
                    tables.append(pa.Table.from_arrays([*batch.columns, *columns], schema=whole))
                    self._tick(self._summary.tally.rows)
                if tables:
                    table = pa.concat_tables(tables)
                    writer.write_table(table, row_group_size=table.num_rows)

    def _columns(
        self, columns: list[pa.Array], reject: Callable[[bytes], None], fields: list[pa.Field], facts: list[Facts]
    ) -> list[pa.Array]:
        """Return the added columns of a batch; count it and list its rejects."""
        cells = [texts_of(column) if is_text(column.type) else _others(column) for column in columns]
        rows = tag_rows(
            self._classifier, cells, self._language, evidence=self._options.evidence, options=self._options, facts=facts
        )
        tally = self._summary.tally
        tally.count(rows.taggings)
        for fault in rows.faults:
            tally.rows += 1
            if fault:
                tally.rejects += 1
                reject(reject_line(tally.rows, fault))
        return added_arrays(rows, fields)

    def _facts(self, columns: FactColumns, batch: pa.RecordBatch) -> list[Facts]:
        """Return what each row of a batch tells beside its text; nothing where nothing asked for rests on it."""
        if not self._options.wants_facts:
            return []
        wanted = {place: _plain(batch.column(place)) for place in columns.places}
        return [columns.facts(lambda place, row=row: wanted[place][row]) for row in range(batch.num_rows)]  # type: ignore[misc]


def _plain(column: pa.Array) -> list[Any]:
    """Return a column's values; None for all where they have no like in Python."""
    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError, pa.ArrowException):
        return [None] * len(column)
    return values


def _shown(column: pa.Array) -> list[Any]:
    """Return what the choice of the text column looks at: texts alone are ever turned into Python values."""
    return texts_of(column) if is_text(column.type) else [None] * len(column)


def _others(column: pa.Array) -> list[Any]:
    """Return the cells of a column that was named but holds no texts: nothing, or something that is no text."""
    return [0 if there else None for there in column.is_valid().to_pylist()]
