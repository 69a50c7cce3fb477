"""What a ledger's own words say of a case: how it stands, and what kind it is."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Literal

from tousu.ledger.days import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

CaseStatus = Literal["open", "accepted", "refused", "filed", "not_filed", "ended", "closed"]

_OVER = "已(?:办结|结案|完结)"
# The first that fits tells; what is still to be done (待办结, 未受理) goes before what is done.
_STATES: tuple[tuple[CaseStatus, str], ...] = (
    ("open", rf"^(?:待|未|尚未|等待|拟|即将|申请)|^(?:(?!{_OVER}).)*(?:未|待)能?(?:办结|结案|完结|完成)|新建|草稿"),
    ("refused", "不予受理|不受理|拒绝受理"),
    ("not_filed", "不予立案|不立案"),
    ("closed", rf"{_OVER}|(?<![未待])(?<!未能)(?:办结|结案|完结|完成|归档|关闭|办理完毕|处理完毕|撤诉|撤回|撤销|转办|"
               r"移送|移交|转出|达成(?:协议|一致))|"
               "已结|作废|已答复|已回复|已反馈|调解成功|调解不成|closed|done|resolved"),
    ("ended", "终止"),
    ("filed", "已立案|^立案|立案调查"),
    ("accepted", "已受理|^受理$|受理成功|调解中|正在调解|组织调解|accepted"),
)  # fmt: skip
_KINDS = (
    ("both", re.compile("投诉(?:并|、|和|及|与|/|暨|[+＋])?举报|举报(?:并|、|和|及|与|/)?投诉|^both$")),
    ("petition", re.compile("信访|petition")),
    ("consult", re.compile("咨询|建议|意见|表扬|感谢|求助|信息公开|复议|^consult$|^other$")),
    ("report", re.compile("举报|线索|^report$")),
    ("complaint", re.compile("投诉|申诉|消费(?:纠纷|争议)|维权|^complaint$")),
)
_PATTERNS = [(status, re.compile(pattern, re.IGNORECASE)) for status, pattern in _STATES]
_DONE = frozenset({"closed", "refused", "not_filed", "ended"})
ENDS = ("closed", "ended", "refused", "not_filed")  # days that end a case
_NOT = "(?:尚?未(?!能)|没有|不(?!可抗)|无(?!法))"
_NO = re.compile(
    rf"(?:否|{_NOT}\w{{0,4}}(?:延期|延长)).*|{_NOT}\w{{0,5}}|0+(?:\.0+)?(?:个?(?:工作)?[天日])?|false|no|n",
    re.IGNORECASE,
)


@functools.lru_cache(maxsize=4096)
def status_of(state: str | None) -> CaseStatus | None:
    """Return how a case stands by the words of the column 办理状态; None where they do not tell."""
    if not state:
        return None
    return next((status for status, pattern in _PATTERNS if pattern.search(state)), "open" if "中" in state else None)


@functools.lru_cache(maxsize=4096)
def kind_of(word: str | None) -> str | None:
    """Return the kind of case that the column 类型 tells: complaint, report, both, consult or petition; None if it tells none."""
    return next((kind for kind, pattern in _KINDS if pattern.search(word)), None) if word else None


def told_kind(row: Mapping[str, Any]) -> str | None:
    """Return the kind of case that a ledger itself tells; None if it tells none.

    Args:
        row: A row with the columns ``source``, ``kind``, ``accepted``, ``ended``, ``filed`` and ``not_filed``. What came as a
            petition is one; else the ledger's word tells, else the days: complaints are accepted, reports are filed.
    """
    if "信访" in (row["source"] or ""):
        return "petition"
    complaint = row["accepted"] is not None or row["ended"] is not None
    report = row["filed"] is not None or row["not_filed"] is not None
    by_days = "both" if complaint and report else "complaint" if complaint else "report" if report else None
    return kind_of(row["kind"]) or by_days


def is_yes(word: str | None) -> bool:
    """Return whether a cell of the column 延期 says that a period was prolonged: yes, a day or a number of days."""
    plain = unicodedata.normalize("NFKC", word or "").strip()
    return not NOTHING.fullmatch(plain) and not _NO.fullmatch(plain)


def is_done(state: str | None) -> bool:
    """Return whether the words of the column 办理状态 say that nothing more is to be done."""
    return status_of(state) in _DONE


def is_open(row: Mapping[str, Any]) -> bool:
    """Return whether a case is still being handled, by its days and its state."""
    return all(row[name] is None for name in ENDS) and not is_done(row["state"])
