from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from tousu.classifier.text import build_char_table, join_texts, resolve_entities
from tousu.errors import TextError


@pytest.fixture(scope="module")
def table():
    return build_char_table()


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("ＡＢＣ店１２３元", "abc店0元"),
        ("退款，，不給！！！", "退款 不给 "),
        ("三 個\t月\n了", "三个月 了"),
        ("&lt;b&gt;無糖&nbsp;飲料", " b 无糖饮料"),
        ("㎡①Ⅳ", "m0iv"),
        ("a\u200bb\u0301c\x00d", "abcd"),
        ("𠮷野家😀好", "〓野家 好"),
        ("\ud800好", "好"),
        ("", ""),
        ("，。！", " "),
    ],
)
def test_normal_form(table, raw, normal):
    assert str(table.normalise(raw)).lstrip() == normal.lstrip()


def test_each_code_names_its_raw_span(table):
    text = "買了&amp;nbsp;３瓶無糖飲料"
    normalised = table.normalise(text)
    at = str(normalised).index("无糖")
    begin, end = normalised.span(at, 2)
    assert text[begin:end] == "無糖"


@given(st.text(max_size=80))
def test_any_text_gets_codes_within_it(text):
    normalised = TABLE.normalise(text)
    assert normalised.codes.size == normalised.begins.size == normalised.ends.size
    assert (normalised.begins < normalised.ends).all()
    assert (np.diff(normalised.begins) >= 0).all()
    if normalised.ends.size:
        assert normalised.ends.max() <= len(text)


TABLE = build_char_table()


@given(st.text(alphabet="退款不給無糖電梯壞了維修費發票臺灣麵條這個", max_size=30))
def test_traditional_and_simplified_are_one(text):
    assert str(TABLE.normalise(text)) == str(TABLE.normalise(OpenCC("t2s").convert(text)))


def test_entities_map_back():
    plain, begins, ends = resolve_entities("a&amp;b")
    assert plain == "a&b"
    assert begins.tolist() == [0, 1, 6]
    assert ends.tolist() == [1, 6, 7]


@pytest.mark.parametrize("value", [None, 3, b"x", ["a"]])
def test_no_string_is_a_named_error(value):
    with pytest.raises(TextError, match="第 2 条"):
        join_texts(["好", value])
