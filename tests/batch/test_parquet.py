"""Parquet: the same row groups with columns added."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support import COMPLAINTS, rejects, run

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

ROWS = 1000


def table() -> pa.Table:
    texts = [None if number % 100 == 3 else COMPLAINTS[number % 6] for number in range(ROWS)]
    return pa.table(
        {
            "id": pa.array(range(ROWS), pa.uint16()),
            "投诉内容": pa.array(texts).dictionary_encode(),
            "at": pa.array(
                [datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)] * ROWS, pa.timestamp("ms", "Asia/Shanghai")
            ),
            "sums": pa.array([[1.5, None]] * ROWS),
            "tousu_model": pa.array(["mine"] * ROWS),
        }
    ).replace_schema_metadata({"kept": "yes"})


def test_parquet_comes_back_with_columns(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.parquet", tmp_path / "b.parquet"
    before = table()
    pq.write_table(before, source, row_group_size=300, compression="zstd")
    summary = run(shipped, source, output)
    file = pq.ParquetFile(output)
    after = file.read()
    assert after.select(before.schema.names).equals(before)
    assert after.schema.metadata[b"kept"] == b"yes"
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [300, 300, 300, 100]
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    file.close()
    added = after.select([name for name in after.schema.names if name not in before.schema.names]).to_pylist()
    assert list(added[0]) == ["tousu_primary", "tousu_name", "tousu_codes", "tousu_probability", "tousu_decision",
                              "tousu_online", "tousu_evidence", "tousu_model_2", "tousu_error"]  # fmt: skip
    tagging = shipped.tag(COMPLAINTS[1])
    assert added[1]["tousu_primary"] == tagging.primary
    assert added[1]["tousu_probability"] == tagging.probabilities[tagging.primary]
    assert added[1]["tousu_online"] is tagging.online
    assert added[1]["tousu_error"] is None
    assert added[3]["tousu_primary"] is None
    assert added[3]["tousu_error"] == "没有投诉内容"
    assert len(rejects(output)) == summary.tally.rejects == 10


def test_an_empty_parquet_file(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(table().slice(0, 0), source)
    assert run(shipped, source, output).tally.rows == 0
    assert pq.read_table(output).num_rows == 0
