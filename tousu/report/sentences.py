"""What a report says in sentences: the points a reader should leave with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LEADING = 3
TOLD = 3


def percent(part: float, whole: float, places: int = 1) -> str:
    """Return a share with ``places`` decimals, a dash where there is nothing to share."""
    return f"{100 * part / whole:.{places}f}%" if whole else "—"


def signed(number: int) -> str:
    """Return a difference with its sign."""
    return f"+{number:,}" if number > 0 else f"−{-number:,}" if number < 0 else "0"


def money(amount: float) -> str:
    """Return a sum in yuan, its cents only where it has some."""
    return f"{amount:,.2f}".removesuffix(".00")


def highlights(report: Mapping[str, Any]) -> list[str]:
    """Return the report's main points, each a Chinese sentence."""
    seen = report["overview"]
    if not seen["tagged"]:
        return ["所选时段内没有已标注的投诉。"]
    points = [_total(report), _leading(report)]
    compare = report["changes"]
    if compare and compare["has_before"]:
        points.append(_growth(compare))
    points.append(
        f"线上交易 {seen['online']:,} 件，占 {percent(seen['online'], seen['tagged'])}；"
        f"需人工复核 {seen['review']:,} 件，占 {percent(seen['review'], seen['tagged'])}，其余可自动分派。"
    )
    if report["cases"]:
        points += _delicate(report["cases"])
    repeated = report["repeats"]
    if repeated and repeated["compared"]:
        point = (
            f"内容近似的重复来件 {repeated['repeated']:,} 件，"
            f"占可比对来件的 {percent(repeated['repeated'], repeated['compared'])}"
        )
        largest = repeated["lines"][:1]
        points.append(point + (f"；最大的一组 {largest[0]['count']:,} 件。" if largest else "。"))
    if report["respondents"] and report["respondents"]["lines"]:
        first = report["respondents"]["lines"][0]
        points.append(f"被投诉最多的是“{first['respondent']}”，{first['count']:,} 件（去重后 {first['once']:,} 件）。")
    return points


def _delicate(cases: Mapping[str, Any]) -> list[str]:
    """Say what is to be looked at first, what is to be handed over, and what professional claims make of the count."""
    delicate, claims, told = cases["delicate"], cases["claimants"], cases["told"]
    points = []
    if delicate["urgent"] or delicate["watch"]:
        still = "尚未办结的" if delicate["knows_open"] else ""
        points.append(f"{still}紧急 {delicate['urgent']:,} 件、关注 {delicate['watch']:,} 件，宜先看。")
    if cases["routes"]:
        count = sum(row["count"] for row in cases["routes"])
        told_to = "、".join(f"{row['name']}（{row['count']:,} 件）" for row in cases["routes"][:TOLD])
        points.append(f"可能不属本单位的 {count:,} 件，最多的可转{told_to}。")
    if claims["count"]:
        points.append(
            f"有职业索赔参考因素的 {claims['count']:,} 件，占 {percent(claims['count'], told)}；"
            f"不计这些为 {claims['without']:,} 件。是否为生活消费由人判断。"
        )
    return points


def _total(report: Mapping[str, Any]) -> str:
    """Say how many there were."""
    seen, compare, chosen = report["overview"], report["changes"], report["period"]
    where = chosen.label if chosen else "全部文件"
    text = f"{where}：共 {seen['rows']:,} 件"
    if seen["remit"] is not None:
        text += f"，属市场监管职责的 {seen['remit']:,} 件（{percent(seen['remit'], seen['tagged'])}）"
    if chosen and compare:
        for key, words in (("before", "环比"), ("year", "同比")):
            earlier = compare["totals"][key]
            if compare[f"has_{key}"]:
                change = compare["totals"]["now"] - earlier
                text += f"；{words}{'增加' if change >= 0 else '减少'} {abs(change):,} 件（{percent(abs(change), earlier)}）"
    return text + "。"


def _leading(report: Mapping[str, Any]) -> str:
    """Say which domains lead."""
    rows, tagged = report["domains"], report["overview"]["tagged"]
    inside = [row for row in rows if row["primary"] != report["fallback"]][:LEADING]
    if not inside:
        return "没有属市场监管职责的来件。"
    told = "、".join(f"{row['name']}（{row['count']:,} 件）" for row in inside)
    where = "职责内最多的是" if report["fallback"] else "最多的是"
    return f"{where}{told}，合占全部的 {percent(sum(row['count'] for row in inside), tagged)}。"


def _growth(compare: Mapping[str, Any]) -> str:
    """Say what grew beyond chance, or that nothing did."""
    grown = [line for line in compare["lines"] if line["verdict"] == "up" and line["now"] > line["before"]][:TOLD]
    copied = [line["name"] for line in compare["lines"] if line["verdict"] == "copies"][:TOLD]
    text = f"与上期（{compare['before'].label}）相比，"
    if grown:
        told = "、".join(f"{line['name']}（{line['before']:,} → {line['now']:,} 件）" for line in grown)
        text += f"增长超出偶然波动的是{told}"
    else:
        text += "没有哪个领域的增长超出偶然波动的范围"
    return text + (f"；{'、'.join(copied)}的增加主要来自重复来件。" if copied else "。")
