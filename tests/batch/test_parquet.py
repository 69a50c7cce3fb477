"""Parquet: the same row groups with columns added."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support import COMPLAINTS, rejects, run
from tousu.files.tables import read_file

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
                              "tousu_online", "tousu_kind", "tousu_route", "tousu_signals", "tousu_amount",
                              "tousu_attention", "tousu_evidence", "tousu_model_2", "tousu_error"]  # fmt: skip
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


ODD_COLUMNS = {
    "ns": pa.array([1_790_000_000_123_456_789], pa.timestamp("ns")),
    "far": pa.array([253_402_300_799_000_000], pa.timestamp("us", tz="Asia/Shanghai")),
    "zone": pa.array([0], pa.timestamp("us", tz="Asia/Beijing")),
    "year0": pa.array([-62_167_219_200_000_000], pa.timestamp("us")),
    "span": pa.array([1], pa.duration("ns")),
    "broken": pa.array([b"\xff\xfe"], pa.binary()).view(pa.string()),
    "twice": pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]),
    "kind": pa.array(["甲"]).dictionary_encode(),
    "raw": pa.array([b"\x00\xff"]),
    "long": pa.array([2**63], pa.uint64()),
    "exact": pa.array([10**30], pa.decimal128(38, 0)),
}


@pytest.mark.parametrize("name", ODD_COLUMNS)
def test_columns_of_any_type_pass_through(tmp_path: Path, shipped: Classifier, name: str) -> None:
    source, output = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(pa.table({"其他": ODD_COLUMNS[name], "投诉内容": [COMPLAINTS[0]]}), source)
    assert run(shipped, source, output).tally.rows == 1
    before, after = pq.read_table(source), pq.read_table(output)
    assert after.schema.field("其他") == before.schema.field("其他")
    assert after.column("其他").equals(before.column("其他"))
    (table,) = read_file(output)
    assert [table.column("tousu_primary")(cells) for _, cells in table.rows] == ["elevator"]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_texts_of_any_type_are_tagged(tmp_path: Path, shipped: Classifier, kind: pa.DataType) -> None:
    source = tmp_path / "a.parquet"
    pq.write_table(pa.table({"内容": pa.array([*COMPLAINTS[:2], None]).cast(kind)}), source)
    summary = run(shipped, source, tmp_path / "b.parquet")
    assert (summary.tally.rows, summary.tally.rejects) == (3, 1)
