from __future__ import annotations

import json

import pytest

from tousu.case_codes import SIGNALS
from tousu.errors import ColumnMissing, CorpusError, EncodingUnknown
from tousu_training.corpus import read_rows, read_texts


def write(path, data: bytes):
    path.write_bytes(data)
    return path


def test_jsonl_and_csv_say_the_same(tmp_path):
    lines = '{"text": "电梯坏了，䶮姓业主困住", "codes": ["elevator", "pricing"], "online": false}\n'
    one = read_rows([write(tmp_path / "a.jsonl", lines.encode())])
    table = 'text,codes,online\n"电梯坏了，䶮姓业主困住",elevator;pricing,否\n'
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        two = read_rows([write(tmp_path / f"{encoding}.csv", table.encode(encoding))])
        assert [(r.text, r.codes, r.online) for r in two] == [(r.text, r.codes, r.online) for r in one]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("{\n{", "a.jsonl:1"),
        ("[1]", "JSON 对象"),
        ('{"codes": ["a"]}', "--text-column"),
        ('{"text": "x"}', "--label-column"),
        ('{"text": "x", "codes": []}', "1 行没有标签"),
        ('{"text": "x", "codes": ["a", "a"]}', "重复"),
        ('{"text": "x", "codes": ["b"]}', "b"),
        ('{"text": "x", "codes": ["a"], "online": "yes"}', "online"),
        ("", "没有读到"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, line, named):
    with pytest.raises((CorpusError, ColumnMissing), match=named):
        read_rows([write(tmp_path / "a.jsonl", line.encode())], codes=["a"])


def test_wrong_files_are_named(tmp_path):
    with pytest.raises(CorpusError, match="没有找到"):
        read_rows([tmp_path / "none.jsonl"])
    with pytest.raises(CorpusError, match="没有标注文件"):
        read_rows([tmp_path])
    with pytest.raises(CorpusError, match="列为"):
        read_rows([write(tmp_path / "b.csv", b"text,b\nx,y\n")])
    with pytest.raises(EncodingUnknown, match="字节"):
        read_rows([write(tmp_path / "c.csv", b"text,codes\n\xff\xff\xff,a\n")])


def test_unlabelled_texts(tmp_path):
    assert read_texts(write(tmp_path / "a.jsonl", '{"text": "一"}\n{"text": "二"}\n'.encode())) == ["一", "二"]


def test_all_that_was_judged_of_a_case_may_stand_in_one_object(tmp_path):
    judged = {code: code == "injury" for code in SIGNALS}
    rows = [
        {"text": "电梯困人", "codes": ["elevator"], "signals": judged | {"kind": "complaint", "route": None}},
        {
            "text": "楼下太吵",
            "codes": ["out_of_scope"],
            "signals": judged | {"group": None, "kind": None, "route": "police"},
        },
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    first, second = read_rows([file])
    assert (first.kind, first.route, first.signals) == ("complaint", None, ("injury",))
    assert (second.kind, second.route, second.signals) == (None, "police", None)
