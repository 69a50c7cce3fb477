"""Masking: every personal number, nothing else, and nothing the classifier would notice."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tousu.classifier import Classifier
from tousu.masking import HIDDEN, kept_line, kept_lines, mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话13812345678。", "电话00000000000。"),
        ("电话138 1234 5678", "电话000 0000 0000"),
        ("+86-138-1234-5678打来", "+00-000-0000-0000打来"),
        ("８６１３８１２３４５６７８", "0000000000000"),
        ("身份证11010119900307123X办卡", "身份证000000000000000000办卡"),
        ("身份证 110101 19900307 123x", "身份证 000000 00000000 0000"),
        ("卡号6222 0212 3456 7890 123扣款", "卡号0000 0000 0000 0000 000扣款"),
        ("卡号6222021234567890123", "卡号0000000000000000000"),
        ("车牌京A12345停车", "车牌京A00000停车"),
        ("粤B·D12345新能源", "粤B·000000新能源"),
        ("沪AF1234学", "沪A000000"),
        ("座机010-62345678或0755 1234567", "座机000-00000000或0000 0000000"),
        ("一三八一二三四五六七八", "零零零零零零零零零零零"),
        ("电话138\u30001234\u30005678或138－1234—5678", "电话000\u30000000\u30000000或000－0000—0000"),
        ("电话1381234\n5678", "电话0000000\n0000"),
        ("+86 138 1234 \r\n 5678打来", "+00 000 0000 \r\n 0000打来"),
        ("138-\u20281234-5678", "000-\u20280000-0000"),
        ("身份证110101\n19900307123X", "身份证000000\n000000000000"),
        ("身份证11010119900307123\nx办卡", "身份证00000000000000000\n0办卡"),
        ("1\ufe0f\u20e33\ufe0f\u20e3812345678", "0\ufe0f\u20e30\ufe0f\u20e3000000000"),
        ("京\u200bA1\u200d2345", "京\u200bA0\u200d0000"),
        ("一三八一二三\u2060四五六七八", "零零零零零零\u2060零零零零零"),
    ],
)
def test_personal_numbers_become_zeros(text, masked):
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "2026年4月15日购买，单价1288.50元，共3件",
        "2025-03-16 12:30:00",
        "2024-2025年度物业费 3600",
        "致电12345和12315均未处理",
        "GB7718-2025，第121号令",
        "京东A区3栋1204室",
        "一二三四楼电梯停运",
        "热线95588、400-820-8820",
        "川AAAAA火锅店",
        "2024-01-01\n2025-02-02\n2026-03-03",
        "1500\n2000\n3000",
        "编号1234\n5678\n9012\n3456",
        "单价15\n800元",
    ],
)
def test_other_numbers_stay(text):
    assert mask(text) == text


def test_a_list_behind_a_number_keeps_its_own():
    assert mask("电话13912345678\n2. 座机010-1234567\n3. 退钱") == "电话00000000000\n2. 座机000-0000000\n3. 退钱"


def test_no_character_that_nobody_sees_hides_a_number():
    unseen = [mark for mark in map(chr, range(0x110000)) if unicodedata.category(mark) == "Cf"]
    assert [hex(ord(mark)) for mark in unseen if mask(f"1391234{mark}5678") != f"0000000{mark}0000"] == []
    assert not HIDDEN.search("\t\n\r\x1f ，。、（）0９aＡ一京㈠①")  # \x1f stands between cells


def test_what_is_kept_of_a_form_is_clean_and_then_masked():
    assert kept_line(" 找139\u200b1234\n5678\x7f\u202e\ue000吧 ") == "找0000000 0000吧"
    assert kept_lines("1.\u00ad找\n139\ue0001234\ue0005678") == "1.找\n00000000000"


@given(st.text(alphabet=st.sampled_from("0123456789１２８ -+Xx京A·B一三八零幺电话，。\n\u200b"), max_size=60))
@example("139\n12345678\n1")
def test_masking_keeps_the_length_and_is_done_after_once(text):
    once = mask(text)
    assert len(once) == len(text)
    assert mask(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "我电话13812345678，健身房关门，年卡不退",
        "身份证110101199003074258办的会员卡，电梯困人",
        "刷卡6222 0212 3456 7890 123付的款，买到假货",
        "车牌京A12345，停车场乱收费",
        "我电话138\u200b12345678，健身房关门，年卡不退",
        "买到假货，电话1381234\n5678，要求退钱",
    ],
)
def test_the_classifier_does_not_notice(text, small_model):
    classifier = Classifier.load(small_model)
    assert mask(text) != text
    assert classifier.tag(mask(text)) == classifier.tag(text)
