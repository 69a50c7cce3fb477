"""Which column holds the texts, and what the added ones are called."""

from __future__ import annotations

import pytest

from tests.support import COMPLAINTS
from tousu.errors import ColumnMissing, EncodingUnknown
from tousu.files.added_columns import ADDED, added_names, neutralise
from tousu.files.columns import choose_text_columns
from tousu.files.encoding import encoding_called


@pytest.mark.parametrize(
    ("names", "sample", "chosen"),
    [
        (["编号", "投诉内容"], [["1", "短"]], "投诉内容"),
        (["标题", " 投诉内容（必填）"], [["很长很长的标题" * 9, "短"]], " 投诉内容（必填）"),
        (["id", "Text"], [[1, "a"]], "Text"),
        (["内容", "问题描述"], [["一", "二"]], "问题描述"),
        (["投诉内容", "问题描述"], [["", "二"]], "问题描述"),
        (["甲", "乙", "丙"], [["短", COMPLAINTS[0], "x"], ["短", COMPLAINTS[1], "y"]], "乙"),
        (
            ["地址", "经过"],
            [["广东省某市某区某街道办事处", COMPLAINTS[0]], ["广东省某市某区某街道办事处", COMPLAINTS[1]]],
            "经过",
        ),
    ],
)
def test_the_text_column_is_guessed(names: list[str], sample: list[list[object]], chosen: str) -> None:
    places, said = choose_text_columns(names, sample, (), file="x")
    assert [names[place] for place in places] == [chosen]
    assert chosen in said


def test_a_missing_column_is_named_with_those_there() -> None:
    with pytest.raises(ColumnMissing, match="没有名为 正文 的列.*编号、内容"):
        choose_text_columns(["编号", "内容"], [], ("正文",), file="x")
    with pytest.raises(ColumnMissing, match="--text-column"):
        choose_text_columns(["id", "age"], [["1", "2"]], (), file="x")


def test_every_language_has_the_same_columns() -> None:
    assert list(ADDED["zh"]) == list(ADDED["en"])
    assert all(name.startswith("tousu_") for name in ADDED["en"].values())


def test_no_name_is_used_twice() -> None:
    names, notes = added_names(["tousu_model", "tousu_model_2"], "en")
    assert names["model"] == "tousu_model_3"
    assert len(notes) == 1


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-x", "@sum", "\t=1", "\r=1", "＝1"])
def test_dangerous_cells_get_an_apostrophe(cell: str) -> None:
    assert neutralise(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "电梯", "-12.5", "+86", "1=1", "-3%"])
def test_other_cells_stay(cell: str) -> None:
    assert neutralise(cell) == cell


@pytest.mark.parametrize(
    ("name", "shown"), [("gbk", "GB18030"), ("GB2312", "GB18030"), ("utf8", "UTF-8"), ("utf-16", "UTF-16-LE（BOM）")]
)
def test_encodings_have_one_name(name: str, shown: str) -> None:
    assert encoding_called(name).name == shown


def test_an_unknown_encoding_is_named() -> None:
    with pytest.raises(EncodingUnknown, match="klingon"):
        encoding_called("klingon")
