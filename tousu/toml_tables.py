"""Tables that people edit, in TOML: read, checked, and when wrong told by line and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

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
HEAD = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]\]?\s*(?:#.*)?$")  # of a table [x], or of one of several [[x]]


class Place(NamedTuple):
    """A key of a table file; in a message it reads "title file 第 n 行 key", which is looked up only then."""

    title: str
    file: Path
    source: str
    loc: Loc

    def __str__(self) -> str:
        return f"{self.title} {self.file} {place_of(self.source, self.loc)}"


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
        place = Place(title, file, source, first["loc"])
        raise error(f"{place}：{value_reason(first, reasons)}", fix="按文件开头的说明改正该键") from reason


def refuse_unknown(
    codes: Collection[str], known: Collection[str], place: Place, error: type[TousuError], *, expected: str = "",
    missing: str = "没有代码",
) -> None:  # fmt: skip
    """Refuse codes that are not known.

    Args:
        codes: The codes.
        known: Those there are.
        place: Where they stand.
        error: Of which class the error is.
        expected: What is expected where nothing is known.
        missing: What is said before a code that is not known.

    Raises:
        TousuError: One is not known.
    """
    wrong = next((code for code in codes if code not in known), None)
    if wrong is not None:
        raise error(f"{place}：{missing} {wrong}", expected="、".join(known) or expected, fix="改正这个代码")


def refuse_pattern(
    pattern: str, place: Place, error: type[TousuError], *, shown: str = "", movable: bool = False
) -> None:
    """Refuse a broken expression.

    Args:
        pattern: The expression.
        place: Where it stands.
        error: Of which class the error is.
        shown: How people wrote it, where that is not ``pattern``.
        movable: Whether its branches are put in another order, so that it may hold no group and no flag for the whole.

    Raises:
        TousuError: It is broken, or has what its branches cannot be moved with.
    """
    try:
        made = re.compile(pattern)
    except re.error as reason:
        raise error(f"{place}：写法不合正则表达式：{(shown or pattern)[:60]}", fix=f"改正写法（{reason}）") from reason
    if movable and (made.groups or made.flags != re.compile("").flags):
        raise error(
            f"{place}：这里不能用编组 (…) 和 (?i) 之类的全局标记：{(shown or pattern)[:60]}",
            fix="括号写成 (?:…)，标记写成 (?i:…)",
        )


def place_of(source: str, loc: Loc) -> str:
    """Return "第 n 行 key" for the place an error names: a key of the file, of a table ``[x]`` or of one of several ``[[x]]``."""
    if not loc:  # what is wrong lies between several keys
        return "整个文件"
    lines = source.splitlines()
    heads = [(n, head[2], head[1] == "[[") for n, head in enumerate(map(HEAD.match, lines)) if head]
    at, end, name, rest = 0, len(lines), "", loc
    while rest:
        inner = f"{name}.{rest[0]}".lstrip(".")
        inside = [(n, doubled) for n, head, doubled in heads if head == inner and at <= n < end]
        steps = 2 if inside and inside[0][1] else 1
        number = rest[1] if steps == 2 and len(rest) > 1 else 0
        if not isinstance(number, int) or number >= len(inside) or len(rest) < steps:
            break
        at, name, rest = inside[number][0], inner, rest[steps:]
        end = next((n for n, head, _ in heads if at < n < end and not head.startswith(f"{name}.")), end)
    key = next((part for part in rest if isinstance(part, str)), None)
    written = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]") if key else None
    own = next((n for n, *_ in heads if at + bool(name) <= n < end), end)  # up to there its own keys stand
    found = next((n for n in range(at, own) if written and written.match(lines[n])), at)
    return f"第 {found + 1} 行 {'.'.join(str(part) for part in loc)}"
