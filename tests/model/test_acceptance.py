"""Hints on accepting: right on written cases, true to the dates a text tells, and told by line where a rule is wrong."""

from __future__ import annotations

import datetime
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tousu.acceptance import load_acceptance
from tousu.classifier.own_dates import latest_event, years_before
from tousu.errors import RulesError

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

RECEIVED = datetime.date(2026, 5, 20)
FLOOR = 0.85


@pytest.fixture(scope="module")
def cases(root: Path) -> list[dict[str, Any]]:
    lines = (root / "tests" / "data" / "acceptance.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def hints_of(model: Classifier, texts: list[str]) -> list[set[str]]:
    found = model.acceptance(texts, model.tag_many(texts), [RECEIVED] * len(texts))
    return [{hint.code for hint in hints} for hints in found]


@pytest.mark.parametrize("sets", [("first",), ("first", "second", "third")])
def test_the_hints_on_written_cases_reach_the_floor(shipped, cases, sets):
    own = [case for case in cases if case["set"] in sets]
    found = hints_of(shipped, [case["text"] for case in own])
    wanted = [set(case["hints"]) for case in own]
    right = sum(len(a & b) for a, b in zip(found, wanted, strict=True))
    said, true = sum(map(len, found)), sum(map(len, wanted))
    assert 2 * right / (said + true) >= FLOOR, f"precision {right / said:.3f}, recall {right / true:.3f}"


def test_half_of_the_first_cases_are_complete(cases):
    first = [case for case in cases if case["set"] == "first"]
    assert len(first) == 60
    assert sum(not case["hints"] for case in first) == 30


def test_every_code_has_a_case(cases):
    assert {hint.code for hint in load_acceptance().hints} == {code for case in cases for code in case["hints"]}


def test_traditional_characters_and_full_width_signs_change_nothing(shipped):
    plain = "我开奶茶店的，2026年3月从冰峰设备公司（万象街7号）进货，制冰机坏了，要求退货。"
    other = "我開奶茶店的，２０２６年３月從冰峰設備公司（萬象街７號）進貨，製冰機壞了，要求退貨。"
    one, two = hints_of(shipped, [plain, other])
    assert one == two == {"not_consumer"}


def test_a_question_is_neither_accepted_nor_refused(shipped):
    assert hints_of(shipped, ["请问开一家奶茶店要办哪些证？"]) == [set()]


DATES = [
    ("2021年6月装的，7月墙就裂了", datetime.date(2021, 7, 31)),
    ("2014年买的空调，5月3日来修不给修", RECEIVED),
    ("2019-03-08买的", datetime.date(2019, 3, 31)),
    ("一五年在店里打的戒指", datetime.date(2015, 12, 31)),
    ("二〇一九年五月一日买的", datetime.date(2019, 5, 31)),
    ("五年前买的", datetime.date(2021, 12, 31)),
    ("十二年前买的", datetime.date(2014, 12, 31)),
    ("二十年前买的", datetime.date(2006, 12, 31)),
    ("三十五年前买的", datetime.date(1991, 12, 31)),
    ("十多年前买的", datetime.date(2016, 12, 31)),
    ("112年前买的", None),
    ("去年11月买的", datetime.date(2025, 11, 30)),
    ("2022年12月买的，今年3月我已经起诉", datetime.date(2022, 12, 31)),
    ("我今年六十七，2020年1月办的卡", datetime.date(2020, 1, 31)),
    ("保修10年，押金12.5元", None),
    ("上个月买的", RECEIVED),
]


@pytest.mark.parametrize(("text", "event"), DATES)
def test_the_latest_event_is_read_from_the_text(text, event):
    assert latest_event(text.replace("，", ","), RECEIVED) == event


def test_a_leap_day_has_a_day_three_years_before():
    assert years_before(datetime.date(2028, 2, 29), 3) == datetime.date(2025, 2, 28)


WRONG = [
    ('code = "too_old"', 'code = "too_old"\nolder = 4', "older"),
    ("older_than = 3", "", "没有写条件"),
    ('kinds = ["complaint", "both"]', 'kinds = ["complain"]', "complain"),
    ('law = "order121"', 'law = "order999"', "order999"),
    ('not_beside = ["no_facts"]', 'not_beside = ["no_fact"]', "no_fact"),
    ("unless = ['发货地址'", "unless = ['(发货地址'", "正则"),
    ("unless = ['发货地址'", "unless = ['<nowhere>'", "nowhere"),
    ("unless = ['发货地址'", "unless = ['(?P<a>x)', '(?P<a>y)', '发货地址'", "合在一起"),
]


@pytest.mark.parametrize(("right", "wrong", "named"), WRONG)
def test_a_wrong_rule_is_told_with_its_line(root, tmp_path, right, wrong, named):
    source = (root / "data" / "acceptance.toml").read_text("utf-8")
    assert right in source
    own = tmp_path / "own.toml"
    own.write_text(source.replace(right, wrong, 1), "utf-8")
    with pytest.raises(RulesError, match=named) as caught:
        load_acceptance(own)
    assert "第 " in str(caught.value)


def test_evidence_names_the_hints(shipped):
    found = shipped.case_evidence(
        "我2019年在百汇健身（中山南路110号）办的卡，2020年3月关门了，要求退1700元", received=RECEIVED
    )
    assert found["acceptance"] == [
        {
            "code": "too_old",
            "article": "总局令第121号第16条第4项",
            "words": "按来件自述的时间，距知道权益受侵害可能已超过三年",
        }
    ]


def test_evidence_of_a_text_tagged_already_is_the_same(shipped, monkeypatch):
    text = "我2019年在百汇健身（中山南路110号）办的卡，2020年3月关门了，要求退1700元"
    taggings, found = shipped.tag_many([text]), shipped.case_evidence(text, received=RECEIVED)
    monkeypatch.setattr(type(shipped), "tag_many", None)
    assert shipped.case_evidence(text, received=RECEIVED, taggings=taggings) == found
    assert shipped.case_reasons(text, taggings=taggings).items() <= found.items()


def test_a_rule_says_nothing_before_its_law_holds(shipped):
    text = "我2019年在百汇健身（中山南路110号）办的卡，2020年3月关门了，要求退1700元"
    days = [datetime.date(2026, 4, 14), datetime.date(2026, 4, 15)]
    found = shipped.acceptance([text] * 2, shipped.tag_many([text] * 2), days)
    assert [[hint.code for hint in hints] for hints in found] == [[], ["too_old"]]
    assert [load_acceptance().holds_on(day) for day in days] == [False, True]


def test_parts_may_have_digits_and_groups_may_have_names(root, tmp_path):
    own = tmp_path / "own.toml"
    source = (root / "data" / "acceptance.toml").read_text("utf-8")
    own.write_text(
        source.replace("\n[parts]\n", "\n[parts]\nshop_2 = '(?P<shop>夜市)'\n", 1).replace(
            "['发货地址'", "['<shop_2>', '发货地址'", 1
        ),
        "utf-8",
    )
    table = load_acceptance(own)
    pattern = table.expression(("<shop_2>摊",))
    assert pattern is not None
    assert pattern.search("在夜市摊上买的")


@pytest.mark.parametrize("piece", [" ", "一", "1", "*", "x", "水果", "叫啊", "12-", "“", "第"])
def test_a_hostile_text_is_read_at_once(shipped, piece):
    text = piece * (20_000 // len(piece))
    taggings, begin = shipped.tag_many([text]), time.process_time()
    shipped.acceptance([text], taggings, [RECEIVED])
    assert time.process_time() - begin < 2
