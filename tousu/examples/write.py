"""A worked example as the text of its file, from what somebody wrote into a form."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tousu.errors import ExampleError
from tousu.examples.read import FENCE, MOST_POINTS, SECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tousu.examples.read import Head

# How a list's line may begin in Markdown: a dash, a star, a number; no minus such as in -5℃ or --, no number such as 3.15 or
# 2.5元.
MARK = re.compile(r"^(?:•\s*|[-*](?:\s+|(?![-*.．\d]))|\d{1,2}(?:[.．](?!\d)|、)\s*)")
HEADING = re.compile(r"^(?:#+(?:\s+|$))+")


def example_text(
    head: Head, situation: str, steps: Sequence[str], evidence: Sequence[str], answers: Sequence[str], not_ours: Sequence[str]
) -> str:  # fmt: skip
    """Return the text of an example's file, as ``parse_example`` reads it back.

    Args:
        head: Its head.
        situation: What is complained of; one paragraph is made of it.
        steps: How it is handled, in order.
        evidence: What to gather.
        answers: What to answer.
        not_ours: What belongs to others.

    Raises:
        ExampleError: A part has more than ``MOST_POINTS`` points.
    """
    basis = [f"  {{ law = {_quoted(part.law)}, articles = {_quoted(part.articles)} }}," for part in head.basis]
    lines = [
        FENCE, f"title = {_quoted(head.title)}", f"domains = {_listed(head.domains)}", f"kind = {_quoted(head.kind)}",
        f"online = {'true' if head.online else 'false'}", f"signals = {_listed(head.signals)}",
        f"authorities = {_listed(head.authorities)}", f"department = {_quoted(head.department)}", "basis = [", *basis, "]",
        FENCE, "", f"## {SECTIONS[0]}", "", HEADING.sub("", one_line(situation), count=1), "",
    ]  # fmt: skip
    for title, points in zip(SECTIONS[1:], (steps, evidence, answers, not_ours), strict=True):
        if len(points) > MOST_POINTS:
            raise ExampleError(
                f"{title}写了 {len(points)} 条", expected=f"最多 {MOST_POINTS} 条", fix="合并几条，或删去几条"
            )
        marks = [f"{number}." if title == SECTIONS[1] else "-" for number in range(1, len(points) + 1)]
        listed = [f"{mark} {one_line(point)}" for mark, point in zip(marks, points, strict=True)]
        lines += [f"## {title}", "", *listed, ""]
    return "\n".join(lines)


def points_of(text: str) -> list[str]:
    """Return the points somebody wrote, one a line, with or without Markdown's marks before them."""
    points = (one_line(MARK.sub("", line.strip(), count=1)) for line in text.splitlines())
    return [point for point in points if point]


def one_line(text: str) -> str:
    """Return words on one line, without characters that nobody sees."""
    return " ".join("".join(mark for mark in text if mark.isprintable() or mark.isspace()).split())


def _quoted(text: str) -> str:
    """Return words as TOML has them; its basic strings are written as JSON's."""
    return json.dumps(one_line(text), ensure_ascii=False)


def _listed(codes: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, codes))}]"
