"""What is wrong with a request, in Chinese: the patterns its values fit, and sentences that name its fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tousu.errors import SettingsError
from tousu.messages import value_reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The patterns of fields stand here, so that each has its words. Those of one line keep a terminal or log unharmed.
LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
NO_NUL = r"^[^\x00]*$"
NOT_BLANK = r"[^\s\x00]"
IDEMPOTENCY_KEY = r"^[\x21-\x7e]{1,200}$"
SUB_PATH = r"^(/[A-Za-z0-9._~-]+)*$"
NO_CONTROLS = "不能含换行、制表符、转义符等控制字符"
PATTERNS = {
    LINE: NO_CONTROLS,
    NO_NUL: "不能含空字符（NUL）",
    NOT_BLANK: "不能全是空白",
    IDEMPOTENCY_KEY: "应为 1 到 200 个英文字母、数字或标点，不含空格与汉字",
    SUB_PATH: "应以 / 开头、不以 / 结尾，如 /tousu；只用字母、数字和 . _ ~ -",
}
OUTSIDE = frozenset({"body", "query", "header", "path", "cookie"})
MOST_NAMED = 3


def reason(error: Mapping[str, Any]) -> str:
    """Return why pydantic refused a value, in Chinese, never repeating the value."""
    return PATTERNS.get(str(error.get("ctx", {}).get("pattern", ""))) or value_reason(error)


def field_of(error: Mapping[str, Any]) -> str:
    """Return the dotted name of the field an error is about, empty for the body as a whole."""
    place = [str(part) for part in error["loc"]]
    return ".".join(place[1:] if place and place[0] in OUTSIDE else place)


def sentence(errors: Sequence[Mapping[str, Any]]) -> str:
    """Return what is wrong with a request, naming the fields; the first few errors are enough to go on."""
    named = []
    for error in errors[:MOST_NAMED]:
        name = field_of(error)
        told = reason(error)
        named.append(f"{name}：{told}" if name else f"请求体{told}")
    more = f"；另有 {len(errors) - MOST_NAMED} 处" if len(errors) > MOST_NAMED else ""
    return "；".join(named) + more


def one_line(what: str, given: str, *, most: int, least: int = 0) -> str:
    """Return what an operator gave, without the blanks around it.

    Args:
        what: What it is, for the message.
        given: What was given.
        most: Most characters.
        least: Fewest characters.

    Raises:
        SettingsError: It is empty or too long, or holds control characters.
    """
    found = given.strip()
    if not least <= len(found) <= most:
        told = "为空" if not found else f"过长（{len(found)} 个字符）"
        raise SettingsError(f"{what}{told}", expected=f"{least} 到 {most} 个字符", fix="改正后重试")
    if not re.fullmatch(LINE, found):
        raise SettingsError(f"{what}里有控制字符", expected=f"一行文字，{NO_CONTROLS}", fix="去掉后重试")
    return found
