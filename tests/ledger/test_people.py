"""Who complains: one spelling for one name, none for nobody's; hidden digits known by any of their marks."""

from __future__ import annotations

import pytest

from tousu.ledger.people import digits_of, is_masked, name_of


@pytest.mark.parametrize(
    "name",
    ["张女士", "欧阳 先生", "先生/女士", "匿名", "张*", "张＊", "张某", "张xx", "李X明", "", None, "群众", "n/a", "李", "a12"],
)  # fmt: skip
def test_a_name_many_share_names_nobody(name):
    assert name_of(name) == ""


@pytest.mark.parametrize(("name", "told"), [(" 赵 甲乙 ", "赵甲乙"), ("欧阳·娜", "欧阳娜"), ("Max Li", "maxli")])
def test_a_name_has_one_spelling(name, told):
    assert name_of(name) == told


def test_a_full_name_with_a_form_of_address_names_somebody():
    assert name_of("王建国先生") == "王建国先生"


@pytest.mark.parametrize("mark", list("*＊xX×●"))
def test_hidden_digits_are_known_by_any_mark(mark):
    number = f"138{mark * 4}1111"
    assert is_masked(number)
    assert digits_of(number) == "1381111"


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("+86 138-0000-0001", "13800000001"), (13800000001.0, "13800000001"), ("１３８００００１２３４", "13800001234"),
        ("110", ""), ("0000000", ""), ("12121212", ""), (None, ""),
    ],
)  # fmt: skip
def test_a_whole_number_is_told_by_its_last_digits(number, told):
    assert digits_of(number) == told
    assert not is_masked(number)
