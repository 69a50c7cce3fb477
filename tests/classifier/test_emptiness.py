from __future__ import annotations

import pytest

from tousu.classifier.emptiness import nothing_said

EMPTY = (
    "测试",
    "见图片",
    "详见附件。",
    "咨询",
    "谢谢！",
    "已解决，谢谢",
    "希望有关部门处理",
    "12315",
    "我想咨询一个问题",
    "",
    "👍👍",
)
SAID = (
    "电梯困人",
    "面包发霉",
    "卡不给退",
    "请问办食品证要什么材料",
    "加油站缺斤少两，请处理",
    "投诉一家理发店",
    "见图片，发霉了",
)


def test_what_says_nothing_is_told_from_what_says_little():
    assert nothing_said(EMPTY, range(len(EMPTY))) == list(range(len(EMPTY)))
    assert nothing_said(SAID, range(len(SAID))) == []
    assert nothing_said(EMPTY, [3, 0]) == [3, 0]


def test_no_row_of_the_corpus_but_out_of_remit_says_nothing(corpus_rows):
    found = nothing_said([row.text for row in corpus_rows], range(len(corpus_rows)))
    assert {corpus_rows[place].primary for place in found} == {"out_of_scope"}


@pytest.mark.parametrize("text", EMPTY)
def test_no_text_in_which_nothing_is_said_goes_without_a_person(shipped, text):
    assert shipped.tag(text).decision == "review"


def test_an_endless_run_of_such_words_is_no_trouble():
    assert nothing_said(["我请不好了" * 6 + "锅", "的" * 10_000], [0, 1]) == []
