"""The columns that tagging adds to a file: their names, values and separators, for whoever writes or reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

Language = Literal["zh", "en"]


# In this order wherever columns are added; the JSON contract's names with a prefix in data files.
ADDED: dict[Language, dict[str, str]] = {
    "en": {
        "primary": "tousu_primary",
        "name": "tousu_name",
        "codes": "tousu_codes",
        "probability": "tousu_probability",
        "decision": "tousu_decision",
        "online": "tousu_online",
        "kind": "tousu_kind",
        "route": "tousu_route",
        "signals": "tousu_signals",
        "amount": "tousu_amount",
        "attention": "tousu_attention",
        "evidence": "tousu_evidence",
        "model": "tousu_model",
        "error": "tousu_error",
    },
    "zh": {
        "primary": "领域代码",
        "name": "领域",
        "codes": "涉及领域",
        "probability": "概率",
        "decision": "处理意见",
        "online": "线上交易",
        "kind": "诉求类型",
        "route": "转办建议",
        "signals": "风险提示",
        "amount": "涉及金额",
        "attention": "关注程度",
        "evidence": "依据词句",
        "model": "模型版本",
        "error": "未标原因",
    },
}


# Added only when asked for, behind the level of attention.
ASKED: dict[Language, dict[str, str]] = {
    "en": {"history": "tousu_history", "acceptance": "tousu_acceptance", "corrected": "tousu_corrected"},
    "zh": {"history": "历史提示", "acceptance": "受理提示", "corrected": "更正领域"},
}
BEFORE_ASKED = "attention"


DECISIONS: dict[Language, dict[str, str]] = {
    "en": {"auto": "auto", "review": "review"},
    "zh": {"auto": "自动", "review": "需复核"},
}


ONLINE: dict[Language, dict[bool, str]] = {"en": {True: "true", False: "false"}, "zh": {True: "是", False: "否"}}


LEVEL_NAMES: dict[Language, dict[str, str]] = {
    "en": {"normal": "normal", "watch": "watch", "urgent": "urgent"},
    "zh": {"normal": "一般", "watch": "关注", "urgent": "紧急"},
}


CODES_BETWEEN: dict[Language, str] = {"en": ";", "zh": "、"}


DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


NUMBER = re.compile(r"[+-]?[0-9][0-9,]*(\.[0-9]+)?([eE][+-]?[0-9]+)?%?")


def added_columns(language: Language, asked: Collection[str] = ()) -> dict[str, str]:
    """Return the wanted names of the columns that are added, by key, in their order; ``asked``: keys of ``ASKED``."""
    names = dict[str, str]()
    for key, name in ADDED[language].items():
        names[key] = name
        if key == BEFORE_ASKED:
            names |= {more: shown for more, shown in ASKED[language].items() if more in asked}
    return names


def added_names(
    taken: Iterable[str], language: Language, asked: Collection[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Return the added columns' names by key, and a note for each that had to give way to a column there."""
    used = set(taken)
    names, notes = {}, []
    for key, wanted in added_columns(language, asked).items():
        name = free_name(wanted, used)
        if name != wanted:
            notes.append(f"已有名为 {wanted} 的列，未改动它；新增的列改名为 {name}")
        names[key] = name
        used.add(name)
    return names, notes


def free_name(wanted: str, used: Iterable[str]) -> str:
    """Return ``wanted``, or with the lowest number from 2 on behind it that makes it new."""
    taken = set(used)
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name


def neutralise(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe before what begins like one.

    Plain numbers, such as ``-12.5``, stay as they are.
    """
    if cell.startswith(DANGEROUS) and not NUMBER.fullmatch(cell):
        return "'" + cell
    return cell
