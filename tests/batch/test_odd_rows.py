"""Rows that cannot be tagged stay in the output with their reason, are listed, and stop nothing."""

from __future__ import annotations

import base64
import csv
import json
from typing import TYPE_CHECKING

import pytest

from tests.support import COMPLAINTS, cells, json_lines, rejects, run
from tousu.errors import ColumnMissing, EncodingUnknown, FileError, FormatUnknown

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

GOOD = json.dumps({"id": 1, "text": COMPLAINTS[0]}, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"id": 2}', "no_column"),
        (b"{}", "no_column"),
        (b'{"text": ""}', "no_text"),
        (b'{"text": " \\n "}', "no_text"),
        (b'{"text": null}', "no_text"),
        (b'{"text": 5}', "not_text"),
        (b"[1, 2]", "not_object"),
        (b'"words"', "not_object"),
        (b"{broken", "broken_json"),
        (b'{"text": "a"} tail', "broken_json"),
        (b"[" * 100_000, "broken_json"),
        (b'{"text": "\xff\xfe"}', "broken_encoding"),
        (json.dumps({"text": "投" * 1_000_001}, ensure_ascii=False).encode(), "too_long"),
    ],
)
def test_a_bad_json_row_is_kept_and_listed(tmp_path: Path, shipped: Classifier, line: bytes, code: str) -> None:
    source, output = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    source.write_bytes(b"\n".join([GOOD, b"", line, GOOD]) + b"\n")
    summary = run(shipped, source, output)
    lines = output.read_bytes().split(b"\n")
    assert len(lines) == 5
    assert lines[1] == b""
    row = json.loads(lines[2])
    assert row["tagging"] is None
    assert row["tousu_error"]
    if "_raw" in row:
        kept = base64.b64decode(row["_raw_base64"]) if "_raw_base64" in row else row["_raw"].encode()
        assert kept == line
    else:
        assert lines[2].startswith(line[:-1])
    assert rejects(output) == [{"row": 2, "line": 3, "code": code, "reason": row["tousu_error"]}]
    assert (summary.tally.rows, summary.tally.rejects) == (3, 1)


@pytest.mark.parametrize(
    "line",
    [
        b'{"text": "\\ud800 \xe7\x94\xb5\xe6\xa2\xaf"}',
        b'{"x": NaN, "text": "\xe7\x94\xb5\xe6\xa2\xaf"}',
        b' \t{"text":"a" } \r',
    ],
)
def test_an_unusual_json_row_is_tagged(tmp_path: Path, shipped: Classifier, line: bytes) -> None:
    source, output = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    source.write_bytes(GOOD + b"\n" + line + b"\n")
    assert run(shipped, source, output).tally.rejects == 0
    assert json_lines(output)[1]["tagging"]["primary"]


def test_a_tagged_file_can_be_tagged_again(tmp_path: Path, shipped: Classifier) -> None:
    first, second, third = (tmp_path / f"{name}.jsonl" for name in "abc")
    first.write_bytes(GOOD + b"\n")
    run(shipped, first, second)
    summary = run(shipped, second, third)
    row = json_lines(third)[0]
    assert row["tagging"] == row["tagging_2"]
    assert any("tagging_2" in note for note in summary.notes)


def test_bad_csv_rows_are_kept_and_listed(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.csv", tmp_path / "b.csv"
    text = COMPLAINTS[0].encode()
    body = [b"id,text,x", b"1," + text + b",a", b"2,,a", b"3," + text + b",a,b,c", b'4,"' + text + b",a", b"5," + text,
            b"", b"6,\xff\xfe,a", b"7," + text + b",a", b'8,"' + text]  # fmt: skip
    source.write_bytes(b"\r\n".join(body))
    summary = run(shipped, source, output, encoding="utf-8")
    lines = output.read_bytes().split(b"\r\n")
    assert len(lines) == len(body)
    for before, after in zip(body, lines, strict=True):
        assert after.startswith(before)
    assert [(row["row"], row["code"]) for row in rejects(output)] == [
        (2, "no_text"), (3, "too_many_cells"), (4, "open_quote"), (6, "broken_encoding"), (8, "open_quote"),
    ]  # fmt: skip
    assert summary.tally.rows == 8
    rows = list(csv.DictReader(output.read_text("utf-8", "replace").splitlines()))
    assert [bool(row["tousu_primary"]) for row in rows if row["id"] in "1257"] == [True, False, True, True]
    assert rows[3]["tousu_error"] == "这一行的引号没有闭合"


def test_a_quote_that_nobody_closes_loses_one_row_only(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.csv", tmp_path / "b.csv"
    rows = [f"{number},{COMPLAINTS[number % 6]}{'，反复反映' * 40}" for number in range(12_000)]
    rows[10] = '10,"没有闭合'
    source.write_text("id,text\n" + "\n".join(rows) + "\n", "utf-8")
    summary = run(shipped, source, output)
    assert (summary.tally.rows, summary.tally.rejects) == (12_000, 1)
    assert rejects(output)[0]["line"] == 12


def test_formulas_are_neutralised(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_text(f"text,x\n{COMPLAINTS[0]},=1+1\n{COMPLAINTS[0]},-12.5\n=cmd|x,@y\n", "utf-8")
    run(shipped, source, output)
    kept = cells(output)
    assert [row[:2] for row in kept[1:]] == [[COMPLAINTS[0], "=1+1"], [COMPLAINTS[0], "-12.5"], ["=cmd|x", "@y"]]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in kept for cell in row[2:])
    run(shipped, source, output, neutralise_all=True)
    made = cells(output)
    assert [row[:2] for row in made[1:]] == [[COMPLAINTS[0], "'=1+1"], [COMPLAINTS[0], "-12.5"], ["'=cmd|x", "'@y"]]


def test_a_taken_column_name_gives_way(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_text(f"text,tousu_primary\n{COMPLAINTS[0]},mine\n", "utf-8")
    summary = run(shipped, source, output)
    row = dict(zip(*cells(output), strict=True))
    assert (row["tousu_primary"], row["tousu_primary_2"]) == ("mine", "elevator")
    assert any("tousu_primary_2" in note for note in summary.notes)


def test_titles_above_a_header_and_joined_columns(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_text("导出清单,,\n\n编号,标题,投诉内容\n1,电梯,困人了\n", "utf-8")
    summary = run(shipped, source, output, text_columns=("标题", "投诉内容"), language="zh")
    lines = output.read_text("utf-8").splitlines()
    assert lines[0] == "导出清单,,"
    assert lines[2].startswith("编号,标题,投诉内容,领域代码,领域,")
    assert summary.tally.rows == 1


def test_the_output_may_have_another_encoding(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_bytes(f"text,x\n{COMPLAINTS[4]},甲\n".encode("gb18030"))
    run(shipped, source, output, output_encoding="utf-8-sig")
    assert output.read_bytes().startswith(b"\xef\xbb\xbftext,x,tousu_primary")
    assert COMPLAINTS[4] in output.read_text("utf-8-sig")


def test_a_short_gb18030_file_is_told_from_others(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_bytes("内容\n电梯坏了".encode("gb18030"))
    assert "编码：GB18030" in run(shipped, source, output, text_columns=("内容",)).notes
    source.write_bytes(b"text\n\xff\xff\n")
    with pytest.raises(EncodingUnknown, match="第 5 字节"):
        run(shipped, source, output)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.csv", b"id,age\n1,2\n", ColumnMissing),
        ("a.jsonl", b'{"id": 1}\n', ColumnMissing),
        ("a.doc", b"", FormatUnknown),
        ("a.xlsx", b"no zip", FileError),
        ("a.parquet", b"no parquet", FileError),
        ("a.csv.gz", b"no gzip", FileError),
        ("a.jsonl.zst", b"no zstd", FileError),
    ],
)
def test_what_cannot_be_tagged_is_a_named_error(
    tmp_path: Path, shipped: Classifier, name: str, content: bytes, error: type[FileError]
) -> None:
    source = tmp_path / name
    source.write_bytes(content)
    with pytest.raises(error):
        run(shipped, source, tmp_path / f"out.{name.split('.', 1)[1]}")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_input_is_never_the_output(tmp_path: Path, shipped: Classifier) -> None:
    source = tmp_path / "a.jsonl"
    source.write_bytes(GOOD)
    with pytest.raises(FileError, match="同一个文件"):
        run(shipped, source, source)
    assert source.read_bytes() == GOOD


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.tsv"])
def test_an_empty_file_stays_empty(tmp_path: Path, shipped: Classifier, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    assert run(shipped, tmp_path / name, tmp_path / f"out_{name}").tally.rows == 0
    assert (tmp_path / f"out_{name}").read_bytes() == b""


ARRAY = [{"id": number, "text": text} for number, text in enumerate(COMPLAINTS)]


def test_an_object_over_many_lines_is_named(tmp_path: Path, shipped: Classifier) -> None:
    (tmp_path / "a.json").write_text(json.dumps(ARRAY[0], ensure_ascii=False, indent=2), "utf-8")
    with pytest.raises(FileError, match="多行.*数组"):
        run(shipped, tmp_path / "a.json", tmp_path / "b.json")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("first", [b"[1, 2]", b'[{"a": 1}]', b"[broken", b"{", b"{broken"])
def test_an_odd_first_row_is_only_a_row(tmp_path: Path, shipped: Classifier, first: bytes) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\n".join([first, GOOD, GOOD]) + b"\n")
    assert run(shipped, tmp_path / "a.jsonl", tmp_path / "b.jsonl").tally.rejects == 1


def test_empty_cells_behind_the_last_column_do_no_harm(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.csv", tmp_path / "b.csv"
    rows = [f"1,{COMPLAINTS[0]},2026-03-01,", f"2,{COMPLAINTS[0]},2026-03-01,,", f'3,{COMPLAINTS[0]},"a,",,""',
            f"4,{COMPLAINTS[0]},2026-03-01", f"5,{COMPLAINTS[0]},2026-03-01,x", "6,,,,"]  # fmt: skip
    source.write_text("\r\n".join(["编号,text,日期", *rows]) + "\r\n", "utf-8", newline="")
    summary = run(shipped, source, output)
    assert [(row["row"], row["code"]) for row in rejects(output)] == [(5, "too_many_cells"), (6, "no_text")]
    assert summary.tally.rows == 6
    made = cells(output)
    for row, before in zip(made[1:5], rows, strict=False):
        kept = next(csv.reader([before]))
        assert row[:3] == kept[:3]
        assert (row[3], len(row)) == ("elevator", len(made[0]))
    assert (len(made[6]), made[6][-1]) == (len(made[0]), "没有投诉内容")


def test_characters_the_output_cannot_hold_are_counted(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_text("text,備註\n電梯壞了,𠮷☃㐀\n電梯壞了,好\n", "utf-8")
    summary = run(shipped, source, output, output_encoding="big5", language="en", evidence=False)
    assert cells(output, "big5")[1][1] == r"\ud842\udfb7\u2603\u3400"
    lost = sum(row[at].count("\\u") for row in cells(output, "big5") for at in range(2, 11))
    assert summary.to_dict()["replaced"] == 3 + lost
    assert any(f"有 {3 + lost} 个字在 big5 中没有" in note for note in summary.notes)
    assert run(shipped, source, output, output_encoding="gb18030").to_dict()["replaced"] == 0
    odd = tmp_path / "a.jsonl"
    odd.write_text(json.dumps({"text": "電梯壞了", "備註": "𠮷é☃"}, ensure_ascii=False) + "\n", "utf-8")
    assert run(shipped, odd, tmp_path / "b.jsonl", output_encoding="big5").tally.replaced >= 3
    assert json.loads((tmp_path / "b.jsonl").read_bytes().decode("big5"))["備註"] == "𠮷é☃"


def test_added_words_the_input_cannot_hold_are_told(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_bytes("text,x\n電梯壞了,1\n".encode("big5"))
    summary = run(shipped, source, output, encoding="big5")
    assert any("big5" in note and "以 ? 代替" in note for note in summary.notes)
