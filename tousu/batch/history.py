"""What no single text shows: how often the same person, telephone, respondent or text stands in earlier ledgers."""

from __future__ import annotations

import bisect
import datetime
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, Self

from tousu.batch.facts import Facts, telephone_of
from tousu.errors import ColumnMissing
from tousu.ledger.people import name_of
from tousu.ledger.read import read_ledger
from tousu.near_duplicates import TextIndex
from tousu.timezone import today

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

WINDOW = datetime.timedelta(days=365)
SEVERAL = 2
COUNTS = {
    "complainant": "同名投诉人此前十二个月有 {} 件",
    "telephone": "同一电话此前十二个月有 {} 件",
    "respondent": "同一被投诉方此前十二个月有 {} 件",
    "same_text": "此前十二个月有 {} 件内容几乎相同",
}
FACTORS = {
    "same_target": "第2项：同一人对同一被投诉方此前十二个月有 {} 件",
    "names": "第4项：{} 个姓名共用这一电话",
}


class Past(NamedTuple):
    """What earlier ledgers hold about one case, in the twelve months before it; the case itself is not counted.

    Attributes:
        complainant: Cases of the same name.
        telephone: Cases from the same telephone.
        respondent: Cases about the same respondent.
        same_text: Cases in nearly the same words.
        same_target: Cases of the same telephone, or of the same name, about the same respondent: order 121, art. 17 (2).
        names: Different names that used the telephone, this one included: art. 17 (4).
    """

    complainant: int = 0
    telephone: int = 0
    respondent: int = 0
    same_text: int = 0
    same_target: int = 0
    names: int = 0

    def reasons(self) -> list[str]:
        """Return in Chinese what was seen before."""
        found = self._asdict()
        return [words.format(found[name]) for name, words in COUNTS.items() if found[name]]

    def factors(self) -> list[str]:
        """Return in Chinese which factors of art. 17 the counts speak for; a person weighs them."""
        found = self._asdict()
        return [words.format(found[name]) for name, words in FACTORS.items() if found[name] >= SEVERAL]

    def to_dict(self) -> dict[str, object]:
        """Return the counts and their words as the JSON contract names them."""
        return {**self._asdict(), "reasons": [*self.reasons(), *self.factors()]}


class Earlier:
    """The cases of earlier ledgers.

    Args:
        facts: Of each case.
        texts: Of each case; nothing where it has none.
    """

    def __init__(self, facts: Sequence[Facts], texts: Sequence[str]) -> None:
        self._facts = facts
        self._by: dict[tuple[str, str], list[tuple[datetime.date, int]]] = defaultdict(list)
        for place, fact in enumerate(facts):
            if fact.received is None:
                continue
            for field in ("complainant", "telephone", "respondent"):
                if value := getattr(fact, field):
                    self._by[field, value].append((fact.received, place))
        for cases in self._by.values():
            cases.sort()
        self._index = TextIndex(texts)

    @classmethod
    def read(cls, paths: Iterable[Path]) -> tuple[Self, list[str]]:
        """Read earlier ledgers; return them and what was settled, in Chinese.

        Raises:
            FileError: A ledger cannot be read.
            ColumnMissing: One is no ledger, or tells no days.
        """
        facts, texts, notes = list[Facts](), list[str](), list[str]()
        for path in paths:
            ledger = read_ledger(path)
            notes.append(f"历史台账 {path.name}：{ledger.said}")
            if "received" not in ledger.columns:
                raise ColumnMissing(
                    f"历史台账 {path.name} 中没有认出登记时间的列", expected="登记时间、投诉日期 之类的列",
                    fix="改列名；没有日期就数不出十二个月内的件数",
                )  # fmt: skip
            wanted = ("received", "complainant", "telephone", "respondent", "case", "text")
            undated = 0
            for received, who, number, whom, case, text in ledger.rows.select(wanted).iter_rows():
                undated += received is None
                facts.append(Facts(received, name_of(who), telephone_of(number), whom or "", case or ""))
                texts.append(text or "")
            if undated:
                notes.append(f"历史台账 {path.name} 有 {undated:,} 行没有日期，未计入")
        return cls(facts, texts), [*notes, f"历史台账共 {len(facts):,} 件"]

    def of(self, facts: Sequence[Facts], texts: Sequence[str]) -> list[Past]:
        """Return what the earlier cases hold about each of some cases.

        Args:
            facts: Of each case; a case without a day came in today.
            texts: Of each case.
        """
        now = today()
        alike = self._index.alike(texts)
        return [
            self._past(fact._replace(received=fact.received or now), same)
            for fact, same in zip(facts, alike, strict=True)
        ]

    def _past(self, fact: Facts, alike: Sequence[int]) -> Past:
        """Return what the earlier cases hold about one; ``alike``: those in nearly the same words."""
        found = {name: self._within(name, fact) for name in ("complainant", "telephone", "respondent")}
        own = {*found["complainant"], *found["telephone"]}
        names = {self._facts[place].complainant for place in found["telephone"]} | {fact.complainant}
        return Past(
            complainant=len(found["complainant"]),
            telephone=len(found["telephone"]),
            respondent=len(found["respondent"]),
            same_text=sum(self._counts(fact, place) for place in alike),
            same_target=len(own & set(found["respondent"])),
            names=len(names - {""}) if found["telephone"] else 0,
        )

    def _within(self, field: str, fact: Facts) -> list[int]:
        """Return the cases that share a field with one, in the twelve months before it."""
        assert fact.received is not None
        value = getattr(fact, field)
        cases = self._by.get((field, value), []) if value else []
        first = bisect.bisect_left(cases, (fact.received - WINDOW, -1))
        last = bisect.bisect_left(cases, (fact.received + datetime.timedelta(days=1), -1))
        return [place for _, place in cases[first:last] if self._counts(fact, place)]

    def _counts(self, fact: Facts, place: int) -> bool:
        """Return whether an earlier case lies in the twelve months before one and is not the same case."""
        other = self._facts[place]
        assert fact.received is not None
        if other.received is None or not fact.received - WINDOW <= other.received <= fact.received:
            return False
        return not (fact.case and fact.case == other.case)
