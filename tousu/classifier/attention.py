"""The levels of attention of many texts: the station's rules as a table of marks, gone through in one compiled loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tousu.case_codes import AUTHORITIES, KINDS, LEVELS, SIGNALS
from tousu.classifier.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tousu.attention import AttentionRules
    from tousu.classifier.cases import Cases


class RuleMarks(NamedTuple):
    """The rules as arrays; index -1 of a mark is for "not known".

    Attributes:
        levels: Index in ``LEVELS``, int8, shape (rules,).
        needed: Signals that must all be said, bool, shape (rules, signals).
        any_of: Signals of which one must be said, of the same shape; a row of none asks nothing.
        domains: Whether a primary domain will do, bool, shape (rules, domains).
        kinds: Whether a kind will do, bool, shape (rules, kinds + 1).
        routes: Whether a route will do, bool, shape (rules, routes + 1).
        amounts: Least amount, float64, shape (rules,); below 0: not asked.
    """

    levels: NDArray[np.int8]
    needed: NDArray[np.bool_]
    any_of: NDArray[np.bool_]
    domains: NDArray[np.bool_]
    kinds: NDArray[np.bool_]
    routes: NDArray[np.bool_]
    amounts: NDArray[np.float64]


class Attention:
    """The rules for one model's domains. They are read when they are first asked for, unless given.

    Args:
        domains: The model's codes.
        rules: The rules; the shipped ones by default.
    """

    def __init__(self, domains: tuple[str, ...], rules: AttentionRules | None = None) -> None:
        self._domains, self._rules = domains, rules
        self._marks: RuleMarks | None = None

    def levels(self, primary: NDArray[np.int32], cases: Cases) -> NDArray[np.int8]:
        """Return each text's level as an index in ``LEVELS``, int8, shape (texts,)."""
        levels = np.empty(primary.size, dtype=np.int8)
        holds = np.empty((0, 0), dtype=np.bool_)
        apply_rules(primary, cases, self._table(), levels, holds)
        return levels

    def reasons(self, primary: NDArray[np.int32], cases: Cases) -> list[list[str]]:
        """Return for each text the reasons of the rules that hold, those of the highest level first."""
        marks = self._table()
        levels = np.empty(primary.size, dtype=np.int8)
        holds = np.empty((primary.size, marks.levels.size), dtype=np.bool_)
        apply_rules(primary, cases, marks, levels, holds)
        assert self._rules is not None
        words = [rule.reason for rule in self._rules.rules]
        order = np.argsort(-marks.levels, kind="stable").tolist()
        return [list(dict.fromkeys(words[rule] for rule in order if held[rule])) for held in holds.tolist()]

    def _table(self) -> RuleMarks:
        """Return the marks, made on the first call."""
        if self._marks is None:
            if self._rules is None:
                from tousu.attention import load_attention

                self._rules = load_attention()
            self._marks = _marks(self._rules, self._domains)
        return self._marks


def _marks(rules: AttentionRules, domains: tuple[str, ...]) -> RuleMarks:
    """Return the rules as arrays for a model's domains."""

    def allowed(names: Sequence[str], every: tuple[str, ...]) -> list[bool]:
        return [not names or name in names for name in every]

    def unknown(names: Sequence[str]) -> list[bool]:
        return [not names]

    shape = (len(rules.rules), -1)
    return RuleMarks(
        levels=np.array([LEVELS.index(rule.level) for rule in rules.rules], dtype=np.int8),
        needed=np.array([[s in rule.signals for s in SIGNALS] for rule in rules.rules], dtype=np.bool_).reshape(shape[0], len(SIGNALS)),
        any_of=np.array([[s in rule.any_signal for s in SIGNALS] for rule in rules.rules], dtype=np.bool_).reshape(shape[0], len(SIGNALS)),
        domains=np.array([allowed(rule.domains, domains) for rule in rules.rules], dtype=np.bool_).reshape(shape[0], len(domains)),
        kinds=np.array([allowed(rule.kinds, KINDS) + unknown(rule.kinds) for rule in rules.rules], dtype=np.bool_).reshape(shape[0], len(KINDS) + 1),
        routes=np.array([allowed(rule.routes, AUTHORITIES) + unknown(rule.routes) for rule in rules.rules], dtype=np.bool_).reshape(shape[0], len(AUTHORITIES) + 1),
        amounts=np.array([-1.0 if rule.amount_from is None else rule.amount_from for rule in rules.rules], dtype=np.float64),
    )  # fmt: skip


@compiled
def apply_rules(primary, cases, marks, levels, holds):
    """Write each text's highest level, and where room is given which rules hold.

    Args:
        primary: int32, shape (texts,).
        cases: The ``Cases``.
        marks: The ``RuleMarks``.
        levels: Output, int8, shape (texts,).
        holds: Output, bool, shape (texts, rules), or empty.
    """
    for t in range(primary.size):
        levels[t] = 0
        for r in range(marks.levels.size):
            held = marks.domains[r, primary[t]] and marks.kinds[r, cases.kinds[t]] and marks.routes[r, cases.routes[t]]
            asked, some = False, False
            for s in range(marks.needed.shape[1]):
                held = held and (cases.signals[t, s] or not marks.needed[r, s])
                asked = asked or marks.any_of[r, s]
                some = some or (marks.any_of[r, s] and cases.signals[t, s])
            held = held and (some or not asked)
            held = held and (marks.amounts[r] < 0 or cases.amounts[t] >= marks.amounts[r])
            if held:
                levels[t] = max(levels[t], marks.levels[r])
            if holds.size:
                holds[t, r] = held
