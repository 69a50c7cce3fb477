"""Sums of money, however they are written, and what only looks like one."""

from __future__ import annotations

import numpy as np
import pytest

from tousu.classifier.amounts import largest_amounts
from tousu.classifier.text import join_texts

SUMS = [
    ("花了1580元", 1580), ("共1,580.50元", 1580.5), ("１２００元", 1200), ("一千五百元", 1500), ("花了两万三千块", 23000),
    ("三万五元", 35000), ("12万", 120000), ("1.2万元", 12000), ("3块钱", 3), ("50块", 50), ("一百多块", 100),
    ("十几万元", 100000), ("二十多万", 200000), ("¥99.9", 99.9), ("2w块", 20000), ("3k元", 3000), ("一百零五元", 105),
    ("一万零五百元", 10500), ("1万2千元", 12000), ("交了5万块定金和3000元", 50000), ("人民币 3000", 3000), ("RMB300", 300),
    ("1亿元", 1e8), ("八百八块", 880), ("300余元", 300), ("2.5元/斤", 2.5), ("伍仟元整", 5000), ("九千八百八十八元", 9888),
    ("两三千元", 3000), ("三五百块", 500), ("1万至2万元", 20000), ("300元,400元", 400),
    ("交了八万八，没退", 88000), ("花两万三办了套餐", 23000),
]  # fmt: skip
NONE = [
    "跑了12万公里", "一块手表", "几十元", "电话138****0000", "2024年3月", "退一赔三", "元旦买的", "A12元", "第1元素", "3000",
    "一万户", "0元", "500块砖", "", "三百二", "&yen;", "不符合GB 7718的规定", "跑了一万二公里",
]  # fmt: skip


def amount(text: str) -> float:
    return float(largest_amounts(join_texts([text]))[0])


@pytest.mark.parametrize(("text", "wanted"), SUMS)
def test_sums(text, wanted):
    assert amount(text) == wanted


@pytest.mark.parametrize("text", NONE)
def test_no_sums(text):
    assert np.isnan(amount(text))


def test_a_text_s_sum_is_its_own():
    texts = ["1元", "", "2元", "没有", "3"]
    together = largest_amounts(join_texts(texts))
    assert np.array_equal(together, [amount(text) for text in texts], equal_nan=True)
