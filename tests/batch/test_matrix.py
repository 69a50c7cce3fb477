"""Encodings × formats × odd rows: every row and every foreign column comes back unharmed."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import COMPLAINTS, rejects, run
from tousu.files.added_columns import ADDED

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

ENCODINGS = {
    "utf-8": (b"", "utf-8"),
    "utf-8-bom": (codecs.BOM_UTF8, "utf-8"),
    "utf-16-le": (codecs.BOM_UTF16_LE, "utf-16-le"),
    "utf-16-be": (codecs.BOM_UTF16_BE, "utf-16-be"),
    "gb18030": (b"", "gb18030"),
}
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ODD = st.sampled_from(
    [
        "",
        " ",
        "=1+1",
        "-5",
        "@x",
        '"',
        '""',
        "a,b",
        "第一行\n第二行",
        "\r",
        "\t",
        "\x0b\x85\u2028",
        "𠮷龘",
        "'",
        "\\",
        ";",
    ]
)
CELL = ANY | ODD
TEXT = st.sampled_from(COMPLAINTS) | CELL
ROWS = st.lists(st.tuples(CELL, TEXT, CELL), min_size=1, max_size=8)
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def packed(name: str, data: bytes) -> bytes:
    if name.endswith(".gz"):
        return gzip.compress(data)
    return zstandard.ZstdCompressor().compress(data) if name.endswith(".zst") else data


def unpacked(path: Path) -> bytes:
    data = path.read_bytes()
    if path.name.endswith(".gz"):
        return gzip.decompress(data)
    if path.name.endswith(".zst"):
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True).read()
    return data


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@SLOW
@given(
    rows=ROWS,
    newline=st.sampled_from(["\r\n", "\n"]),
    tab=st.booleans(),
    ended=st.booleans(),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_delimited_rows_come_back(
    tmp_path: Path,
    shipped: Classifier,
    encoding: str,
    packing: str,
    rows,
    newline: str,
    tab: bool,
    ended: bool,
    quoting: int,
) -> None:
    mark, codec = ENCODINGS[encoding]
    if quoting == csv.QUOTE_MINIMAL:  # the csv module then writes a lone carriage return without quotes
        rows = [tuple(cell.replace("\r", "") for cell in row) for row in rows]
    table = io.StringIO()
    writer = csv.writer(table, delimiter="\t" if tab else ",", lineterminator=newline, quoting=quoting)
    writer.writerows([("编号", "投诉内容", "备注"), ("1", COMPLAINTS[0], "甲"), *rows])
    content = table.getvalue() if ended else table.getvalue().removesuffix(newline)
    source = tmp_path / f"a.{'tsv' if tab else 'csv'}{packing}"
    source.write_bytes(packed(source.name, mark + content.encode(codec)))
    output = tmp_path / f"b.{'tsv' if tab else 'csv'}{packing}"
    summary = run(shipped, source, output, encoding="gb18030" if encoding == "gb18030" else None)
    found = unpacked(output)
    assert found.startswith(mark)
    text = found[len(mark) :].decode(codec)
    before = list(csv.reader(io.StringIO(content, newline=""), delimiter="\t" if tab else ","))
    after = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t" if tab else ","))
    assert [row[:3] for row in after] == before
    assert {len(row) for row in after} == {3 + len(ADDED["en"])}
    assert text.endswith(newline) == ended
    assert summary.tally.rows == len(rows) + 1
    empty = [number for number, row in enumerate(rows, 2) if not row[1].strip()]
    assert [row["row"] for row in rejects(output)] == empty
    error = 3 + list(ADDED["en"]).index("error")
    for number, row in enumerate(after[1:], 1):
        assert bool(row[3]) == (number not in empty)
        assert bool(row[error]) == (number in empty)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | CELL,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
OBJECT = st.dictionaries(ANY | st.sampled_from(["tagging", "tousu_error", "id"]), JSON, max_size=4)


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@SLOW
@given(
    rows=st.lists(st.tuples(OBJECT, TEXT | st.none() | st.integers()), min_size=1, max_size=8),
    ascii_only=st.booleans(), space=st.sampled_from(["", " ", "\r", "\t"]), ended=st.booleans(),
)  # fmt: skip
def test_json_rows_come_back(
    tmp_path: Path, shipped: Classifier, encoding: str, packing: str, rows, ascii_only: bool, space: str, ended: bool
) -> None:
    mark, codec = ENCODINGS[encoding]
    values = [{"text": COMPLAINTS[1]}, *({**row, "text": text} for row, text in rows)]
    lines = [json.dumps(value, ensure_ascii=ascii_only) + space for value in values]
    source, output = tmp_path / f"a.jsonl{packing}", tmp_path / f"b.jsonl{packing}"
    source.write_bytes(packed(source.name, mark + ("\n".join(lines) + "\n" * ended).encode(codec)))
    run(shipped, source, output, encoding="gb18030" if encoding == "gb18030" else None, text_columns=("text",))
    found = unpacked(output)
    assert found.startswith(mark)
    after = found[len(mark) :].decode(codec).split("\n")
    assert (after[-1] == "") == ended
    after = after[: len(lines)]
    for line, tagged, value in zip(lines, after, values, strict=True):
        body = line.rstrip()[:-1]
        assert tagged.startswith(body + ',"tagging')
        assert tagged.endswith("}" + space)
        row = json.loads(tagged)
        key = "tagging_2" if "tagging" in value else "tagging"
        text = value["text"]
        assert (row[key] is None) == (not isinstance(text, str) or not text.strip())
        if row[key]:
            assert row[key] == shipped.tag(text).to_dict()
