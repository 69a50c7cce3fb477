"""What somebody wrote into a form becomes an example's file that is read back as it was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tousu.examples.likeness import DOMAIN_WEIGHT, LikenessIndex
from tousu.examples.read import load_examples, parse_example
from tousu.examples.write import example_text, points_of


@pytest.mark.parametrize("example", load_examples()[:8], ids=lambda one: one.id)
def test_an_example_written_anew_is_the_same_example(example):
    parts = (example.situation, example.steps, example.evidence, example.answers, example.not_ours)
    again = parse_example(example.id, example_text(example.head, *parts), Path("x"))
    assert (again.head, *parts) == (
        example.head, again.situation, again.steps, again.evidence, again.answers, again.not_ours,
    )  # fmt: skip


def test_hostile_words_stay_words():
    (example, *_) = load_examples()
    odd = 'a"b\\n\t]\n+++\n## 步骤\n\x7f\u2028{{ x }}\u202e"""'
    head = example.head.model_copy(update={"title": odd, "department": odd})
    again = parse_example("x1", example_text(head, f"## {odd}", [odd], [odd], [f"- {odd}"], [odd]), Path("x"))
    plain = 'a"b\\n ] +++ ## 步骤 {{ x }}"""'
    assert (again.head.title, again.situation, again.steps) == (plain, plain, (plain,))
    assert again.answers == (f"- {plain}",)


def test_points_lose_their_marks_and_nothing_else():
    text = "1. 核对合同\n- 看 POS\r\n\n  2、 查\n3.15晚会\n*  星\n12.5元的差价\n・点\n10．十"
    assert points_of(text) == ["核对合同", "看 POS", "查", "3.15晚会", "星", "12.5元的差价", "・点", "十"]
    assert points_of(" \n-\n") == []


def test_likeness_is_that_of_the_likest_text_and_of_the_domain(shipped):
    gym, lift = "健身房关门跑路，年卡不退钱", "电梯停运一个月，物业不修"
    index = LikenessIndex([[lift], [lift, gym], [gym, lift]], [[], [], ["prepaid"]], shipped)
    told = index.likeness(gym)
    assert told[1] == pytest.approx(1.0, abs=1e-5)
    assert told[2] - told[1] == pytest.approx(DOMAIN_WEIGHT * shipped.tag(gym).probabilities["prepaid"], abs=1e-5)
    assert told[0] < 0.2
    assert index.likeness("") is None
    assert LikenessIndex([], [], shipped).likeness(gym).size == 0
