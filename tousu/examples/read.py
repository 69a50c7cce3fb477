"""Worked examples in files: one Markdown file each, its head in TOML between ``+++``; read and checked."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tousu.case_codes import AUTHORITIES, SIGNALS
from tousu.errors import ExampleError
from tousu.resources import data_root, own_folder
from tousu.taxonomy import Basis, Code, Words, load_taxonomy
from tousu.toml_tables import Entry, parse_table, read_source

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable
    from pathlib import Path

    from tousu.taxonomy import Law

TITLE = "典型案例"
OWN = "examples"  # the directory of a station's own, beside its other tables
FILES = "*.md"
FENCE = "+++"
# The parts every example has, in this order.
SECTIONS = ("情形", "步骤", "证据", "答复要点", "不归我们")
NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,59}")
POINT = re.compile(r"\s*(?:[-*]|\d{1,2}[.、])\s*(.+)")
MOST_POINTS = 99  # of a part: their numbers have two digits


class Head(Entry):
    """What stands in an example's head."""

    title: Words
    domains: tuple[Code, ...] = Field(min_length=1)
    kind: Literal["complaint", "report", "both", "consult", "other"]
    online: bool = False
    signals: tuple[Code, ...] = ()
    authorities: tuple[Code, ...] = ()
    department: Words
    basis: tuple[Basis, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class WorkedExample:
    """A worked example.

    Attributes:
        id: Its name, that of its file.
        head: Title, domains (the primary first), kind, signals, departments, legal basis of every version.
        situation: What is complained of, as one might write it.
        steps: How it is handled, in order.
        evidence: What to gather.
        answers: What to answer.
        not_ours: What belongs to others.
        source: The file's whole text.
    """

    id: str
    head: Head
    situation: str
    steps: tuple[str, ...]
    evidence: tuple[str, ...]
    answers: tuple[str, ...]
    not_ours: tuple[str, ...]
    source: str

    def basis_on(self, day: datetime.date) -> list[tuple[Law, str]]:
        """Return the laws that hold on a day, with the articles this rests on."""
        return load_taxonomy().laws_of(self.head.basis, day)


def default_folder() -> Path:
    """Return the directory of the shipped examples."""
    return data_root() / "data" / "examples"


@functools.cache
def load_examples(folder: Path | None = None) -> tuple[WorkedExample, ...]:
    """Read and check the examples of a directory, by name; the same directory is read once.

    Args:
        folder: The directory; by default the shipped ones and the station's own of ``TOUSU_TABLES_DIR``, where one of the
            station's takes the place of the shipped one of its name.

    Raises:
        ExampleError: There is none, or one breaks a rule; the message names file, line and what to do.
    """
    if folder is None:
        held = {one.id: one for some in (load_examples(default_folder()), own_examples()) for one in some}
        return tuple(held[name] for name in sorted(held))
    files = sorted(folder.glob(FILES))
    if not files:
        raise ExampleError(f"{folder} 里没有典型案例", expected="每个案例一个 .md 文件", fix="检查目录")
    return tuple(parse_example(file.stem, read_source(file, TITLE, ExampleError), file) for file in files)


def own_examples() -> tuple[WorkedExample, ...]:
    """Return the station's own examples, those of ``TOUSU_TABLES_DIR``; none where it has written none.

    Raises:
        SettingsError: There is no such directory of own tables.
        ExampleError: One breaks a rule; the message names file, line and what to do.
    """
    folder = own_folder(OWN)
    return () if folder is None or not any(folder.glob(FILES)) else load_examples(folder)


def parse_example(name: str, source: str, file: Path, *, known: bool = True) -> WorkedExample:
    """Return the example that a file's text tells.

    Args:
        name: Its id.
        source: The text.
        file: Where it was read, for messages.
        known: Whether codes and laws that are in no table are refused.

    Raises:
        ExampleError: It breaks a rule; the message names file and line.
    """
    if not NAME.fullmatch(name):
        raise ExampleError(f"{TITLE} {file}：文件名 {name} 不合规定", expected="小写字母、数字和 -", fix="改文件名")
    lines = source.splitlines()
    ends = [number for number, line in enumerate(lines) if line.strip() == FENCE]
    if len(ends) < 2 or ends[0] != 0:
        raise ExampleError(
            f"{TITLE} {file} 第 1 行：没有用 {FENCE} 围起来的开头",
            expected=f"第一行 {FENCE}，然后 TOML，再一行 {FENCE}",
        )
    # An empty line in the fence's place, so that lines keep their numbers.
    head = parse_table("\n" + "\n".join(lines[1 : ends[1]]), file, Head, TITLE, ExampleError)
    if known:
        _check_codes(file, lines, head)
    parts = _sections(file, lines, ends[1] + 1)
    listed = {title: _points(file, lines, *parts[title]) for title in SECTIONS[1:]}
    begin, end = parts[SECTIONS[0]]
    situation = " ".join(line.strip() for line in lines[begin:end] if line.strip())
    if not situation:
        raise ExampleError(f"{TITLE} {file} 第 {begin} 行：情形 没有写", fix="补上这一节")
    return WorkedExample(
        name, head, situation, listed["步骤"], listed["证据"], listed["答复要点"], listed["不归我们"], source
    )


def _check_codes(file: Path, lines: list[str], head: Head) -> None:
    """Refuse domains, laws, signals and authorities that there are not.

    Raises:
        ExampleError: One is not there; the message names the line.
    """
    taxonomy = load_taxonomy()
    checks: tuple[tuple[str, Iterable[str], Iterable[str]], ...] = (
        ("领域", head.domains, taxonomy.codes),
        ("法规", (basis.law for basis in head.basis), taxonomy.laws_by_id),
        ("风险提示", head.signals, SIGNALS),
        ("部门", head.authorities, AUTHORITIES),
    )
    for what, used, known in checks:
        for code in used:
            if code not in known:
                at = next((n for n, line in enumerate(lines, 1) if f'"{code}"' in line), 1)
                raise ExampleError(
                    f"{TITLE} {file} 第 {at} 行：没有{what} {code}",
                    fix=f"改成已有的{what}代码，或先在 data/ 的表里添上",
                )


def _sections(file: Path, lines: list[str], begin: int) -> dict[str, tuple[int, int]]:
    """Return where each part's lines begin and end.

    Raises:
        ExampleError: The parts are not those of ``SECTIONS`` in their order.
    """
    heads = [(n, line[3:].strip()) for n, line in enumerate(lines) if n >= begin and line.startswith("## ")]
    for number, title in enumerate(SECTIONS):
        if number >= len(heads) or heads[number][1] != title:
            at = heads[number][0] + 1 if number < len(heads) else len(lines)
            raise ExampleError(
                f"{TITLE} {file} 第 {at} 行：这里应是 “## {title}”",
                expected=f"依次五节：{'、'.join(SECTIONS)}",
                fix="补上或改名",
            )
    if len(heads) > len(SECTIONS):
        at, title = heads[len(SECTIONS)]
        raise ExampleError(
            f"{TITLE} {file} 第 {at + 1} 行：多出一节 {title}", expected=f"依次五节：{'、'.join(SECTIONS)}"
        )
    ends = [at for at, _ in heads[1:]] + [len(lines)]
    return {title: (at + 1, end) for (at, title), end in zip(heads, ends, strict=True)}


def _points(file: Path, lines: list[str], begin: int, end: int) -> tuple[str, ...]:
    """Return the points of a part.

    Raises:
        ExampleError: A line is none, or there is none.
    """
    points = []
    for number in range(begin, end):
        if lines[number].strip():
            found = POINT.fullmatch(lines[number])
            if found is None:
                raise ExampleError(
                    f"{TITLE} {file} 第 {number + 1} 行：不是一条", expected="每行一条，以 - 或 1. 开头", fix="改写该行"
                )
            points.append(found[1].strip())
    if not points:
        raise ExampleError(f"{TITLE} {file} 第 {begin} 行：这一节没有内容", fix="至少写一条")
    return tuple(points)
