"""The sheet for a meeting on cases (会商): what is known, which clocks run, the law of the day, like examples, open questions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tousu.clock.due import STATE_NAMES
from tousu.joint.groups import OURS, authority_of
from tousu.letters.facts import change_between, kind_names, shortened
from tousu.letters.of_ledger import kind_of
from tousu.letters.wording import chinese_day
from tousu.signals import load_authorities, load_signals
from tousu.taxonomy import load_taxonomy

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence

    from tousu.clock.case import Line
    from tousu.examples.read import WorkedExample
    from tousu.examples.search import ExampleIndex

MATTER = 300  # characters of each complaint on the sheet
EXAMPLES = 3
FAR = 0.3  # of the likest example's likeness: what is less like is not shown
FROM_MEMORY = "（未核实）"
# What the record of the meeting holds.
RECORD = ("时间", "地点", "主持人", "参加人", "切入点", "统一口径", "分工与时限", "对外答复人", "记录人")
# What a signal leaves to be decided.
QUESTIONS = {
    "repeat": "以前怎样答复的，有没有新的事实；由谁复核",
    "group": "有多少人、多少户，是否推选代表，由谁统一答复",
    "injury": "伤情和就医证明是否齐全，要不要先停用、封存",
    "vulnerable": "涉及老人、儿童、孕妇等，要不要优先、上门",
    "escalation": "舆情、信访、复议诉讼由谁应对，要不要上报",
    "crime": "是否够移送公安的条件，由谁移送、何时移送",
    "claimant": "是否为生活消费需要，有哪些事实支持；只能由人权衡，违法线索照查",
}


@dataclass(frozen=True, slots=True)
class ConsultSheet:
    """What a meeting needs to know.

    Attributes:
        day: The day it is made for; its laws hold on it.
        cases: The cases' rows, tagged.
        clocks: Their clocks.
        laws: Laws that hold on the day, with articles, of the domains and signals of the cases.
        examples: Worked examples, the likest first.
        questions: What is open.
        authorities: Whose matters they are, ``OURS`` or codes of authorities.
    """

    day: datetime.date
    cases: tuple[Mapping[str, Any], ...]
    clocks: tuple[Line, ...]
    laws: tuple[str, ...]
    examples: tuple[WorkedExample, ...]
    questions: tuple[str, ...]
    authorities: tuple[str, ...]


def consult_sheet(
    cases: Sequence[Mapping[str, Any]],
    day: datetime.date,
    *,
    clocks: Sequence[Line] = (),
    index: ExampleIndex,
) -> ConsultSheet:
    """Return the sheet of some cases.

    Args:
        cases: Rows of a ledger, tagged.
        day: The day of the meeting.
        clocks: Their clocks.
        index: The worked examples.
    """
    likeness: Counter[str] = Counter()
    held: dict[str, WorkedExample] = {}
    for case in cases:
        if case["tousu_primary"] is None:  # untagged: an example like it would say what it is
            continue
        for alike in index.alike(case["text"] or "", EXAMPLES):
            held[alike.example.id] = alike.example
            likeness[alike.example.id] += round(alike.likeness * 1000)
    floor = FAR * max(likeness.values(), default=0)
    likest = [name for name in sorted(held, key=lambda name: (-likeness[name], name)) if likeness[name] >= floor]
    likest = likest[:EXAMPLES]
    authorities = dict.fromkeys(code for code in map(authority_of, cases) if code)
    return ConsultSheet(
        day, tuple(cases), tuple(clocks), tuple(_laws(cases, day)), tuple(held[name] for name in likest),
        tuple(_questions(cases, clocks, day, list(authorities))), tuple(sorted(authorities, key=lambda code: code != OURS)),
    )  # fmt: skip


def _laws(cases: Sequence[Mapping[str, Any]], day: datetime.date) -> list[str]:
    """Return the laws of the cases' domains, kinds and signals that hold on a day, each with all its articles, as lines."""
    taxonomy = load_taxonomy()
    laws = taxonomy.laws_by_id
    table = load_signals()
    pairs = [pair for code in _domains(cases) for pair in taxonomy.basis_on(code, day)]
    signals = {signal for case in cases for signal in case["tousu_signals"] or ()}
    kinds = {kind_of(case) for case in cases}
    meanings = [item for item in table.kinds if item.code in kinds] + [
        item for item in table.signals if item.code in signals
    ]
    pairs += [pair for meaning in meanings for pair in taxonomy.laws_of(meaning.basis, day)]
    cited: dict[str, list[str]] = {}
    for law, articles in pairs:
        cited.setdefault(law.id, [])
        cited[law.id] += [articles] if articles not in cited[law.id] else []
    return [
        f"《{laws[code].title}》{f'（{laws[code].number}）' if laws[code].number else ''}{'、'.join(articles)}"
        + (FROM_MEMORY if laws[code].status == "from_memory" else "")
        for code, articles in cited.items()
    ]


def _domains(cases: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the cases' domains, the most frequent first."""
    counts = Counter(case["tousu_primary"] for case in cases if case["tousu_primary"])
    return sorted(counts, key=lambda code: (-counts[code], code))


def _questions(
    cases: Sequence[Mapping[str, Any]], clocks: Sequence[Line], day: datetime.date, authorities: list[str]
) -> dict[str, None]:
    """Return what the meeting has to decide, from what the cases show."""
    asked: list[str] = []
    names, domains = load_authorities().names, load_taxonomy().names
    others = [names[code] for code in authorities if code != OURS]
    if others and OURS in authorities:
        asked.append(f"本部门与{'、'.join(others)}各管哪一部分，由谁牵头")
    elif others:
        asked.append(f"事项像是{'、'.join(others)}的职责，本部门有没有要办的部分")
    if len(_domains(cases)) > 1:
        asked.append(f"涉及{'、'.join(domains[code] for code in _domains(cases))}，以哪一项立案、适用哪部法")
    late = sorted({clock.row for clock in clocks if clock.state == "overdue"})
    soon = sorted({clock.row for clock in clocks if clock.state == "due_soon"})
    if late:
        asked.append(f"台账第 {'、'.join(map(str, late))} 行已超期，怎样补救、怎样说明")
    if soon:
        asked.append(f"台账第 {'、'.join(map(str, soon))} 行临期，本周内由谁办到哪一步")
    for signal, question in QUESTIONS.items():
        rows = [str(case["row"]) for case in cases if signal in (case["tousu_signals"] or ())]
        if rows:
            asked.append(f"{question}（台账第 {'、'.join(rows)} 行）")
    if any(kind_of(case) == "both" for case in cases):
        asked.append("投诉与举报分别登记、分别告知，期限分别计算")
    before = [str(case["row"]) for case in cases if change_between(case["received"], day)]
    if before:
        asked.append(f"台账第 {'、'.join(before)} 行在新办法施行前收到，程序适用哪一部，请法制人员定")
    asked.append("还缺哪些证据，由谁在什么时候取得")
    return dict.fromkeys(asked)


def write_consult(
    sheet: ConsultSheet, title: str = "", *, record: Mapping[str, str] | None = None, note: str = ""
) -> bytes:
    """Return the sheet as a Word file, with the record of the meeting to fill in.

    Args:
        sheet: What the meeting needs to know.
        title: Its title.
        record: What is known of the meeting by the names of ``RECORD``; the others are left to fill in.
        note: What is said of the sheet under its title.
    """
    from tousu.joint.word import Paper

    names, domains = {OURS: "市场监管部门"} | load_authorities().names, load_taxonomy().names
    signal_names, kinds = load_signals().signal_names, kind_names()
    paper = Paper()
    paper.title(title or "会商单")
    paper.line(f"{chinese_day(sheet.day)}　共 {len(sheet.cases)} 件", centred=True)
    if note:
        paper.line(note, centred=True)
    paper.part("一、案件")
    paper.table(
        ("行", "编号", "收到", "类型", "领域", "被反映方", "承办人", "状态"),
        [
            (str(case["row"]), case["case"] or "", str(case["received"] or ""), kinds.get(kind_of(case), ""),
             domains.get(case["tousu_primary"] or "", ""), case["respondent"] or "", case["officer"] or "", case["state"] or "")
            for case in sheet.cases
        ],
        widths=(10, 22, 26, 16, 28, 28, 14, 14),
    )  # fmt: skip
    paper.part("二、事实")
    for case in sheet.cases:
        signals = "、".join(signal_names.get(code, code) for code in case["tousu_signals"] or ())
        paper.line(
            f"第 {case['row']} 行：{shortened(case['text'] or '（台账没有内容）', MATTER)}{f'〔{signals}〕' if signals else ''}"
        )
    paper.part("三、期限")
    if sheet.clocks:
        paper.table(
            ("行", "期限", "到期日", "状态", "依据"),
            [
                (
                    str(clock.row),
                    clock.name,
                    str(clock.due or ""),
                    STATE_NAMES[clock.state],
                    "。".join(filter(None, (clock.basis, clock.reason))),
                )
                for clock in sheet.clocks
            ],
            widths=(10, 34, 26, 18, 70),
        )
    else:
        paper.line("【待填：期限】")
    paper.part(f"四、依据（{sheet.day} 有效）")
    for law in sheet.laws:
        paper.line(f"· {law}")
    paper.line(f"涉及部门：{'、'.join(names[code] for code in sheet.authorities) or '【待填：部门】'}")
    paper.part("五、相近的典型案例")
    for example in sheet.examples:
        paper.line(f"{example.head.title}（{example.id}）。归口：{example.head.department}")
        paper.line(f"步骤：{'；'.join(example.steps)}")
        paper.line(f"答复要点：{'；'.join(example.answers)}")
        paper.line(f"不归我们：{'；'.join(example.not_ours)}")
    if not sheet.examples:
        paper.line("没有相近的案例。")
    paper.part("六、待议问题")
    for number, question in enumerate(sheet.questions, 1):
        paper.line(f"{number}. {question}")
    paper.part("七、会商记录")
    paper.table(
        ("项目", "内容"), [(name, (record or {}).get(name) or f"【待填：{name}】") for name in RECORD], widths=(34, 128)
    )
    return paper.data()
