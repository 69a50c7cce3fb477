"""Rows that cannot be tagged: why, and the file that lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_TEXT = 1_000_000  # characters


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row got no tag.

    Attributes:
        code: Stable English name.
        reason: The same in Chinese, for people; never holds the row's text.
    """

    code: str
    reason: str


NO_TEXT = Fault("no_text", "没有投诉内容")
NOT_TEXT = Fault("not_text", "投诉内容不是文字")
NO_COLUMN = Fault("no_column", "这一行没有内容列")
TOO_LONG = Fault("too_long", "投诉内容超过 1000000 个字符")
BROKEN_ENCODING = Fault("broken_encoding", "这一行的编码已损坏")
BROKEN_JSON = Fault("broken_json", "这一行不是合法的 JSON")
NOT_OBJECT = Fault("not_object", "这一行不是 JSON 对象")
OPEN_QUOTE = Fault("open_quote", "这一行的引号没有闭合")
TOO_MANY_CELLS = Fault("too_many_cells", "这一行的列数多于表头")
NO_RESULT = Fault("no_result", "公式没有计算结果：用 Excel 打开后保存一次，再标")
BROKEN_ROW = Fault("broken_row", "这一行的分隔结构读不出")


def reject_line(row: int, fault: Fault, **place: int | str) -> bytes:
    """Return one line of a rejects file: the data row's number from 1 on, where it stands, why."""
    return orjson.dumps({"row": row, **place, "code": fault.code, "reason": fault.reason}) + b"\n"


def text_of(cells: Sequence[object]) -> tuple[str, Fault | None]:
    """Return the text to tag that some cells of a row make, or why they make none.

    Args:
        cells: The cells of the row's text columns. One is taken as it is; of several, those with
            something in them, a line each.
    """
    text = cells[0] if len(cells) == 1 else "\n".join(cell for cell in cells if isinstance(cell, str) and cell.strip())
    if text is None:
        return "", NO_TEXT
    if not isinstance(text, str):
        return "", NOT_TEXT
    if not text or text.isspace():
        return "", NO_TEXT
    return ("", TOO_LONG) if len(text) > LONGEST_TEXT else (text, None)
