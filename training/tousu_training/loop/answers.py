"""Answers as labelled rows: each text once, the last answer counting, conflicts between people listed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tousu.errors import CorpusError
from tousu.files.tables import Unreadable, read_file
from tousu.near_duplicates import group_similar
from tousu_training.corpus import LabelledRow, labelled_files, read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BLIND = "sample"  # the source of answers given without having seen the model's
HOLD_OUT = 0.3
MOST = 1 << 256


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to a text.

    Attributes:
        row: The text with its codes; its place names the case, or file and line.
        by: Who answered; "" where nobody said.
        blind: Whether it was given without having seen the model's answer: it measures, and never trains.
    """

    row: LabelledRow
    by: str = ""
    blind: bool = False


@dataclass(slots=True)
class Conflict:
    """A text to which people gave different primaries, by person; the last one counts."""

    place: str
    said: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Answers:
    """Answers, each text once.

    Attributes:
        found: The answers that count.
        read: How many there were.
        conflicts: Texts about which people disagree.
    """

    found: list[Answered]
    read: int
    conflicts: list[Conflict]


@dataclass(slots=True)
class Parts:
    """Answers to learn from and answers to judge by; near-duplicates of one text are never in both.

    Attributes:
        train: Rows to learn from.
        held_out: Rows to judge by.
        left_out: How many answers are in neither: near-duplicates of the other texts one judges by.
        blind: How many of ``held_out`` were given without having seen the model's answer.
    """

    train: list[LabelledRow]
    held_out: list[LabelledRow]
    left_out: int
    blind: int


def read_answers(paths: Sequence[Path], *, codes: Sequence[str] | None) -> Answers:
    """Read answers from files of labelled rows, the later line being the later answer.

    JSON lines may also say ``by``, ``at``, ``source`` and ``case``, as the desk's own export does; other labelled files
    are taken as they are.

    Args:
        paths: The files.
        codes: The codes allowed; None allows any.

    Raises:
        CorpusError: A file is missing or a row is wrong.
    """
    rows = read_rows(paths, codes=codes)
    told = told_beside(paths)
    answered = []
    for row in rows:
        more = told.get(row.place, {})
        case = more.get("case")
        placed = row if case is None else _placed(row, f"案件 {case}")
        answered.append(
            (str(more.get("at") or ""), Answered(placed, str(more.get("by") or ""), more.get("source") == BLIND))
        )
    answered.sort(key=lambda pair: pair[0])  # stable: without a time, the order of the lines is that of the answers
    last: dict[str, Answered] = {}
    said: dict[str, Conflict] = {}
    for _, answer in answered:
        text = answer.row.text.strip()
        # A blind answer stays blind, whatever was said of the text later.
        before = last.get(text)
        blind = answer.blind or (before is not None and before.blind)
        last[text] = Answered(answer.row, answer.by, blind)
        said.setdefault(text, Conflict(answer.row.place)).said[answer.by] = answer.row.primary
    conflicts = [each for each in said.values() if len(set(each.said.values())) > 1]
    return Answers(list(last.values()), len(rows), conflicts)


def part(answers: Answers, judged_by: Sequence[str], *, hold_out: float = HOLD_OUT) -> Parts:
    """Part answers into those to learn from and those to judge by, whole groups of near-duplicates at a time.

    Which group is held out depends on a hash of its texts alone: the same texts stay held out at the next training.

    Args:
        answers: The answers.
        judged_by: Further texts a model is judged by; near-duplicates of those are in neither part.
        hold_out: Share of the groups held out beside the blind answers, 0 to 1.

    Raises:
        CorpusError: Nothing is left to learn from.
    """
    texts = [*judged_by, *(answer.row.text for answer in answers.found)]
    leaders = group_similar(texts)
    taken = set(leaders[: len(judged_by)])
    groups: dict[int, list[Answered]] = {}
    for leader, answer in zip(leaders[len(judged_by) :], answers.found, strict=True):
        groups.setdefault(leader, []).append(answer)
    parts = Parts([], [], 0, 0)
    for leader, members in groups.items():
        if leader in taken:
            parts.left_out += len(members)
        elif any(member.blind for member in members) or _is_held_out(members, hold_out):
            parts.held_out += [member.row for member in members]
            parts.blind += sum(member.blind for member in members)
        else:
            parts.train += [member.row for member in members]
    if not parts.train:
        raise CorpusError(
            f"{len(answers.found)} 条答复里没有可以用来训练的",
            expected="与验收、难例都不相同的答复",
            fix="多收一些答复再训练",
        )
    return parts


def _is_held_out(members: Sequence[Answered], share: float) -> bool:
    lowest = min(
        hashlib.sha256(member.row.text.strip().encode("utf-8", "surrogatepass")).digest() for member in members
    )
    return int.from_bytes(lowest) < share * MOST / len(members)


def told_beside(paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Return what JSON rows say beside text and codes, by the place that ``read_rows`` gives them.

    Raises:
        CorpusError: A path is missing, or a directory has no labelled file.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in labelled_files(paths):
        for table in read_file(path):
            if table.nested:
                place = f"{path}{table.place.removeprefix(path.name)}"
                for number, cells in table.rows:
                    if not isinstance(cells[0], Unreadable):
                        found[f"{place}:{number}"] = cells[0]
    return found


def _placed(row: LabelledRow, place: str) -> LabelledRow:
    return LabelledRow(
        row.text, row.codes, row.online, row.series, row.register, row.kind, row.route, row.signals, place
    )
