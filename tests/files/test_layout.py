"""Which rows of a table are header, data or page, and which column holds the complaints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import COMPLAINTS, cells, rejects, run
from tousu.errors import ColumnMissing
from tousu.files.columns import is_reply_name, is_text_name
from tousu.files.layout import find_layout, merged_texts

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

A, B, C = COMPLAINTS[:3]
REPLY = "经核实，已责令该单位改正，并与当事人联系说明情况"
NAMES = ["单号", "日期", "诉求经过"]
ROWS = [["甲1", "2026-03-01", A], ["甲2", "2026-03-02", B], ["甲3", "2026-03-03", C]]


def layout(rows, *wanted: str, **more):
    return find_layout(rows, wanted, file="表", **more)


@pytest.mark.parametrize(
    "name",
    ["投诉经过", "来电事项", "信访摘要", "訴求內容", "問題描述", "案情", "具体诉求（必填）", "Issue details"],
)
def test_names_of_matters_hold_texts(name: str) -> None:
    assert is_text_name(name)


@pytest.mark.parametrize("name", ["投诉人", "诉求类型", "问题发生时间", "被举报单位", "complaint_id", "工单编号"])
def test_names_of_people_kinds_and_times_do_not(name: str) -> None:
    assert not is_text_name(name)


@pytest.mark.parametrize(
    "name", ["办理情况", "处理结果", "答复内容", "回访意见", "領導批示", "跟進情況", "投诉办理结果", "reply_content"]
)
def test_an_office_s_own_words_are_never_guessed(name: str) -> None:
    assert is_reply_name(name)
    assert not is_text_name(name)
    rows = [["编号", "来文", name], ["1", A, REPLY * 3], ["2", B, REPLY * 4]]
    assert layout(rows).texts == [1]
    with pytest.raises(ColumnMissing, match=rf"#1 编号（1）、#2 {name}（经核实"):
        layout([["编号", name], ["1", REPLY], ["2", REPLY]])
    assert layout([["编号", name], ["1", REPLY]], name).texts == [1]


def test_two_columns_alike_are_asked_about() -> None:
    rows = [["编号", "来文甲", "来文乙"], ["1", A, B], ["2", B, C]]
    with pytest.raises(ColumnMissing, match="不敢替您选.*#2 来文甲（小区电梯困人.*#3 来文乙"):
        layout(rows)
    assert layout(rows, "#3").texts == [2]
    with pytest.raises(ColumnMissing, match="没有第 4 列"):
        layout(rows, "#4")


@pytest.mark.parametrize("first", [["已办结"] * 2, [REPLY, REPLY + "，并已办结"]])
def test_of_columns_of_one_name_the_one_that_complains(first: list[str]) -> None:
    rows = [["号", "内容", "内容"], ["1", first[0], A], ["2", first[1], B]]
    found = layout(rows)
    assert found.texts == [2]
    assert "有 2 列叫 内容" in found.said
    assert layout(rows, "内容").texts == [2]
    assert layout(rows, "#2").texts == [1]


def test_a_header_of_two_rows_by_its_merged_cells() -> None:
    rows = [
        ["一季度台账", "", "", "", ""],
        ["序号", "来件", "", "经办", ""],
        ["", "日期", "诉求经过", "姓名", "办理情况"],
        ["1", "2026-03-01", A, "张三", REPLY],
    ]
    merged = [((0, 0), (0, 4)), ((1, 0), (2, 0)), ((1, 1), (1, 2)), ((1, 3), (1, 4))]
    for found in (layout(rows, merged=merged), layout(rows, "诉求经过", merged=merged), layout(rows)):
        assert (found.header, found.first, found.texts) == (2, 3, [2])
        assert found.names == ["序号", "日期", "诉求经过", "姓名", "办理情况"]


@pytest.mark.parametrize(
    "first",
    [
        ["甲0", "2026-02-28", "停电"],
        ["20260228001", "28", "停电"],
        ["7", "2026/02/28", "停电"],
        ["张三", "李四", "停电"],
    ],
)
def test_a_first_row_like_the_others_is_no_header(first: list[str]) -> None:
    rows = [first, *(ROWS if first[0] != "20260228001" else [["20260301002", "1", A], ["20260302003", "2", B]])]
    if first[0] == "张三":
        rows = [first, ["王五", "赵六", A], ["孙七", "周八", B]]
    with pytest.raises(ColumnMissing, match="第一行像是数据.*--no-header"):
        layout(rows)
    found = layout(rows, "#3", no_header=True)
    assert (found.header, found.first, found.texts) == (None, 0, [2])


@pytest.mark.parametrize(
    "row",
    [
        ["id", "date", "content"],
        ["示例：甲0", "2026-01-01", "示例：买到坏的水果"],
        ["（必填）", "（必填）", "请填写事情的经过，写明时间地点"],
        ["", "（年-月-日）", ""],
    ],
)
def test_hints_examples_and_names_in_english_are_copied(row: list[str]) -> None:
    found = layout([NAMES, row, *ROWS])
    assert (found.header, found.first) == (0, 2)
    assert layout([NAMES, *ROWS]).first == 1


@pytest.mark.parametrize(
    "row",
    [
        NAMES, ["合计", "", "3件"], ["总 计", "3", ""], ["填表人：张三", "", "审核人：李四"],
        ["注：以上来件均已登记", "", ""], ["第 1 页", "", "共 3 页"],
    ],
)  # fmt: skip
def test_headers_again_totals_and_signatures_are_no_data(row: list[str]) -> None:
    assert layout([NAMES, *ROWS]).is_furniture(row)


@pytest.mark.parametrize(
    "row",
    [
        ["合计", "", A], ["甲4", "2026-03-04", "负责人：某某跑路了，卡里还有钱"], ["甲5", "", "停电"], ["", "", ""],
        ["甲6", "2026-03-04", "诉求经过"], ["", "", "注：电梯坏了"],
    ],
)  # fmt: skip
def test_what_may_be_a_complaint_is_data(row: list[str]) -> None:
    assert not layout([NAMES, *ROWS]).is_furniture(row)


def test_a_form_of_one_case() -> None:
    rows = [
        ["投诉登记表", ""],
        ["登记编号", "甲9"],
        ["投诉人", "某先生"],
        ["投诉内容", A],
        ["诉求", "退款"],
        ["备注", ""],
    ]
    found = layout(rows)
    assert (found.first, found.texts, found.single) == (3, [1], True)
    wide = [
        ["投诉登记表"],
        ["姓名", "某先生", "电话", "无"],
        ["投诉内容", A, "", ""],
        ["被投诉单位", "某店", "地址", "某路"],
    ]
    assert (layout(wide).first, layout(wide).texts) == (2, [1])


def test_merged_texts_belong_to_all_their_rows() -> None:

    assert merged_texts([((1, 2), (3, 2))], [2]) == {(2, 2): (1, 2), (3, 2): (1, 2)}


def test_rows_that_are_no_data_are_copied_and_counted_apart(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.csv", tmp_path / "b.csv"
    lines = ["台账", ",".join(NAMES), "id,date,content", *(",".join(row) for row in ROWS[:2]), ",".join(NAMES),
             ",".join(ROWS[2]), "合计,,3件", "填表人：甲,,"]  # fmt: skip
    source.write_text("\r\n".join(lines) + "\r\n", "utf-8")
    summary = run(shipped, source, output)
    assert (summary.tally.rows, summary.tally.rejects, summary.tally.copied) == (3, 0, 4)
    assert any("4 行是重复的表头" in note for note in summary.notes)
    made = output.read_text("utf-8").split("\n")
    assert [made[place].rstrip("\r") for place in (0, 2, 5, 7, 8)] == [lines[place] for place in (0, 2, 5, 7, 8)]
    assert [row[3] for row in cells(output)[3:5]] == ["elevator", "food_safety"]
    assert rejects(output) == []


def test_a_csv_without_a_header_is_tagged_when_told_so(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_text("\n".join(",".join(row) for row in ROWS) + "\n", "utf-8")
    summary = run(shipped, source, output, no_header=True, text_columns=("#3",))
    assert summary.tally.rows == 3
    codes = ("elevator", "food_safety", "prepaid")
    assert [row[:4] for row in cells(output)] == [[*row, code] for row, code in zip(ROWS, codes, strict=True)]


@pytest.mark.parametrize("delimiter", ["|", "\x01", "^", "\t", ";"])
@pytest.mark.parametrize("title", ["", "台账，2026年\n"])
def test_delimiters(tmp_path: Path, shipped: Classifier, delimiter: str, title: str) -> None:
    source, output = tmp_path / "a.csv", tmp_path / "b.csv"
    body = [delimiter.join(row) for row in (NAMES, *ROWS, ["甲4", "2026-03-04", "电梯,坏了,没人,修"])]
    source.write_text(title + "\n".join(body) + "\n", "utf-8")
    assert run(shipped, source, output).tally.rows == 4
    made = output.read_text("utf-8").split("\n")
    assert made[bool(title)] == delimiter.join([body[0], *cells_of(made[bool(title)], delimiter)[3:]])
    assert cells_of(made[bool(title) + 1], delimiter)[3] == "elevator"


def cells_of(line: str, delimiter: str) -> list[str]:
    return line.split(delimiter)


def test_a_delimiter_that_is_none_of_ours_is_named(tmp_path: Path, shipped: Classifier) -> None:
    source = tmp_path / "a.csv"
    source.write_text("\n".join("~".join(row) for row in (NAMES, *ROWS)), "utf-8")
    with pytest.raises(ColumnMissing, match="'~' 隔开"):
        run(shipped, source, tmp_path / "b.csv")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("packed", ["", ".gz"])
def test_lines_of_two_encodings(tmp_path: Path, shipped: Classifier, mark: bytes, packed: str) -> None:
    import gzip

    source, output = tmp_path / f"a.csv{packed}", tmp_path / "b.csv"
    lines = [
        ",".join(NAMES).encode(),
        *(",".join(row).encode("gb18030" if place % 2 else "utf-8") for place, row in enumerate(ROWS)),
    ]
    data = mark + b"\n".join(lines) + b"\n"
    source.write_bytes(gzip.compress(data) if packed else data)
    summary = run(shipped, source, output)
    assert (summary.tally.rows, summary.tally.rejects) == (3, 0)
    assert any("3 行是 UTF-8，1 行是 GB18030" in note for note in summary.notes)
    made = output.read_bytes()
    assert made.startswith(mark)
    assert [row[2] for row in cells(output, "utf-8-sig")[1:]] == [A, B, C]


def test_json_lines_of_two_encodings(tmp_path: Path, shipped: Classifier) -> None:
    source, output = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    source.write_bytes(
        b"".join(f'{{"text": "{text}"}}\n'.encode(code) for text, code in ((A, "utf-8"), (B, "gb18030")))
    )
    summary = run(shipped, source, output)
    assert (summary.tally.rows, summary.tally.rejects) == (2, 0)
    assert any("1 行是 GB18030" in note for note in summary.notes)
    assert B in output.read_text("utf-8")
