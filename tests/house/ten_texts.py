"""The page of ten texts with all that is said of each: made by the shipped model, held current by a test."""

from __future__ import annotations

import datetime

from tousu.classifier import Classifier
from tousu.files.added_columns import DECISIONS, LEVEL_NAMES, ONLINE
from tousu.signals import load_authorities, load_signals
from tousu.taxonomy import load_taxonomy

RECEIVED = datetime.date(2026, 5, 20)
HEAD = """# 十条来文的全部标注

由 `make docs` 用随附的模型生成，不要手改。都是为说明而写的，不是真人的话；登记之日一律当作 2026-05-20。各项的意思见
[signals.md](signals.md)。模型会看错，这里照实列出。
"""
TEXTS = (
    "5月18日晚上幸福里3号楼的电梯突然从9楼坠到6楼，我七十岁的母亲被困五十分钟，出来时手腕骨折住院。电梯上贴的检验标志去年就过期了，"
    "物业（幸福里物业服务中心，幸福路12号）只说等配件。要求立即停用检修，并承担医药费6300元。",
    "我们四十多个家长在小状元培训中心（建设路88号三楼）交了学费，昨天门口贴了停业通知，老板电话关机，群里算了一下一共五十多万。"
    "再找不到人我们就去信访局，也联系了记者。要求全额退费。",
    "本人于2026年5月2日购买某品牌蜂蜜三瓶，共计594元，标签未标注产品标准号，不符合GB 7718的规定。依据《中华人民共和国食品安全法》"
    "第一百四十八条，要求退一赔十，并书面告知是否立案，另申请举报奖励。被举报人：好又多超市，人民路5号。",
    "请问楼下想开一家小面馆，要办哪些证，先办哪个？",
    "隔壁工地夜里一点还在打桩，连续半个月了，孩子中考复习都没法睡，上次打12345说处理了，今晚又开工，请管一管。",
    "我2021年3月在长江路16号雅居家具城买的沙发，当年8月就塌了，店里一直说来修没来，当时的发票还在，要求退货退款9200元。",
    "买的老人机用了八天没声音，营业厅说电池不在保修里，机器389元，要求换一台。地址是中山路移动手机城二楼。",
    "在抖音“暖冬服饰旗舰店”买的羽绒服，宣传白鸭绒90%，送检含绒量只有41%，有检测报告，订单号7712900345612，商家只肯退100，要求退一赔三。",
    "我是开奶茶店的，加盟“清茶里”交了八万八，总部承诺的选址和培训一样没有，开业两个月就亏得关门，合同和转账都有，要求退加盟费。",
    "上次反映的停车场多收费已经退给我了，谢谢你们。",
)


def page() -> str:
    """Return the page."""
    classifier = Classifier.load()
    return "\n".join([HEAD, *(_described(classifier, number, text) for number, text in enumerate(TEXTS, 1))])


def _described(classifier: Classifier, number: int, text: str) -> str:
    """Return one text with everything that is said of it."""
    taggings = classifier.tag_many([text])
    tagging, found = taggings[0], classifier.case_evidence(text, received=RECEIVED, taggings=taggings)
    domains, signals = load_taxonomy().names, load_signals()
    kinds = found["probabilities_kind"]
    route = (
        tagging.route
        and f"{load_authorities().names[tagging.route]}（{found['probabilities_route'][tagging.route]:.2f}）"
    )
    lines = {
        "领域": "、".join(f"{domains[code]}" for code in tagging.codes)
        + f"（{tagging.probabilities[tagging.primary]:.2f}，{DECISIONS['zh'][tagging.decision]}）",
        "线上交易": ONLINE["zh"][tagging.online],
        "诉求类型": f"{signals.kind_names[tagging.kind or 'other']}（{kinds[tagging.kind]:.2f}）",
        "转办建议": route or "—",
        "风险提示": "；".join(
            f"{signals.signal_names[code]}（{'、'.join(span['text'] for span in found['signal_evidence'][code])}）"
            for code in tagging.signals
        )
        or "—",
        "涉及金额": "—" if tagging.amount is None else f"{tagging.amount:,} 元",
        "关注程度": LEVEL_NAMES["zh"][tagging.attention]
        + (f"：{'；'.join(found['attention_reasons'])}" if found["attention_reasons"] else ""),
        "受理提示": "；".join(f"{hint['words']}（{hint['article']}）" for hint in found["acceptance"]) or "—",
        "法条与标准": "、".join(span["text"] for span in found["statutes"]) or "—",
        "订单号": "、".join(span["text"] for span in found["order_numbers"]) or "—",
    }
    rows = "\n".join(f"| {name} | {value} |" for name, value in lines.items())
    return f"## {number}\n\n> {text}\n\n| | |\n|---|---|\n{rows}\n"
