"""Which cases are difficult, which left somebody dissatisfied, and why."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

import polars as pl

from tousu.taxonomy import load_taxonomy

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator, Mapping

    from tousu.classifier import Classifier

URGENT = "紧急"
LONG_OPEN = 60  # days: the mediation of a complaint may last so long (order 121)
BLOCK = 8192  # texts read at a time
BACK = re.compile(r"退回|重办|重新办理|二次|再次|复核|复查|督办|催办")
UNHAPPY = re.compile(
    r"(?:非常|很|较|比较)?不(?:太)?满意|不满|不认可|不接受|不认同|未解决|没有?解决|较?差评?|差|否|[12]\s*(?:分|星|颗星)?"
)
UNHAPPY_PART = re.compile(r"不(?:太)?满意|不满|不认可|不接受|不认同|差评")
TEXT = re.compile(
    r"对[^。；;]{0,14}(?:处理|答复|回复|办理|调解|结果|工单|回访)[^。；;]{0,8}(?:不满|不认可|不服|不接受|不认同)|"
    r"(?:市场?监管?|工商|监管所|市监局?|部门|街道|12345|热线|12315)[^。；;]{0,14}(?:不作为|推诿|敷衍|踢皮球|没人管|包庇)|"
    r"(?:不满意|不认可)[^。；;]{0,8}(?:处理|答复|回复|办理|调解)(?:结果|意见)?"
)


def difficult_reasons(
    here: pl.DataFrame, known: pl.DataFrame, again: set[int], judged_on: datetime.date, classifier: Classifier
) -> dict[int, list[str]]:
    """Return why cases are difficult, by row.

    Args:
        here: The month's cases.
        known: Every case known by then, open ones of earlier months among them.
        again: Rows of matters that came back after they had been closed.
        judged_on: The day on which it is judged.
        classifier: What tells which domains a text speaks of.
    """
    reasons: dict[int, list[str]] = defaultdict(list)
    texts = here.filter(pl.col("text").is_not_null()).select("row", "text", "tousu_attention", "open")
    for (row, _, level, is_open), (words, several) in zip(
        texts.iter_rows(), _read(texts["text"].to_list(), classifier), strict=True
    ):
        if level == "urgent" or (level == "watch" and is_open):
            label = URGENT if level == "urgent" else "关注，尚未办结"
            reasons[row].append(f"{label}：{words}" if words else label)
        if several:
            reasons[row].append("一件事涉及市场监管和别的部门")
    long_open = known.filter(pl.col("open") & ((pl.lit(judged_on) - pl.col("day")).dt.total_days() > LONG_OPEN))
    for row, day in long_open.select("row", "day").iter_rows():
        reasons[row].append(f"{(judged_on - day).days} 天未办结")
    for row, state in here.filter(pl.col("state").is_not_null()).select("row", "state").iter_rows():
        found = BACK.search(state)
        if found:
            reasons[row].append(f"办理状态：{state}")
    for row in again & set(here["row"].to_list()):
        reasons[row].append("同一件事办结后又来")
    return dict(reasons)


def by_weight(reasons: Mapping[int, list[str]]) -> list[int]:
    """Return the rows of difficult cases, the urgent first, then those with the most reasons."""
    return sorted(reasons, key=lambda row: (not reasons[row][0].startswith(URGENT), -len(reasons[row]), row))


def dissatisfied_reason(satisfaction: str | None, state: str | None, text: str | None) -> str | None:
    """Return why somebody is dissatisfied with how a case was handled, in Chinese; None where nothing says so.

    Args:
        satisfaction: What the ledger's column of satisfaction or of the call back says.
        state: What its column of states says.
        text: The case's text.
    """
    said = (satisfaction or "").strip()
    if said and (UNHAPPY.fullmatch(said) or UNHAPPY_PART.search(said)):
        return f"满意度或回访：{said if len(said) <= 20 else said[:19] + '…'}"
    if state and UNHAPPY_PART.search(state):
        return f"办理状态：{state}"
    found = TEXT.search(text or "")
    return "内容中对处理不满" if found else None


def _read(texts: list[str], classifier: Classifier) -> Iterator[tuple[str, bool]]:
    """Yield why each text is to be looked at, and whether it speaks of a domain of the remit and of one outside it."""
    fallback = load_taxonomy().fallback
    for start in range(0, len(texts), BLOCK):
        tags = classifier.tag_many(texts[start : start + BLOCK])
        for tag, reasons in zip(tags, tags.attention_reasons(), strict=True):
            yield "、".join(reasons), fallback in tag.codes and len(tag.codes) > 1
