"""Parquet: row groups in, the same row groups with columns added out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from tousu.batch.added import FlatColumns
from tousu.batch.evidence import words_of
from tousu.batch.lines import count
from tousu.batch.options import LONGEST_TEXT
from tousu.batch.rejects import fault_of, reject_line
from tousu.errors import FileError
from tousu.files.added_columns import ADDED, added_names
from tousu.files.columns import choose_text_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from tousu.batch.options import TagOptions, TagSummary
    from tousu.batch.rejects import Fault
    from tousu.classifier import Classifier
    from tousu.files.added_columns import Language

BATCH = 8192
SAMPLE = 200


class ParquetRun:
    """One Parquet file, from one file to another, a row group at a time."""

    def __init__(
        self, classifier: Classifier, options: TagOptions, summary: TagSummary, tick: Callable[[int], None]
    ) -> None:
        self._classifier, self._options, self._summary, self._tick = classifier, options, summary, tick
        self._language: Language = options.language or "en"
        self._flat = FlatColumns(self._language)

    def go(self, source: str, part: Path, reject: Callable[[bytes], None]) -> None:
        """Tag the file at ``source`` and write it to ``part``.

        Raises:
            FileError: It cannot be read.
            ColumnMissing: No column of it holds complaints.
        """
        name = Path(source).name
        try:
            with pq.ParquetFile(source) as file:
                self._groups(file, name, part, reject)
        except pa.ArrowInvalid as error:
            raise FileError(f"{name} 不是完好的 Parquet 文件", fix="重新导出该文件") from error

    def _groups(self, file: Any, name: str, part: Path, reject: Callable[[bytes], None]) -> None:
        """Write every row group with its added columns."""
        schema = file.schema_arrow
        first = next(file.iter_batches(batch_size=SAMPLE), None)
        sample = list(zip(*first.to_pydict().values(), strict=True)) if first is not None else []
        texts, said = choose_text_columns(schema.names, sample, self._options.text_columns, file=name)
        added, renamed = added_names(schema.names, self._language)
        self._summary.notes += [said, *renamed]
        kinds = {"probability": pa.float64(), "online": pa.bool_() if self._language == "en" else pa.string()}
        fields = [pa.field(added[key], kinds.get(key, pa.string())) for key in ADDED[self._language]]
        whole = pa.schema([*schema, *fields], metadata=schema.metadata)
        codec = file.metadata.row_group(0).column(0).compression if file.metadata.num_row_groups else "SNAPPY"
        with pq.ParquetWriter(part, whole, compression="NONE" if codec == "UNCOMPRESSED" else codec) as writer:
            for group in range(file.metadata.num_row_groups):
                tables = []
                for batch in file.iter_batches(batch_size=BATCH, row_groups=[group]):
                    columns = self._columns([batch.column(place) for place in texts], reject, fields)
                    tables.append(pa.Table.from_arrays([*batch.columns, *columns], schema=whole))
                    self._tick(self._summary.tally.rows)
                if tables:
                    table = pa.concat_tables(tables)
                    writer.write_table(table, row_group_size=table.num_rows)

    def _columns(self, columns: list[Any], reject: Callable[[bytes], None], fields: list[Any]) -> list[Any]:
        """Return the added columns of a batch."""
        looked = [_look_at(values) for values in zip(*(column.to_pylist() for column in columns), strict=True)]
        texts = [text for text, fault in looked if fault is None]
        taggings = self._classifier.tag_many(texts)
        words = words_of(self._classifier, texts, taggings) if self._options.evidence else None
        tally = self._summary.tally
        count(tally, taggings)
        values: dict[str, list[Any]] = {**self._flat.values(taggings, words), "error": [None] * len(texts)}
        if self._language == "en":
            values["online"] = taggings.online.tolist()
        tags = iter(zip(*values.values(), strict=True))
        rows: list[tuple[Any, ...]] = []
        for _, fault in looked:
            tally.rows += 1
            if fault is None:
                rows.append(next(tags))
                continue
            rows.append((*[None] * (len(fields) - 1), fault.reason))
            tally.rejects += 1
            reject(reject_line(tally.rows, fault))
        cells = list(zip(*rows, strict=True)) or [()] * len(fields)
        return [pa.array(column, type=field.type) for column, field in zip(cells, fields, strict=True)]


def _look_at(values: tuple[Any, ...]) -> tuple[str, Fault | None]:
    """Return a row's text, or why it has none."""
    text = values[0] if len(values) == 1 else "\n".join(v for v in values if isinstance(v, str) and v.strip())
    fault = fault_of(text, LONGEST_TEXT)
    return ("" if fault else text), fault
