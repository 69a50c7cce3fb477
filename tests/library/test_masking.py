"""Masking: every personal number, nothing else, and nothing the classifier would notice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tousu.classifier import Classifier
from tousu.masking import mask


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
    ],
)
def test_other_numbers_stay(text):
    assert mask(text) == text


@given(st.text(alphabet=st.sampled_from("0123456789１２８ -+Xx京A·B一三八零幺电话，。"), max_size=60))
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
    ],
)
def test_the_classifier_does_not_notice(text, small_model):
    classifier = Classifier.load(small_model)
    assert mask(text) != text
    assert classifier.tag(mask(text)) == classifier.tag(text)
