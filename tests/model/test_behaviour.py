"""What the shipped model must do whatever its score: invariances, directions, least functions."""

from __future__ import annotations

import unicodedata

import pytest
from opencc import OpenCC

PLAIN = {
    "elevator": "锦绣园3号楼电梯三天两头出故障，上周还把人关在里面四十分钟，物业只说等配件",
    "prepaid": "在健身房办了两年卡还剩一年多，现在店关门了，卡里的钱没人退",
    "food_safety": "外卖凉面里吃出一只蟑螂，拉了一晚上肚子，商家只肯退饭钱",
    "pricing": "小区停车费原来每月一百，这个月没有任何公示就涨到三百，要求说明依据",
    "metrology": "在水产摊买了四斤虾，回家复称只有三斤一两，摊主的秤有问题",
    "registration": "有人冒用我的身份证注册了一家公司，我自己完全不知情，请求撤销登记",
    "counterfeit": "专卖店买的名牌白酒，打厂家电话核对编码说是假酒，要求退一赔三",
    "waste_recycling": "居民楼下有人没有执照收废品，旧纸箱堆满过道",
    "nutrition_claim": "这款饮料宣称0糖低卡，营养成分表上每百毫升含糖却有十克，宣称与实际不符",
    "food_label": "进口饼干外包装上全是外文，没有中文标签，也找不到生产日期和厂家",
    "franchise": "交了八万加盟费开奶茶店，总部承诺的选址培训一样没有，要求退加盟费",
    "catering_scope": "楼下的早餐店没有食品经营许可证就在卖凉菜和包子",
    "out_of_scope": "隔壁工地半夜十二点还在打桩，吵得全家睡不着，希望管一管",
    "health_product": "药店卖给我的感冒药已经过了有效期，吃了才发现",
}


def primary(model, text: str) -> str:
    return model.tag(text).primary


@pytest.mark.parametrize(("code", "text"), PLAIN.items(), ids=PLAIN)
def test_plain_cases(shipped, code, text):
    assert primary(shipped, text) == code


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_traditional_is_simplified(shipped, text):
    assert shipped.tag(OpenCC("s2t").convert(text)) == shipped.tag(text)


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_full_width_is_half_width(shipped, text):
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert shipped.tag(wide) == shipped.tag(text)
    assert shipped.tag(unicodedata.normalize("NFKC", text)) == shipped.tag(text)


HINTS = [
    ("尊敬的领导您好，打扰您了，", ""),
    ("市民来电反映：", "请相关部门核实处理，谢谢。"),
    ("来电人称，", "望有关单位尽快与其联系并反馈。"),
    ("", "（请承办单位按时限签收办理）"),
    ("你好，我想反映一个情况，", "麻烦了，谢谢谢谢。"),
    ("", "请区政府跟进。"),
]


@pytest.mark.parametrize(("before", "after"), HINTS)
@pytest.mark.parametrize(("code", "text"), PLAIN.items(), ids=PLAIN)
def test_politeness_and_hints_change_nothing(shipped, before, after, code, text):
    assert primary(shipped, before + text + after) == code


SWAPS = [
    ("elevator", "电梯", "升降机", "小区{}坏了两个星期没人修，老人被困在楼上，维保公司不来"),
    ("elevator", "业主", "住户", "{}乘电梯时突然下坠两层，检验标志也过期了"),
    ("prepaid", "健身房", "瑜伽馆", "{}办的年卡没用完，门店搬空了，余额不退"),
    ("food_safety", "虫子", "小飞虫", "超市买的面包里有{}，没过保质期"),
    ("pricing", "停车费", "泊车费", "商场{}没有明码标价，结账时多收了二十块"),
    ("metrology", "缺斤少两", "短斤缺两", "菜市场肉摊{}，三斤肉回家只有两斤四两"),
    ("prepaid", "会员卡", "惠员卡", "理发店的{}里还有八百块钱店就关门了"),
    ("elevator", "故障", "固障", "楼里电梯老出{}，昨天困人半小时"),
    ("product_quality", "退货", "推货", "新买的洗衣机用了三天就漏水，商家不给{}也不给修"),
    ("counterfeit", "假货", "假伙", "网上旗舰店买的名牌鞋去专柜一看是{}，要求退一赔三"),
]


@pytest.mark.parametrize(("code", "one", "other", "frame"), SWAPS)
def test_synonyms_and_homophones(shipped, code, one, other, frame):
    assert primary(shipped, frame.format(one)) == code
    assert primary(shipped, frame.format(other)) == code


def test_negation_is_seen(shipped):
    refused, done = "办的年卡店家不退钱", "办的年卡店家已退钱"
    assert not (shipped.scores([refused]) == shipped.scores([done])).all()
    spans = shipped.explain(refused, code="prepaid", most=50)
    assert any("不" in span.text for span in spans)


def test_a_claim_is_not_a_mention(shipped):
    claim = "超市货架上的燕麦饮写着无糖，营养成分表里糖却有每百毫升六克，属于虚假的无糖声称"
    mention = "在便利店买的无糖口香糖，打开里面有一根头发，还有霉点，要求赔偿"
    assert primary(shipped, claim) == "nutrition_claim"
    assert primary(shipped, mention) == "food_safety"


SECOND = [
    pytest.param(
        "elevator",
        "pricing",
        "我们楼的两部电梯坏了半个月没人修，困过三次人，维保公司不来，检验标志也过期，老人下不了楼。另外物业的停车费涨价没有公示",
        marks=pytest.mark.xfail(reason="a short last clause: model 2026.11-dbe30cf8 stays below the second code's bar"),
    ),
    ("food_safety", "food_label", "超市买的面包发霉长毛了，孩子吃了拉肚子，另外标签上没有生产日期"),
    (
        "prepaid",
        "advertising",
        "健身房办的年卡还剩十个月，店突然关门不退余额，会员卡里的钱要不回来，另外当初宣传送的私教也是虚假宣传",
    ),
    ("prepaid", "pricing", "理发店办的会员卡余额不退，还乱收费，烫发没有明码标价收了八百"),
    (
        "health_product",
        "advertising",
        "药店卖的保健品说能治糖尿病，夸大宣传骗老人买了一万多，包装上没有批准文号，吃了头晕",
    ),
]


@pytest.mark.parametrize(("first", "second", "text"), SECOND)
def test_a_second_matter_adds_a_code_and_does_not_flip(shipped, first, second, text):
    tagging = shipped.tag(text)
    assert tagging.primary == first
    assert second in tagging.codes


@pytest.mark.parametrize(
    "text",
    [
        "饭店的油烟直接往居民窗户排，熏得人受不了",
        "楼下酒吧音乐声开到凌晨两点，震得睡不着",
        "烧烤店每天晚上占道摆桌，油烟噪音扰民",
    ],
)
def test_fumes_and_noise_stay_outside(shipped, text):
    assert primary(shipped, text) == "out_of_scope"


@pytest.mark.parametrize("text", ["谢谢", "测试", "您好，没事了，感谢", "喂喂喂", "打错了不好意思", "12345"])
def test_empty_thanks_are_outside(shipped, text):
    assert primary(shipped, text) == "out_of_scope"


@pytest.mark.parametrize("text", ["", "   ", "😀😀😀", "\x00\x01\x02", "！！！。。。", "\ud800", "\n\n"])
def test_texts_that_say_nothing(shipped, text):
    tagging = shipped.tag(text)
    assert tagging.primary == "out_of_scope"
    assert tagging.decision == "review"
    assert shipped.explain(text) == []


@pytest.mark.parametrize(
    "text", ["hello, the lift is broken", "Ωμέγα", "ลิฟต์เสีย", "12345678", "電" * 10, "a" * 1_000_000]
)
def test_strange_and_enormous_texts_get_an_answer(shipped, text):
    tagging = shipped.tag(text)
    assert tagging.primary in shipped.domains
    assert 0 <= min(tagging.probabilities.values()) <= max(tagging.probabilities.values()) <= 1


@pytest.mark.parametrize(
    ("text", "online"),
    [
        ("在网上直播间下单的手镯，收到货和主播说的不一样，平台不给退", True),
        ("手机上点的外卖里有头发", True),
        ("在菜市场门口的摊子上买了二斤枣，回家一看都是坏的", False),
        ("商场专柜买的皮鞋，穿两天开胶，店员不给换", False),
    ],
)
def test_online(shipped, text, online):
    assert shipped.tag(text).online is online


def test_evidence_lies_in_the_raw_text(shipped):
    text = "【反映】小區&nbsp;電梯困人，物業不修！！"
    for span in shipped.explain(text):
        assert text[span.start : span.end] == span.text
    heaviest = shipped.explain(text)[0]
    assert "電梯" in heaviest.text or "困" in heaviest.text
    assert heaviest.weight > 0
