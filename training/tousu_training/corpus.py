"""Labelled rows: reading, checking, grouping.

A row is ``{"text": str, "codes": [primary, …], "online": bool?}``; other keys are kept aside. In flat
files the codes stand in one column, separated by ``;``, ``|`` or ``、``.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from tousu.errors import CorpusError, EncodingUnknown
from tousu.files.encoding import detect_encoding
from tousu.messages import system_reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

TEXT_NAMES = ("text", "内容", "投诉内容", "文本")
CODE_NAMES = ("codes", "code", "label", "标签", "领域")
SEPARATORS = re.compile(r"[;|、；]")
COMMA = re.compile(r"[,，]")
TAXONOMY = "领域表"
MOST_NAMED = 20  # codes in a message
ENDINGS = (".jsonl", ".csv", ".tsv")
LONGEST_CELL = 4_000_000  # characters
TRUE, FALSE = ("true", "1", "是", "yes"), ("false", "0", "否", "no")


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A text with its answer.

    Attributes:
        text: The complaint.
        codes: Its domains, the primary first; at least one.
        online: Whether the trade was online; None where nobody said.
        series: Which hand or collection the row comes from; "" where nobody said.
        register: The way of writing; "" where nobody said.
        place: "file:line", for messages.
    """

    text: str
    codes: tuple[str, ...]
    online: bool | None = None
    series: str = ""
    register: str = ""
    place: str = ""

    @property
    def primary(self) -> str:
        """The code the work order is opened under."""
        return self.codes[0]


def read_rows(paths: Iterable[Path], *, codes: Sequence[str] | None = None, of: str = TAXONOMY) -> list[LabelledRow]:
    """Read labelled rows from .jsonl, .csv and .tsv files and directories of them.

    Args:
        paths: Files and directories; a directory gives its labelled files in order of name.
        codes: The codes allowed; None allows any.
        of: Whose codes those are, for messages.

    Raises:
        CorpusError: A file is missing or a row is wrong; the message names file, line and what is wrong.
        EncodingUnknown: A file is neither UTF-8 nor GB18030.
    """
    allowed = None if codes is None else frozenset(codes)
    rows = [_row(raw, place, allowed, of) for file in _files(paths) for raw, place in _raw_rows(file)]
    if not rows:
        raise CorpusError("没有读到任何标注行", expected="至少一行 {text, codes}", fix="检查文件路径与内容")
    return rows


def corpus_hash(rows: Iterable[LabelledRow]) -> str:
    """Return a SHA-256 over the texts and answers of the rows, in order."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps([row.text, row.codes, row.online, row.series], ensure_ascii=False).encode())
    return digest.hexdigest()


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files named, directories opened up."""
    for path in paths:
        if path.is_dir():
            found = sorted(item for item in path.iterdir() if item.suffix.lower() in ENDINGS)
            if not found:
                raise CorpusError(f"目录 {path} 里没有标注文件", expected=".jsonl、.csv 或 .tsv", fix="检查路径")
            yield from found
        elif path.is_file():
            yield path
        else:
            raise CorpusError(f"没有找到标注文件：{path}", fix="检查路径")


def _raw_rows(file: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each row of a file as a mapping, with its place."""
    ending = file.suffix.lower()
    if ending not in ENDINGS:
        raise CorpusError(
            f"读不了 {file}：不是标注文件的格式", expected="UTF-8 或 GB18030 的 .jsonl、.csv 或 .tsv",
            fix="表格请在 Excel 里另存为“CSV UTF-8（逗号分隔）”",
        )  # fmt: skip
    try:
        with file.open("rb") as binary:
            content = io.TextIOWrapper(binary, encoding=detect_encoding(binary, name=str(file)), newline="")
            yield from _json_rows(content, file) if ending == ".jsonl" else _table_rows(content, file, ending)
    except EncodingUnknown as error:
        raise EncodingUnknown(error.found, expected=error.expected, fix="另存为 UTF-8") from error
    except UnicodeDecodeError as error:  # a byte-order mark promised what does not follow
        raise EncodingUnknown(f"{file} 的字节不合 {error.encoding}", fix="另存为 UTF-8") from error
    except OSError as error:
        raise CorpusError(f"读不了 {file}（{system_reason(error)}）", fix="检查路径与权限") from error


def _json_rows(content: TextIO, file: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the rows of a file of JSON lines."""
    for number, line in enumerate(content, 1):
        if line.strip():
            yield _parsed(line, f"{file}:{number}"), f"{file}:{number}"


def _table_rows(content: TextIO, file: Path, ending: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the rows of a table."""
    csv.field_size_limit(LONGEST_CELL)  # the parser's own; others in the process may have set another
    reader = csv.DictReader(content, delimiter="\t" if ending == ".tsv" else ",")
    columns = list(reader.fieldnames or ())
    try:
        for row in reader:
            yield _from_columns(row, columns, file), f"{file}:{reader.line_num}"
    except csv.Error as error:
        raise CorpusError(
            f"{file}:{reader.line_num} 读不成表格", expected="引号成对、每格不超过四百万字", fix="改正该行"
        ) from error


def _parsed(line: str, place: str) -> dict[str, Any]:
    """Return the JSON object of a line."""
    try:
        raw = json.loads(line)
    except ValueError as error:
        raise CorpusError(f"{place} 不是合法的 JSON", expected='{"text": …, "codes": […]}', fix="改正该行") from error
    if not isinstance(raw, dict):
        raise CorpusError(f"{place} 不是一个 JSON 对象", expected='{"text": …, "codes": […]}', fix="改正该行")
    return raw


def _from_columns(row: dict[str, Any], columns: list[str], file: Path) -> dict[str, Any]:
    """Return a row of a flat file with the contract's keys."""
    text = next((name for name in TEXT_NAMES if name in columns), None)
    codes = next((name for name in CODE_NAMES if name in columns), None)
    if text is None or codes is None:
        raise CorpusError(
            f"{file} 的列为 {'、'.join(columns)}",
            expected=f"内容列（{'、'.join(TEXT_NAMES)}）与标签列（{'、'.join(CODE_NAMES)}）",
            fix="改列名",
        )
    answer = str(row.get("online") or "").strip().lower()
    online = True if answer in TRUE else False if answer in FALSE else None
    split = [code.strip() for code in SEPARATORS.split(row[codes] or "") if code.strip()]
    return {"text": row[text], "codes": split, "online": online, "series": row.get("series") or ""}


def _row(raw: dict[str, Any], place: str, allowed: frozenset[str] | None, of: str) -> LabelledRow:
    """Check one raw row."""
    text, codes, online = raw.get("text"), raw.get("codes"), raw.get("online")
    if not isinstance(text, str):
        raise CorpusError(f"{place} 没有文字内容", expected="键 text 是一段文字", fix="补上或删去该行")
    if not isinstance(codes, list) or not codes or not all(isinstance(code, str) and code for code in codes):
        raise CorpusError(f"{place} 的 codes 不对", expected="至少一个代码的列表", fix="补上标签")
    if len(set(codes)) != len(codes):
        raise CorpusError(f"{place} 的 codes 有重复", expected="每个代码一次", fix="删去重复的")
    unknown = [code for code in codes if allowed is not None and code not in allowed]
    if unknown:
        raise _unknown(unknown, place, allowed or frozenset(), of)
    if online is not None and not isinstance(online, bool):
        raise CorpusError(f"{place} 的 online 不是 true 或 false", fix="改正该行")
    series, register = str(raw.get("series") or ""), str(raw.get("register") or "")
    return LabelledRow(text, tuple(codes), online, series, register, place)


def _unknown(codes: Sequence[str], place: str, allowed: frozenset[str], of: str) -> CorpusError:
    """Return the error for codes that are not allowed; it knows what people mistake for a separator."""
    parts = {part.strip() for code in codes for part in COMMA.split(code)}
    if len(parts) > len(codes) and parts <= allowed:
        return CorpusError(
            f"{place} 的代码 {'、'.join(codes)} 用逗号隔开", expected="一格里的几个代码用 ; 隔开",
            fix="把代码之间的逗号改成 ;",
        )  # fmt: skip
    near = difflib.get_close_matches(codes[0], allowed, n=1)
    fix = f"是不是要写 {near[0]}？" if near else "改正代码"
    if of == TAXONOMY:
        fix += "；若用的是自己的标签，请加 --labels-from-data"
    expected = "、".join(sorted(allowed)) if len(allowed) <= MOST_NAMED else f"{of}里的代码"
    return CorpusError(f"{place} 的代码 {'、'.join(codes)} 不在{of}里", expected=expected, fix=fix)


def read_texts(path: Path) -> list[str]:
    """Read the texts of unlabelled rows: a .jsonl, .csv or .tsv file whose rows have a text.

    Raises:
        CorpusError: The file is missing or a row has no text.
    """
    texts = []
    for raw, place in _raw_rows(next(iter(_files([path])))):
        if not isinstance(raw.get("text"), str):
            raise CorpusError(f"{place} 没有文字内容", expected="键 text 是一段文字", fix="补上或删去该行")
        texts.append(raw["text"])
    return texts
