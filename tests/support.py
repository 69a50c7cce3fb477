"""What the tests of the batch room share."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from openpyxl.utils import get_column_letter

from tousu.batch.options import TagOptions, TagSummary
from tousu.batch.tag import tag_file
from tousu.files.added_columns import ADDED

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

COMPLAINTS = (
    "小区电梯困人，物业一直不修，我们天天爬楼",
    "超市买的面包发霉了，要求退款赔偿",
    "健身房办了年卡，老板跑路，联系不上",
    "直播间买的翡翠是假的，要求退一赔三",
    "龘靐𠮷𡃁先生反映饭店没有标价，结账多收了钱",
    "楼下酒吧半夜噪音扰民，报警也没用",
)


def run(classifier: Classifier, source: Path, output: Path, **options: Any) -> TagSummary:
    """Tag a file the way the command does."""
    return tag_file(str(source), str(output), classifier, TagOptions(**options))


def added(before: int, key: str = "error") -> str:
    """Return the letter of an added column behind ``before`` columns; of the last one, which says what was wrong."""
    return get_column_letter(before + 1 + list(ADDED["zh"]).index(key))


def json_lines(path: Path) -> list[Any]:
    """Return the values of a JSONL file."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line.strip()]


def rejects(output: Path) -> list[dict[str, Any]]:
    """Return what the rejects file of an output lists; nothing if there is none."""
    path = output.with_name(f"{output.name}.rejects.jsonl")
    return json_lines(path) if path.exists() else []


def cells(path: Path, encoding: str = "utf-8") -> list[list[str]]:
    """Return the rows of a CSV file."""
    return list(csv.reader(io.StringIO(path.read_bytes().decode(encoding), newline="")))
