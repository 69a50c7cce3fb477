"""What is wrong with a value, in Chinese: pydantic's kinds of errors, the patterns values fit, our words for both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from classifier.errors import SettingsError

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
SURROGATE = "含有不成对的代理字符（半个字，如单独的 \\ud800），不是合法的 Unicode 文字"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
OUTSIDE = frozenset({"body", "query", "header", "path", "cookie"})
MOST_NAMED = 3

REASONS = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这一项，请检查拼写",
    "string_type": "应为字符串",
    "string_unicode": SURROGATE,
    "string_too_short": "不能为空",
    "string_too_long": "最长 {max_length} 字",
    "string_pattern_mismatch": "写法不对",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_parsing_size": "数字过大",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "finite_number": "应为有限的数字",
    "list_type": "应为数组",
    "dict_type": "应为 JSON 对象",
    "model_type": "应为 JSON 对象",
    "model_attributes_type": "应为 JSON 对象",
    "too_short": "至少要有 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "literal_error": "应为 {expected} 之一",
    "enum": "应为 {expected} 之一",
    "path_type": "应为路径",
    "date_type": "应为日期，如 2026-04-15",
    "date_parsing": "应为日期，如 2026-04-15",
    "date_from_datetime_parsing": "应为日期，如 2026-04-15",
    "date_from_datetime_inexact": "应为日期，如 2026-04-15，不带时刻",
    "datetime_type": "应为时刻，如 2026-04-15T09:30:00+08:00",
    "datetime_parsing": "应为时刻，如 2026-04-15T09:30:00+08:00",
    "datetime_from_date_parsing": "应为时刻，如 2026-04-15T09:30:00+08:00",
}


def reason(error: Mapping[str, Any]) -> str:
    """Return why pydantic refused a value, in Chinese, never repeating the value."""
    message = str(error.get("msg", "")).removeprefix("Value error, ")
    if CHINESE.search(message):
        return message
    if told := PATTERNS.get(str(error.get("ctx", {}).get("pattern", ""))):
        return told
    words = REASONS.get(str(error["type"]), "写法不对")
    context = {key: _listed(value) if key == "expected" else value for key, value in error.get("ctx", {}).items()}
    try:
        return words.format(**context)
    except KeyError:
        return words.split(" {")[0]


def _listed(choices: object) -> str:
    """Return pydantic's English list of choices as a Chinese one."""
    return str(choices).replace("'", "").replace(" or ", "、").replace(", ", "、")


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
