"""What a letter may say: the fields of templates and what each holds for a case."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tousu.errors import UsageError
from tousu.letters.wording import chinese_articles, chinese_day, chinese_number, cited, law_name
from tousu.masking import mask
from tousu.signals import Authority, load_authorities, load_signals
from tousu.taxonomy import UNITS, load_taxonomy

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping

    from tousu.letters.table import LetterTable, Point
    from tousu.taxonomy import Law

# What a template may name, and what it holds.
FIELDS = {
    "来件人": "投诉人或举报人的姓名、名称",
    "被反映方": "被投诉、被举报的经营者",
    "登记编号": "台账里的编号",
    "收到日期": "收到来件的日期",
    "收到方式": "来件的渠道，如 12315平台、12345热线",
    "来件性质": "投诉、举报、投诉举报、信访、咨询或来件",
    "反映事项": "来件内容，长的截短",
    "投诉请求": "来件人要求什么",
    "领域": "领域的名称",
    "承办人": "台账里的承办人",
    "单位": "署名的市场监督管理局",
    "承办机构": "承办的市场监管所",
    "联系电话": "承办机构的电话",
    "联系地址": "承办机构的地址",
    "统一接收机构": "投诉举报统一接收机构",
    "文号": "文书编号",
    "落款日期": "文书的日期",
    "受理日期": "决定受理的日期",
    "终止日期": "终止调解的日期",
    "办结日期": "办结的日期",
    "决定期限": "决定是否受理的截止日",
    "调解期限": "调解的截止日",
    "告知期限": "告知终止调解的截止日",
    "核查期限": "核查举报线索的截止日",
    "调解期间": "调解的期间，如 六十日",
    "不予受理情形": "不予受理的法定情形及条款",
    "理由": "事实与理由",
    "所缺材料": "还缺的材料",
    "补充期限": "补充材料的截止日",
    "终止事由": "终止调解的事由",
    "处理结果": "核查处理的结果",
    "转办部门": "应找的部门",
    "转办部门职责": "该部门管什么",
    "转办依据": "该部门职责的法规依据",
    "口径": "会商定下的统一口径",
}
UNCONSUMING = 3  # the ground that a complaint is not made as a consumer (order 121, art. 16(3))
LAWS, POINTS = "法规", "依据"
KIND_WORDS = {
    "complaint": "投诉", "report": "举报", "both": "投诉举报", "petition": "信访", "consult": "咨询", "other": "来件",
}  # fmt: skip
SENDER = "来件人"
NAMED = 2  # characters from which on a sender's name is looked for in a text
LONGEST_MATTER = 160  # characters of a complaint quoted in a letter
SENTENCE_END = re.compile(r"[。！？；!?;]")
ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Blank:
    """A field of which nothing is known: a visible blank in the letter, and false in a template's ``if``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"【待填：{self.name}】"

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """What is known of a case, whoever knows it: a ledger's row or a stored case. None = not known.

    Attributes:
        kind: Kind of case, a code of ``case_codes.KINDS`` or ``petition``.
        domain: Primary domain, a code of the taxonomy.
        route: Authority of a matter outside the remit, a code of ``case_codes.AUTHORITIES``.
        due: Last day by the id of the taxonomy's deadline, computed by the clock.
        provisional: Whether one of these rests on holidays that are not announced yet.
        lacking: Material the law asks for that the case is known to lack, in Chinese.
    """

    kind: str = "complaint"
    domain: str | None = None
    route: str | None = None
    number: str | None = None
    sender: str | None = None
    respondent: str | None = None
    text: str | None = None
    channel: str | None = None
    officer: str | None = None
    received: datetime.date | None = None
    accepted: datetime.date | None = None
    terminated: datetime.date | None = None
    closed: datetime.date | None = None
    due: Mapping[str, datetime.date] = field(default_factory=dict)
    provisional: bool = False
    lacking: tuple[str, ...] = ()

    def law_day(self, written: datetime.date) -> datetime.date:
        """Return the day whose law holds for the procedure: that of receipt, else the letter's own."""
        return self.received or written


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What the officer decides for one letter.

    Attributes:
        date: The day it is dated.
        ground: Number of the ground on which a complaint is not accepted.
        own: What the officer wrote for a field, by the field's name.
    """

    date: datetime.date
    ground: int | None = None
    own: Mapping[str, str] = field(default_factory=dict)


def values_of(facts: CaseFacts, wording: Wording, table: LetterTable) -> dict[str, Any]:
    """Return what a template's names hold: the fields, ``依据`` by step and ``法规`` by id.

    Args:
        facts: The case.
        wording: The officer's part.
        table: The letters' table.

    Raises:
        UsageError: The officer wrote something for a field that does not exist.
        RulesError: There is no such ground.
    """
    unknown = next((name for name in wording.own if name not in FIELDS), None)
    if unknown is not None:
        raise UsageError(f"文书里没有字段 {unknown}", expected="、".join(FIELDS), fix="改正 --set")
    day = facts.law_day(wording.date)
    found = _known(facts, wording, table, day)
    assert found.keys() == FIELDS.keys()
    found |= {name: value for name, value in wording.own.items() if value.strip()}
    values: dict[str, Any] = {name: clean(value) if value else Blank(name) for name, value in found.items()}
    values[POINTS] = {
        point.name: _basis_of(point, facts, day) or Blank(f"{point.name}的依据") for point in table.points
    }
    values[LAWS] = {law.id: law_name(law) for law in load_taxonomy().laws}
    return values


def kind_names() -> dict[str, str]:
    """Return what each kind of case is called: those of the signals' table, and the petition, which only a ledger tells."""
    return {**load_signals().kind_names, "petition": KIND_WORDS["petition"]}


def clean(text: str) -> str:
    """Return a text on one line without characters that no Word file may hold."""
    return " ".join(ILLEGAL.sub("", text).split())


def _known(facts: CaseFacts, wording: Wording, table: LetterTable, day: datetime.date) -> dict[str, str | None]:
    """Return every field's text, None where nothing is known."""
    station, authority = table.station, _authority(facts.route)
    found: dict[str, str | None] = {
        "来件人": facts.sender,
        "被反映方": facts.respondent,
        "登记编号": facts.number,
        "收到日期": _day(facts.received),
        "收到方式": facts.channel,
        "来件性质": KIND_WORDS.get(facts.kind, KIND_WORDS["other"]),
        "反映事项": shortened(facts.text) if facts.text else None,
        "投诉请求": None,
        "领域": load_taxonomy().names.get(facts.domain or ""),
        "承办人": facts.officer,
        "单位": station.authority,
        "承办机构": station.office,
        "联系电话": station.phone,
        "联系地址": station.address,
        "统一接收机构": station.intake,
        "文号": None,
        "落款日期": chinese_day(wording.date),
        "受理日期": _day(facts.accepted),
        "终止日期": _day(facts.terminated),
        "办结日期": _day(facts.closed),
        "决定期限": _day(facts.due.get("accept_decision") or facts.due.get("accept_decision_old")),
        "调解期限": _day(facts.due.get("mediation_end") or facts.due.get("mediation_end_old")),
        "告知期限": _day(facts.due.get("mediation_end_notice")),
        "核查期限": _day(facts.due.get("verify_lead")),
        "调解期间": _mediation_period(day),
        "不予受理情形": _ground(wording.ground, table, day),
        "理由": None,
        "所缺材料": "；".join(facts.lacking) or None,
        "补充期限": None,
        "终止事由": _end_of_mediation(facts, wording.date, day),
        "处理结果": None,
        "转办部门": authority.shown if authority else None,
        "转办部门职责": authority.handles if authority else None,
        "转办依据": authority_basis(authority, wording.date) if authority else None,
        "口径": None,
    }
    return found


def impersonal(text: str, sender: str | None) -> str:
    """Return a complaint's text as another authority may see it: without the sender's name, and numbers of persons as zeros."""
    told = text.replace(sender, SENDER) if sender and len(sender) >= NAMED else text
    return mask(told)


def shortened(text: str, most: int = LONGEST_MATTER) -> str:
    """Return a complaint's text for a letter: whole if short, else up to the last whole sentence, and an ellipsis."""
    text = clean(text)
    if len(text) <= most:
        return text.rstrip("。；;，,")
    ends = [found.start() for found in SENTENCE_END.finditer(text, 0, most)]
    return text[: ends[-1] if ends and ends[-1] > most // 3 else most] + "……"


def _day(day: datetime.date | None) -> str | None:
    return chinese_day(day) if day else None


def _authority(code: str | None) -> Authority | None:
    """Return an authority by its code; none for what needs no hand-over."""
    if code in (None, "none"):
        return None
    return next((found for found in load_authorities().authorities if found.code == code), None)


def authority_basis(authority: Authority, day: datetime.date) -> str | None:
    """Return what says that a matter is an authority's, where a law in force says it."""
    if authority.law is None:
        return None
    law = load_taxonomy().laws_by_id[authority.law]
    return cited(law, authority.articles or "") if law.holds_on(day) else None


def _ground(item: int | None, table: LetterTable, day: datetime.date) -> str | None:
    """Return the ground with its article; None where the law of the day has none on record."""
    ground = table.ground_on(item, day) if item is not None else None
    if ground is None:
        return None
    law = load_taxonomy().laws_by_id[ground.law]
    return f"{law_name(law)}{chinese_articles(ground.articles)}规定的情形（{ground.text}）"


def _mediation_period(day: datetime.date) -> str | None:
    """Return how long mediation may take under the law of the day."""
    for deadline in load_taxonomy().deadlines:
        if deadline.id in ("mediation_end", "mediation_end_old") and deadline.holds_on(day) and deadline.days:
            return chinese_number(deadline.days) + UNITS[deadline.unit]
    return None


def _end_of_mediation(facts: CaseFacts, written: datetime.date, day: datetime.date) -> str | None:
    """Return why mediation ended where the calendar alone tells it."""
    last = facts.due.get("mediation_end") or facts.due.get("mediation_end_old")
    if last is None or (facts.terminated or written) <= last:
        return None
    return f"自投诉受理之日起{_mediation_period(day)}内未能达成调解协议"


def step_basis(
    point: Point, day: datetime.date, *, kind: str | None, domain: str | None, route: str | None
) -> str | None:
    """Return what a step of a case rests on, by the law of a day; None where nothing on record fits.

    Args:
        point: The step.
        day: On which its laws must hold.
        kind: The case's kind; None for cases of several kinds.
        domain: Its primary domain.
        route: The authority it goes to.
    """
    laws = load_taxonomy().laws_by_id
    fitting = [
        cited(laws[part.law], part.articles)
        for part in point.basis
        if laws[part.law].holds_on(day)
        and (not part.cases or kind in part.cases)
        and (not part.domains or domain in part.domains)
        and (not part.authorities or route in part.authorities)
    ]
    return "、".join(fitting) or None


def _basis_of(point: Point, facts: CaseFacts, day: datetime.date) -> str | None:
    """Return what a step of this case rests on."""
    return step_basis(point, day, kind=facts.kind, domain=facts.domain, route=facts.route)


def remarks(facts: CaseFacts, kind: str, wording: Wording, table: LetterTable) -> list[str]:
    """Return what the officer should know before signing, in Chinese."""
    said = []
    letter = table.letter(kind)
    names = kind_names()
    if facts.kind not in letter.cases:
        fitting = "、".join(names[code] for code in letter.cases)
        said.append(f"本件判为{names.get(facts.kind, facts.kind)}，{letter.name}用于{fitting}，请核对")
    change = change_between(facts.received, wording.date)
    if change:
        said.append(
            f"收到之日适用《{change[0].title}》，出文之日已由《{change[1].title}》代替；此处按收到之日，"
            "新规定没有写明过渡，请法制人员定"
        )
    decide = facts.due.get("accept_decision") or facts.due.get("accept_decision_old")
    if letter.kind in ("accept", "refuse") and decide and (facts.accepted or wording.date) > decide:
        said.append(f"决定是否受理的期限是 {decide}，已经过了，请核对日期并说明")
    if letter.kind == "refuse" and wording.ground == UNCONSUMING:
        said.append("第17条的因素只是可以考虑，须由人综合判断并写明事实；违法线索照样核查")
    if facts.provisional:
        said.append("期限落在放假安排未公布的年份，日期是暂定的，签发前用 tousu due 核对")
    told = table.point("告知结果") if letter.kind == "report_result" else None
    if told is not None and _basis_of(told, facts, facts.law_day(wording.date)) is None:
        said.append(
            "现行规定（第121号令第36条）只在其他法律、法规、规章要求时告知举报人结果，本件的领域未录有这样的规定，请确认是否需要告知"
        )
    if letter.kind == "handover":
        said.append("无权处理的来件反馈给统一接收机构，不得自行移送（第121号令第41条）；法律要求移交的和涉嫌犯罪的除外")
    if letter.kind in ("handover", "no_jurisdiction") and _authority(facts.route) is None:
        said.append("没有判出应找的部门，请写明（--set 转办部门=…，或填在文书里）")
    return said


def change_between(received: datetime.date | None, written: datetime.date) -> tuple[Law, Law] | None:
    """Return the order of procedure that held when a case came, and the one that held when the letter was written."""
    orders = [law for law in load_taxonomy().laws if law.id in ("order20", "order121")]
    then = next((law for law in orders if received and law.holds_on(received)), None)
    now = next((law for law in orders if law.holds_on(written)), None)
    return (then, now) if then and now and then is not now else None
