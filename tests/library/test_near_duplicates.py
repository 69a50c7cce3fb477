"""Near-identical texts find each other, whatever their number."""

from __future__ import annotations

import random
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tousu.near_duplicates import group_similar, leaders_of

LONG = "今年三月在人民路的家电城买了一台洗衣机，用了不到两个月就漏水，商家推给厂家，厂家又推给商家，要求退货退款"


def test_same_words_with_other_digits_and_marks_are_one_group():
    texts = [LONG, LONG.replace("，", " ") + "12345", "隔壁饭店的油烟直排进卧室，物业不管", LONG + "，谢谢"]
    assert group_similar(texts) == [0, 0, 2, 0]


def test_no_texts_no_groups():
    assert group_similar([]) == []


def test_what_says_too_little_has_no_leader():
    assert leaders_of(["详见附件", LONG, None, "详见附件", "", "138 0000 1111", LONG + "，谢谢"]) == [
        None, 1, None, None, None, None, 1,
    ]  # fmt: skip


def test_a_short_text_joins_only_its_equals():
    assert group_similar(["退款", "退费", "退款！", "x" * 3]) == [0, 1, 0, 3]


@given(st.lists(st.text(max_size=30), max_size=12))
@settings(max_examples=50, deadline=None)
def test_any_texts_get_the_index_of_an_earlier_one_of_their_group(texts):
    groups = group_similar(texts)
    assert len(groups) == len(texts)
    assert all(leader <= place and groups[leader] == leader for place, leader in enumerate(groups))
    assert all(groups[texts.index(text)] == group for text, group in zip(texts, groups, strict=True))


def test_ten_thousand_changed_copies_are_one_group_within_seconds():
    rng = random.Random(3)
    characters = [chr(0x4E00 + rng.randrange(3000)) for _ in range(400)]
    texts = [LONG[:30] + "".join(rng.choices(characters, k=3)) + LONG[30:] for _ in range(10_000)]
    begun = time.monotonic()
    sizes = Counter(group_similar(texts))
    assert max(sizes.values()) > 9_900
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(("shared", "joined"), [(90, True), (40, False)])
def test_the_threshold_parts_alike_from_unlike(shared, joined):
    letters = np.random.default_rng(7).integers(0x4E00, 0x9000, size=400)
    base, other = ("".join(map(chr, part)) for part in np.split(letters, 2))
    twin = base[: 2 * shared] + other[2 * shared :]
    assert (group_similar([base, twin]) == [0, 0]) is joined
