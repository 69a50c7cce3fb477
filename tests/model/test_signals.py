"""Signals of the shipped model: said where they are meant, silent where only a word looks like them, whatever the writing."""

from __future__ import annotations

import json
import re

import pytest
from opencc import OpenCC

from tousu.errors import RulesError
from tousu.signals import joined_branches, load_signals

# A text and the same with slips of the pen, as people make them.
MEANT = {
    "repeat": [
        (
            "这件事上个月已经打过12345投诉，到现在没人处理，只好再次反映：楼下理发店充的卡不退钱",
            "这件事上个月以经打过12345投述，到现在没人处里，只好在次反映：楼下理发店充的卡不退钱",
        ),
        (
            "我对上次的答复不满意，你们说商家已退款，可是我一分钱都没有收到，请重新处理",
            "我对上次的达复不满意，你们说商家己退款，可是我一分钱都没有收到，请从新处理",
        ),
    ],
    "group": [
        (
            "我们小区一百多户业主联名反映，电梯年年坏，物业收了维修费不修",
            "我门小区一百多户业主连名反映，电梯年年坏，物业收了维修费不修",
        ),
        (
            "我们三十几个家长都在这家培训班交了钱，现在关门了，群里都在找老板，要求退费",
            "我们三十几个加长都在这家陪训班交了钱，现在关门了，群里都在找老版，要求退费",
        ),
    ],
    "injury": [
        (
            "在超市踩到地上的水滑倒，手腕骨折住院，超市一分钱不出",
            "在超市踩道地上的水滑到，手腕骨折主院，超市一分钱不出",
        ),
        ("吃了他家的凉菜全家上吐下泻，送到医院诊断食物中毒", "吃了他家的凉菜全家上吐下泄，送到医院珍断食物中毒"),
    ],
    "vulnerable": [
        (
            "我奶奶八十一岁，被卖保健品的骗走养老钱两万多，吃了头晕",
            "我奶奶八十一岁，被卖保建品的骗走养老钱两万多，吃了头昏",
        ),
        ("孩子才五岁，在游乐场的滑梯上被铁皮划破了腿", "孩子才五岁，在游乐厂的滑梯上被铁皮划坡了腿"),
    ],
    "escalation": [
        ("再不解决我就找电视台记者曝光你们", "在不解决我就找电视台记着曝光你们"),
        ("如果还是这样敷衍，我就去信访局上访", "如果还是这样敷演，我就去信访局上仿"),
    ],
    "crime": [
        (
            "这家公司收了几百人的钱就卷款跑路了，明显是诈骗，请移交公安",
            "这家公司收了几百人的钱就卷款跑路了，明显是炸骗，请移交公安",
        ),
        ("他们让我交入门费再拉人头，一层一层返利，就是传销", "他们让我交入门费在拉人头，一层一层返力，就是传消"),
    ],
    "claimant": [
        (
            "依据《食品安全法》第一百四十八条要求退一赔十，并请书面告知是否立案，同时申请举报奖励",
            "依居《食品安全法》第一百四十八条要求退一陪十，并请书面告知是否立案，同时申请举报奖厉",
        ),
        (
            "现场购买两瓶封存送检，检测报告显示不合格，请求依法赔偿三倍并给予举报奖励",
            "现场购买两瓶封存送捡，检测报告显示不合格，请求依法陪偿三倍并给予举报奖励",
        ),
    ],
}
TEXTS = [(signal, text, slipped) for signal, pairs in MEANT.items() for text, slipped in pairs]
LOOKALIKES = [
    ("escalation", "新买的电视机看了三天就花屏，电视台一个都收不到，商家不给换"),
    ("escalation", "法院对面的复印店复印一页收两块，没有价目表"),
    ("escalation", "买的相机曝光过度，寄回去说没毛病"),
    ("vulnerable", "我买的老人机通话没声音，店里不给退"),
    ("vulnerable", "老人头皮鞋穿了两天开胶，要求退货"),
    ("vulnerable", "儿童手表充不进电，商家让我自己寄回厂家"),
    ("injury", "这次装修被坑惨了，多收了我八千块"),
    ("injury", "被商家气死了，退个货拖了半个月"),
    ("injury", "手机屏幕摔坏了，换屏收了我六百还是旧屏"),
    ("repeat", "找店里要了三次退款，老板每次都说下周，到现在没退"),
    ("repeat", "空调修了三次还是不制冷，客服一直推"),
    ("claimant", "请问超市卖过期牛奶，可以要求退一赔十吗？法律是怎么规定的？"),
    ("claimant", "我是律师，想咨询食品安全法第一百四十八条里的十倍赔偿怎么计算？"),
    ("claimant", "鞋子穿了两天开胶，要求商家赔偿我的损失"),
    ("group", "这家店扰民，希望管一管"),
    ("group", "我一个人在这家店办的卡，现在店关了"),
    ("crime", "老板说话不算数，就是个骗人的，坑了我一百块"),
]


@pytest.mark.parametrize(("signal", "text", "slipped"), TEXTS)
def test_a_signal_survives_slips_traditional_characters_and_no_punctuation(shipped, signal, text, slipped):
    bare = re.sub(r"[，。：、“”！？《》；]", "", text)
    written = [text, slipped, OpenCC("s2t").convert(text), bare]
    assert [signal in tagging.signals for tagging in shipped.tag_many(written)] == [True] * len(written)


@pytest.mark.parametrize(("signal", "text"), LOOKALIKES)
def test_what_only_looks_like_a_signal_is_none(shipped, signal, text):
    assert signal not in shipped.tag(text).signals


def test_professional_claims_and_their_lookalikes(shipped, root):
    lines = (root / "tests" / "data" / "claimant.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 200
    assert sum(row["claimant"] for row in rows) == 100
    said = ["claimant" in tagging.signals for tagging in shipped.tag_many([row["text"] for row in rows])]
    hits = sum(row["claimant"] and on for row, on in zip(rows, said, strict=True))
    assert hits / sum(said) >= 0.9
    assert 2 * hits / (sum(said) + 100) >= 0.8


def test_a_lookalike_beside_the_real_thing_takes_nothing_back(shipped):
    assert "vulnerable" in shipped.tag("给八十岁的母亲买的老人机爆炸，把她的手烧伤了，老人现在住院").signals
    assert "escalation" in shipped.tag("电视机坏了不给修，再不处理我就找电视台记者曝光").signals


def test_a_broken_expression_is_told_with_its_line(root, tmp_path):
    source = (root / "data" / "signals.toml").read_text("utf-8")
    own = tmp_path / "own.toml"
    own.write_text(source.replace("'坑惨|", "'(坑惨|", 1), "utf-8")
    with pytest.raises(RulesError, match="lookalikes"):
        load_signals(own)


@pytest.mark.parametrize("bad", ["坑(惨)", "(?i)坑惨", "(?P<a>坑)惨"])
def test_an_expression_whose_branches_cannot_be_moved_is_told_with_its_line(root, tmp_path, bad):
    source = (root / "data" / "signals.toml").read_text("utf-8")
    own = tmp_path / "own.toml"
    own.write_text(source.replace("'坑惨|", f"'{bad}|", 1), "utf-8")
    with pytest.raises(RulesError, match=r"第 \d+ 行.*lookalikes.*编组"):
        load_signals(own)


def test_brackets_within_a_set_divide_no_branches():
    assert joined_branches(("甲[(|]乙|丙", "(?:丁|戊)己|[^]|]庚")) == ["甲[(|]乙|丙", "(?:丁|戊)己|[^]|]庚"]
