"""What speaks against accepting a complaint or is missing in it: the station's rules, as patterns over the text."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from tousu.case_codes import KINDS
from tousu.errors import RulesError
from tousu.resources import table_path
from tousu.taxonomy import Code, Words, load_taxonomy
from tousu.toml_tables import Entry, Place, parse_table, read_source, refuse_pattern, refuse_unknown

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping
    from pathlib import Path

TITLE = "受理提示规则"
TESTS = ("said", "lacking", "domains", "outside", "older_than")
PART = re.compile(r"(?<!\?P)<([a-z][a-z0-9_]*)>")  # (?P<name>…) is a group's name
Pattern = Words


class Hint(Entry):
    """A rule: where one of its tests holds, the hint is given."""

    code: Code
    law: Code
    article: Words
    words: Words
    kinds: tuple[Code, ...] = ()
    said: tuple[Pattern, ...] = ()
    unless: tuple[Pattern, ...] = ()
    lacking: tuple[tuple[Pattern, ...], ...] = ()
    domains: tuple[Code, ...] = ()
    outside: bool = False
    older_than: int | None = Field(default=None, gt=0)
    not_beside: tuple[Code, ...] = ()

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not any(getattr(self, name) for name in TESTS):
            raise ValueError(f"没有写条件（{'、'.join(TESTS)}），这样的提示永远不会出现")
        return self


class AcceptanceRules(Entry):
    """The whole file."""

    schema_: Literal[1] = Field(alias="schema")
    version: Words
    parts: dict[Code, Pattern] = Field(default_factory=dict)
    hints: tuple[Hint, ...] = Field(alias="hint", min_length=1)

    def holds_on(self, day: datetime.date) -> bool:
        """Return whether the law of any rule holds on a day."""
        laws = load_taxonomy().laws_by_id
        return any(laws[hint.law].holds_on(day) for hint in self.hints)

    def expression(self, patterns: tuple[str, ...]) -> re.Pattern[str] | None:
        """Return one expression that finds any of ``patterns``, their parts put in; None for none.

        Raises:
            KeyError: A part is not known.
            re.error: An expression is broken.
        """
        return re.compile("|".join(map(self.expanded, patterns))) if patterns else None

    def expanded(self, pattern: str) -> str:
        """Return a pattern with its parts put in.

        Raises:
            KeyError: A part is not known.
        """
        return _put_in(pattern, self.whole_parts)

    @functools.cached_property
    def whole_parts(self) -> dict[str, str]:
        """Each part with those before it put in.

        Raises:
            KeyError: One of them does not stand before it.
        """
        whole = dict[str, str]()
        for name, part in self.parts.items():
            whole[name] = _put_in(part, whole)
        return whole


@functools.cache
def load_acceptance(path: Path | None = None) -> AcceptanceRules:
    """Read and check the rules, the shipped ones by default; the same path is read once.

    Raises:
        RulesError: The file cannot be read, or a key, code, part or expression in it will not do; the message names
            line and key.
    """
    file = table_path("acceptance.toml") if path is None else path
    source = read_source(file, TITLE, RulesError)
    table = parse_table(source, file, AcceptanceRules, TITLE, RulesError)
    laws = tuple(law.id for law in load_taxonomy().laws)
    for number, hint in enumerate(table.hints):
        known = {
            "law": ((hint.law,), laws), "kinds": (hint.kinds, KINDS), "domains": (hint.domains, load_taxonomy().codes),
            "not_beside": (hint.not_beside, tuple(other.code for other in table.hints[:number])),
        }  # fmt: skip
        for name, (codes, allowed) in known.items():
            place = Place(TITLE, file, source, ("hint", number, name))
            refuse_unknown(codes, allowed, place, RulesError, expected="排在前面的提示")
        for name, groups in (("said", [hint.said]), ("unless", [hint.unless]), ("lacking", hint.lacking)):
            for patterns in groups:
                _check_patterns(table, patterns, Place(TITLE, file, source, ("hint", number, name)))
    return table


def _put_in(pattern: str, parts: Mapping[str, str]) -> str:
    """Return a pattern with parts put in.

    Raises:
        KeyError: A part is not known.
    """
    return PART.sub(lambda found: f"(?:{parts[found[1]]})", pattern)


def _check_patterns(table: AcceptanceRules, patterns: tuple[str, ...], place: Place) -> None:
    """Refuse patterns with an unknown part or a broken expression, and patterns that do not go together.

    Raises:
        RulesError: One is.
    """
    try:
        whole = [table.expanded(pattern) for pattern in patterns]
    except KeyError as error:
        raise RulesError(
            f"{place}：[parts] 里没有 {error.args[0]}", expected="、".join(table.parts), fix="改正尖括号里的名称"
        ) from error
    for pattern, written in zip(whole, patterns, strict=True):
        refuse_pattern(pattern, place, RulesError, shown=written)
    refuse_pattern("|".join(whole), place, RulesError, shown="各条合在一起时，" + "、".join(patterns))
