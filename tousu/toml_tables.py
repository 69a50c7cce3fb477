"""Tables that people edit, in TOML: read, checked, and when wrong told by line and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from tousu.errors import TousuError
from tousu.messages import toml_reason, value_reason

REASONS = {
    "missing": "缺少这个键",
    "extra_forbidden": "不认识这个键",
    "string_pattern_mismatch": "代码只能用小写字母、数字和下划线，以字母开头",
    "too_short": "至少要有一项",
    "tuple_type": "应为数组",
    "dict_type": "应为一张表",
    "model_type": "应为一张表",
}


class Entry(BaseModel):
    """A table of a file: no key too many, nothing changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


Table = TypeVar("Table", bound=Entry)
Loc = tuple[int | str, ...]


def read_source(file: Path, title: str, error: type[TousuError]) -> str:
    """Return a table file's text.

    Raises:
        TousuError: It cannot be read; of the class ``error``.
    """
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        raise error(f"{title}读不出：{file}", expected="UTF-8 的 TOML 文件", fix="检查路径与编码") from reason


def parse_table(
    source: str,
    file: Path,
    table: type[Table],
    title: str,
    error: type[TousuError],
    reasons: Mapping[str, str] = REASONS,
) -> Table:
    """Return a table file's content, checked.

    Args:
        source: The file's text.
        file: Where it was read, for messages.
        table: What the content must be.
        title: What the file is called in messages.
        error: Of which class an error is.
        reasons: Words by kind of error, see ``messages.value_reason``.

    Raises:
        TousuError: It breaks a rule; the message names line, key and what to do.
    """
    try:
        content = tomllib.loads(source)
    except tomllib.TOMLDecodeError as reason:
        raise error(f"{title} {file} 不是合法的 TOML：{toml_reason(reason)}", fix="改正该行的写法") from reason
    try:
        return table.model_validate(content)
    except ValidationError as reason:
        first = reason.errors()[0]
        place = place_of(source, first["loc"])
        raise error(
            f"{title} {file} {place}：{value_reason(first, reasons)}", fix="按文件开头的说明改正该键"
        ) from reason


def place_of(source: str, loc: Loc) -> str:
    """Return "第 n 行 key" for the place an error names."""
    if not loc:  # what is wrong lies between several keys
        return "整个文件"
    lines = source.splitlines()
    at, end = 0, len(lines)
    if len(loc) > 1 and isinstance(loc[1], int):
        headers = [n for n, line in enumerate(lines) if re.match(rf"\s*\[\[{loc[0]}\]\]", line)]
        at = headers[loc[1]] if loc[1] < len(headers) else 0
        after = [n for n, line in enumerate(lines) if n > at and line.lstrip().startswith("[[")]
        end = after[0] if after else end
    key = next((part for part in loc[2 if len(loc) > 1 else 0 :] if isinstance(part, str)), str(loc[0]))
    found = [n for n in range(at, end) if re.match(rf"\s*{re.escape(key)}\s*=", lines[n])]
    return f"第 {(found[0] if found else at) + 1} 行 {'.'.join(str(part) for part in loc)}"
