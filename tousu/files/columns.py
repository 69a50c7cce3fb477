"""Columns: which one holds the texts, and what the added ones are called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tousu.errors import ColumnMissing

if TYPE_CHECKING:
    from collections.abc import Sequence


# What text columns are called in the exports people have, the surest first.
TEXT_NAMES = (
    "投诉内容", "投诉举报内容", "举报内容", "诉求内容", "问题描述", "投诉详情", "诉求描述", "诉求详情",
    "反映内容", "工单内容", "来电内容", "来信内容", "事项内容", "内容描述", "投诉描述", "投诉事由", "投诉问题",
    "反映问题", "留言详情", "留言内容", "详细内容", "问题内容", "主要内容", "事件描述", "诉求", "详情", "描述",
    "内容", "正文", "文本", "text", "content", "complaint", "complaint_text", "description", "narrative",
    "consumer complaint narrative", "message", "body", "detail", "details", "texts",
)  # fmt: skip
CHINESE = re.compile(r"[\u3400-\u9fff]")


def plain_name(name: object) -> str:
    """Return a column's name without case, white space, and what stands in brackets or behind a star."""
    text = without_brackets(str(name if name is not None else ""))
    return re.sub(r"[*＊:：\s]", "", text).casefold()


def without_brackets(text: str) -> str:
    """Return a text without what stands in brackets."""
    return re.sub(r"[（(【\[].*?[）)】\]]", "", text)


def is_text_name(name: object) -> bool:
    """Return whether a column of this name usually holds the texts."""
    return plain_name(name) in _PLAIN_NAMES


_PLAIN_NAMES = {re.sub(r"\s", "", name): rank for rank, name in enumerate(TEXT_NAMES)}


def choose_text_columns(
    names: Sequence[str], sample: Sequence[Sequence[object]], wanted: Sequence[str], *, file: str
) -> tuple[list[int], str]:
    """Return the places of the columns that hold the texts, and how they were chosen, in Chinese.

    Args:
        names: Names of the columns.
        sample: Some rows below them.
        wanted: Names the user gave; when empty, the column is guessed from name and content.
        file: What to call the file in an error.

    Raises:
        ColumnMissing: A wanted column is not there, or none looks like text.
    """
    if wanted:
        missing = [name for name in wanted if name not in names]
        if missing:
            raise ColumnMissing(
                f"{file} 中没有名为 {'、'.join(missing)} 的列",
                expected="、".join(str(name) for name in names if name != ""),
                fix="改正 --text-column，或不写由程序判断",
            )
        return [names.index(name) for name in wanted], f"内容列：{' + '.join(wanted)}（按指定）"
    filled = _filled_columns(len(names), sample)
    named = named_text_columns(names, sample)
    if named:
        best = min(named, key=lambda index: (_PLAIN_NAMES[plain_name(names[index])], index))
        return [best], f"内容列：{names[best]}（按列名判断，可用 --text-column 指定）"
    lengths = {index: _weight_of([cell_text(row, index) for row in sample]) for index in filled}
    likely = [index for index in filled if lengths[index] >= 8]
    if likely:
        best = max(likely, key=lambda index: (lengths[index], -index))
        return [best], f"内容列：{names[best]}（按内容判断，可用 --text-column 指定）"
    if not filled and any(map(is_text_name, names)):
        best = min(
            (index for index in range(len(names)) if is_text_name(names[index])),
            key=lambda index: _PLAIN_NAMES[plain_name(names[index])],
        )
        return [best], f"内容列：{names[best]}（按列名判断，可用 --text-column 指定）"
    raise ColumnMissing(
        f"{file} 中看不出哪一列是投诉内容",
        expected=f"列名如 投诉内容、问题描述、text；现有：{'、'.join(str(name) for name in names if name != '')}",
        fix="用 --text-column 列名 指定",
    )


def named_text_columns(names: Sequence[str], sample: Sequence[Sequence[object]]) -> list[int]:
    """Return the places of the columns that have a text's usual name and some text in the sample."""
    return [index for index in _filled_columns(len(names), sample) if is_text_name(names[index])]


def _filled_columns(count: int, sample: Sequence[Sequence[object]]) -> list[int]:
    return [index for index in range(count) if any(cell_text(row, index).strip() for row in sample)]


def cell_text(row: Sequence[object], index: int) -> str:
    """Return the text in column ``index`` of a row, nothing if there is none."""
    value = row[index] if index < len(row) else None
    return value if isinstance(value, str) else ""


def _weight_of(texts: Sequence[str]) -> float:
    """Return how much a column looks like complaints: Chinese characters per filled cell, less if repeated."""
    filled = [text for text in texts if text.strip()]
    chinese = sum(len(CHINESE.findall(text)) for text in filled)
    return chinese / len(filled) * len(set(filled)) / len(filled) if filled else 0.0
