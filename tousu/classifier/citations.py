"""Statutes and standards a text cites, and order numbers it gives, by pattern, as spans of the raw text."""

from __future__ import annotations

import re

_GAP = r"\s{0,3}"  # several of them side by side without a bound take cubic time
_NUMBER = r"[0-9０-９一二三四五六七八九十百千零〇]+"
_ARTICLES = (
    rf"(?:之?{_GAP}第{_GAP}{_NUMBER}{_GAP}[条條](?:之{_NUMBER})?(?:{_GAP}第{_GAP}{_NUMBER}{_GAP}[款项項])*"
    rf"(?:[、和及与]{_GAP}第?{_GAP}{_NUMBER}{_GAP}[条條])*)"
)
_KINDS = "法|条例|條例|办法|辦法|规定|規定|规则|規則|解释|解釋|细则|細則|决定|通则|通則|标准|標準|准则|通知"
_KNOWN = (
    "食品安全法|消费者权益保护法|消費者權益保護法|消法|广告法|廣告法|产品质量法|價格法|价格法|电子商务法|電子商務法|反不正当竞争法|"
    "商标法|计量法|药品管理法|民法典|合同法|特种设备安全法|行政处罚法|行政复议法|行政诉讼法|食安法"
)
STATUTES = re.compile(
    rf"《[^《》\n]{{2,40}}(?:{_KINDS})[^《》\n]{{0,16}}》{_GAP}{_ARTICLES}?"
    rf"|(?:{_KNOWN})(?:（[^（）\n]{{1,12}}）)?(?:{_GAP}{_ARTICLES})?"
    rf"|(?<![A-Za-z0-9])(?:GB|ＧＢ|gb){_GAP}(?:/{_GAP}[TZ]{_GAP})?[0-9０-９]{{4,6}}(?:\.[0-9]+)?(?:{_GAP}[-—–]{_GAP}(?:19|20)[0-9]{{2}})?"
    rf"|第{_GAP}{_NUMBER}{_GAP}[条條](?![裤褲裙鱼魚路线線毛狗腿船消评評视視烟煙围圍被街信裝装])(?:第{_GAP}{_NUMBER}{_GAP}[款项項])*"
)
ORDER_NUMBERS = re.compile(
    rf"(?:订单|訂單|工单|工單|运单|運單|快递单|快遞單|投诉单|流水|单|單){_GAP}(?:编|編)?{_GAP}(?:号|號)(?:码|碼)?{_GAP}(?:是|为|為)?{_GAP}[:：]?{_GAP}"
    r"([A-Za-z0-9０-９][A-Za-z0-9０-９*_-]{5,39})"
)


def statutes_of(text: str) -> list[tuple[int, int]]:
    """Return where ``text`` cites a statute, an article or a standard: begin and end, in its order."""
    return [found.span() for found in STATUTES.finditer(text)]


def order_numbers_of(text: str) -> list[tuple[int, int]]:
    """Return where ``text`` gives an order's or ticket's number: begin and end of the number, in its order."""
    return [found.span(1) for found in ORDER_NUMBERS.finditer(text)]
