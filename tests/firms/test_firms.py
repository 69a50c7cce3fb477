"""Names of firms: 500 pairs written by hand, and whole ledgers of names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tousu.errors import RulesError
from tousu.firms.groups import group_names
from tousu.firms.names import NameParser
from tousu.firms.same import Matcher, Relation
from tousu.firms.words import load_firm_words

PAIRS = Path(__file__).with_name("pairs.tsv")
PRECISION, RECALL = 0.97, 0.85


@pytest.fixture(scope="module")
def simplified(shipped):
    return shipped.simplified


@pytest.fixture(scope="module")
def parser(simplified):
    return NameParser(load_firm_words(), simplified)


def relation(parser, one, other):
    return Matcher(parser.words).relation(parser.parse(one), parser.parse(other))


def pairs():
    """Return every written pair: whether it is one firm, and the two names."""
    lines = [line.split("\t") for line in PAIRS.read_text("utf-8").splitlines()]
    return [(kind == "same", one, other) for kind, one, other in lines]


def test_the_pairs_are_half_and_half():
    assert len(pairs()) == len(set(pairs())) == 500
    assert sum(same for same, _, _ in pairs()) == 250


def figures(told):
    """Return precision and recall of pairs told to be one firm."""
    right = sum(same and said for same, said in told)
    return right / sum(said for _, said in told), right / sum(same for same, _ in told)


def test_pairs_are_told_apart(parser):
    told = [(same, relation(parser, one, other) is not Relation.DIFFERENT) for same, one, other in pairs()]
    precision, recall = figures(told)
    assert precision >= PRECISION
    assert recall >= RECALL


def test_pairs_are_told_apart_among_all_names(simplified):
    shown = group_names({name: 1 for _, *both in pairs() for name in both}, simplified)
    precision, recall = figures([(same, shown[one] == shown[other]) for same, one, other in pairs()])
    assert precision >= PRECISION
    assert recall >= RECALL


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_name_breaks_the_matching_and_order_does_not_matter(one, other):
    parser = NameParser(load_firm_words())
    assert relation(parser, one, other) is relation(parser, other, one)
    assert set(group_names({one: 1, other: 2})) == {one, other}


def test_a_firm_is_shown_as_it_is_written_most(simplified):
    shown = group_names({"云鲤甜品": 5, "雲鯉甜品店": 2, "云鲤甜品有限公司": 1, "石螺健身": 3}, simplified)
    assert shown == {
        **dict.fromkeys(("云鲤甜品", "雲鯉甜品店", "云鲤甜品有限公司"), "云鲤甜品"),
        "石螺健身": "石螺健身",
    }


def test_the_chain_joins_its_only_shop_but_never_joins_two_shops():
    one = group_names({"老码头火锅": 2, "老码头火锅（人民路店）": 5})
    assert len(set(one.values())) == 1
    two = group_names(
        {"老码头火锅": 9, "老码头火锅（人民路店）": 5, "老码头火锅建设路店": 4, "老码头火锅人民路分店": 1}
    )
    assert two["老码头火锅（人民路店）"] == two["老码头火锅人民路分店"] != two["老码头火锅建设路店"]
    assert two["老码头火锅"] == "老码头火锅"
    assert len(set(two.values())) == 3


def test_a_wrong_table_is_told_by_line(tmp_path):
    file = tmp_path / "firms.toml"
    file.write_text("schema = 1\nversion = '1'\nlegl = []\n", "utf-8")
    with pytest.raises(RulesError, match="企业名称用词表"):
        load_firm_words(file)
