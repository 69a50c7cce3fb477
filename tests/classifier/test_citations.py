"""Statutes, standards and order numbers: found as written, nothing else taken for them."""

from __future__ import annotations

import time

import pytest

from tousu.classifier.citations import order_numbers_of, statutes_of

CITED = [
    (
        "依据《中华人民共和国食品安全法》第一百四十八条第二款要求赔偿",
        ["《中华人民共和国食品安全法》第一百四十八条第二款"],
    ),
    ("不符合GB 7718-2011，也违反 GB/T 20977", ["GB 7718-2011", "GB/T 20977"]),
    ("消法第55条和广告法第二十八条", ["消法第55条", "广告法第二十八条"]),
    ("按《消費者權益保護法》第五十五條", ["《消費者權益保護法》第五十五條"]),
    ("看了《流浪地球》，买了第三条裤子", []),
    ("没有办法，想不出办法", []),
    ("买了500GB的硬盘", []),
]


@pytest.mark.parametrize(("text", "cited"), CITED)
def test_statutes_are_found(text, cited):
    assert [text[begin:end] for begin, end in statutes_of(text)] == cited


NUMBERED = [
    ("订单号：202605011234567，退货", ["202605011234567"]),
    ("订单编号 PDD-8812*** 一直不发货", ["PDD-8812***"]),
    ("工单号GD20260415001", ["GD20260415001"]),
    ("单号忘了，电话是12345", []),
    ("订单号是3391", []),
]


@pytest.mark.parametrize(("text", "given"), NUMBERED)
def test_order_numbers_are_found(text, given):
    assert [text[begin:end] for begin, end in order_numbers_of(text)] == given


@pytest.mark.parametrize("head", ["", "第", "GB", "消法", "订单", "单号"])
def test_a_hostile_text_is_read_at_once(head):
    text = head + " " * 20_000 + "第" * 20_000
    begin = time.process_time()
    assert statutes_of(text) == ([(0, 2)] if head == "消法" else [])
    assert order_numbers_of(text) == []
    assert time.process_time() - begin < 2
