"""What somebody wrote into a form becomes an example's file that is read back as it was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tousu.errors import ExampleError
from tousu.examples.likeness import DOMAIN_WEIGHT, LikenessIndex
from tousu.examples.read import MOST_POINTS, load_examples, parse_example
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


def test_a_minus_or_dashes_that_belong_to_a_point_stay():
    text = "-5℃以下存放\n--见附件\n**重点**\n- -18℃冷冻\n* *ST 股票\n-合同\n-.5度"
    assert points_of(text) == ["-5℃以下存放", "--见附件", "**重点**", "-18℃冷冻", "*ST 股票", "合同", "-.5度"]


def test_a_situation_is_never_taken_for_a_heading():
    (example, *_) = load_examples()
    for said, read in (("## ## 步骤", "步骤"), ("#1 机组异响", "#1 机组异响")):
        parts = (said, example.steps, example.evidence, example.answers, example.not_ours)
        assert parse_example("x1", example_text(example.head, *parts), Path("x")).situation == read


def test_more_points_than_a_part_may_have_are_told():
    (example, *_) = load_examples()

    def again(count):
        parts = (example.situation, ["查"] * count, ["查"] * count, example.answers, example.not_ours)
        return parse_example("x1", example_text(example.head, *parts), Path("x"))

    assert len(again(MOST_POINTS).steps) == len(again(MOST_POINTS).evidence) == 99
    with pytest.raises(ExampleError, match="步骤写了 100 条") as told:
        again(100)
    assert told.value.expected == "最多 99 条"


def test_likeness_is_that_of_the_likest_text_and_of_the_domain(shipped):
    gym, lift = "健身房关门跑路，年卡不退钱", "电梯停运一个月，物业不修"
    index = LikenessIndex([[lift], [lift, gym], [gym, lift]], [[], [], ["prepaid"]], shipped)
    told = index.likeness(gym)
    assert told[1] == pytest.approx(1.0, abs=1e-5)
    assert told[2] - told[1] == pytest.approx(DOMAIN_WEIGHT * shipped.tag(gym).probabilities["prepaid"], abs=1e-5)
    assert told[0] < 0.2
    assert index.likeness("") is None
    assert LikenessIndex([], [], shipped).likeness(gym).size == 0
