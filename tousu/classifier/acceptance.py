"""Hints on accepting a complaint: the station's rules asked of a text and of what the classifier says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tousu.acceptance import load_acceptance
from tousu.classifier.own_dates import latest_event, years_before
from tousu.taxonomy import load_taxonomy

if TYPE_CHECKING:
    import datetime
    import re

    from tousu.acceptance import AcceptanceRules, Hint
    from tousu.classifier.tagging import Tagging
    from tousu.classifier.text import PlainText
    from tousu.taxonomy import Law

NEAR = 14
SENTENCE_ENDS = "。!?\n"
NO_AUTHORITY = (None, "none")


class AcceptanceHint(NamedTuple):
    """One thing that speaks against accepting, or is missing.

    Attributes:
        code: Of ``data/acceptance.toml``.
        article: What it rests on.
        words: For people, in Chinese.
    """

    code: str
    article: str
    words: str

    def to_dict(self) -> dict[str, str]:
        """Return the fields as the JSON contract names them."""
        return self._asdict()


class _Test(NamedTuple):
    """A rule with its law and its patterns made ready."""

    hint: Hint
    law: Law
    said: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    lacking: tuple[re.Pattern[str] | None, ...]


class Acceptance:
    """The rules, made ready.

    Args:
        plain: Makes a text what patterns read.
        fallback: The domain of what lies outside the remit.
        rules: The rules; the shipped ones by default.
    """

    def __init__(self, plain: PlainText, fallback: str, rules: AcceptanceRules | None = None) -> None:
        rules = load_acceptance() if rules is None else rules
        self._plain, self._fallback = plain, fallback
        laws = load_taxonomy().laws_by_id
        self._tests = [
            _Test(
                hint, laws[hint.law], rules.expression(hint.said), rules.expression(hint.unless),
                tuple(rules.expression(group) for group in hint.lacking),
            )
            for hint in rules.hints
        ]  # fmt: skip

    def hints(self, text: str, tagging: Tagging, received: datetime.date) -> list[AcceptanceHint]:
        """Return what speaks against accepting a text, or is missing in it, in the order of the rules.

        A rule whose law does not hold on the day the text came in says nothing of it.

        Args:
            text: The raw text.
            tagging: What the classifier says of it.
            received: The day it came in.

        Raises:
            TextError: ``text`` is no string.
        """
        plain = self._plain(text)
        held: list[Hint] = []
        for test in self._tests:
            hint = test.hint
            if not test.law.holds_on(received):
                continue
            if hint.kinds and tagging.kind is not None and tagging.kind not in hint.kinds:
                continue
            if any(other.code in hint.not_beside for other in held):
                continue
            if self._holds(test, plain, tagging, received):
                held.append(hint)
        return [AcceptanceHint(hint.code, hint.article, hint.words) for hint in held]

    def _holds(self, test: _Test, plain: str, tagging: Tagging, received: datetime.date) -> bool:
        """Return whether one of a rule's tests holds."""
        hint = test.hint
        if tagging.primary in hint.domains:
            return True
        if hint.outside and tagging.primary == self._fallback and tagging.route not in NO_AUTHORITY:
            return True
        if hint.older_than is not None:
            event = latest_event(plain, received)
            if event is not None and event < years_before(received, hint.older_than):
                return True
        if any(group is not None and not group.search(plain) for group in test.lacking):
            return True
        return test.said is not None and _said(plain, test.said, test.unless)


def _said(plain: str, said: re.Pattern[str], unless: re.Pattern[str] | None) -> bool:
    """Return whether a pattern is found with nothing near it, in its sentence, that takes it back."""
    for found in said.finditer(plain):
        begin = max((plain.rfind(end, 0, found.start()) for end in SENTENCE_ENDS), default=-1) + 1
        stops = [at for at in (plain.find(end, found.end()) for end in SENTENCE_ENDS) if at >= 0]
        around = plain[max(begin, found.start() - NEAR) : min([found.end() + NEAR, *stops])]
        if unless is None or not unless.search(around):
            return True
    return False
