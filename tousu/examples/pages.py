"""A worked example as lines for a terminal and as the JSON contract names it; its laws those of a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tousu.signals import load_authorities, load_signals
from tousu.taxonomy import load_taxonomy

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator, Sequence

    from tousu.examples.read import WorkedExample

SURENESS = {"confirmed": "", "partly": "（部分核实）", "from_memory": "（未核实，引用前查原文）"}


def example_json(example: WorkedExample, day: datetime.date) -> dict[str, Any]:
    """Return an example with the laws that hold on a day, as JSON has it."""
    head = example.head
    return {
        "id": example.id,
        "title": head.title,
        "domains": list(head.domains),
        "kind": head.kind,
        "online": head.online,
        "signals": list(head.signals),
        "authorities": list(head.authorities),
        "department": head.department,
        "basis": [
            {"law": law.id, "title": law.title, "articles": articles, "status": law.status}
            for law, articles in example.basis_on(day)
        ],
        "situation": example.situation,
        "steps": list(example.steps),
        "evidence": list(example.evidence),
        "answers": list(example.answers),
        "not_ours": list(example.not_ours),
    }


def example_lines(example: WorkedExample, day: datetime.date) -> Iterator[str]:
    """Yield an example's lines in Chinese, for reading."""
    head, names = example.head, load_taxonomy().names
    signals, authorities = load_signals(), load_authorities().names
    yield head.title
    yield f"领域：{'、'.join(names[code] for code in head.domains)}"
    yield f"类型：{signals.kind_names[head.kind]}" + ("，网络交易" if head.online else "")
    if head.signals:
        yield f"风险提示：{'、'.join(signals.signal_names[code] for code in head.signals)}"
    yield f"归口：{head.department}"
    if head.authorities:
        yield f"涉及部门：{'、'.join(authorities[code] for code in head.authorities)}"
    yield f"情形：{example.situation}"
    yield "步骤："
    yield from (f"  {number}. {step}" for number, step in enumerate(example.steps, 1))
    for title, points in (("证据", example.evidence), ("答复要点", example.answers), ("不归我们", example.not_ours)):
        yield f"{title}："
        yield from (f"  - {point}" for point in points)
    yield f"依据（{day} 有效）："
    for law, articles in example.basis_on(day):
        yield f"  - 《{law.title}》{law.number and f'（{law.number}）'}{articles}{SURENESS[law.status]}"


def unsure_laws(examples: Sequence[WorkedExample]) -> dict[str, list[str]]:
    """Return which laws that nobody has verified the examples rest on: ids of examples by title."""
    laws = load_taxonomy().laws_by_id
    found: dict[str, list[str]] = {}
    for example in examples:
        for basis in example.head.basis:
            if laws[basis.law].status == "from_memory":
                found.setdefault(laws[basis.law].title, []).append(example.id)
    return found
