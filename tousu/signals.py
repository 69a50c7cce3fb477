"""Kinds of case, signals and authorities: what each code means, rests on and asks of the station.

The codes are fixed, for the model's columns stand in their order; names and words are people's to change.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Literal

from pydantic import Field

from tousu.case_codes import AUTHORITIES, KINDS, SIGNALS
from tousu.errors import RulesError
from tousu.resources import table_path
from tousu.taxonomy import Basis, Code, Status, Words, load_taxonomy
from tousu.toml_tables import Entry, Place, parse_table, read_source, refuse_pattern, refuse_unknown

SIGNALS_TITLE, AUTHORITIES_TITLE = "风险提示表", "转办部门表"
PLAIN = re.compile(r"\w(?![?*{+])")
ESCAPED, SET = re.compile(r"\\."), re.compile(r"\[\^?\]?[^\]]*\]")


class Meaning(Entry):
    """A kind of case or a signal."""

    code: Code
    name: Words
    meaning: Words
    basis: tuple[Basis, ...]
    station: Words


class Signal(Meaning):
    """A signal, with the words one of which a text that has it must hold."""

    needs: tuple[Words, ...] = ()
    lookalikes: tuple[Words, ...] = ()


class SignalTable(Entry):
    """The file of kinds and signals."""

    schema_: Literal[1] = Field(alias="schema")
    version: Words
    kinds: tuple[Meaning, ...] = Field(alias="kind")
    signals: tuple[Signal, ...] = Field(alias="signal")

    @property
    def kind_names(self) -> dict[str, str]:
        """Chinese name of each kind by code."""
        return {kind.code: kind.name for kind in self.kinds}

    @property
    def signal_names(self) -> dict[str, str]:
        """Chinese name of each signal by code."""
        return {signal.code: signal.name for signal in self.signals}


class Authority(Entry):
    """An authority that matters outside the remit belong to."""

    code: Code
    name: Words
    local: Words | None = None
    handles: Words
    law: Code | None = None
    articles: Words | None = None
    status: Status
    station: Words

    @property
    def shown(self) -> str:
        """What it is called here: its local name, where one is given."""
        return self.local or self.name


class AuthorityTable(Entry):
    """The file of authorities."""

    schema_: Literal[1] = Field(alias="schema")
    version: Words
    authorities: tuple[Authority, ...] = Field(alias="authority")

    @property
    def names(self) -> dict[str, str]:
        """What each authority is called here, by code."""
        return {authority.code: authority.shown for authority in self.authorities}


@functools.cache
def load_signals(path: Path | None = None) -> SignalTable:
    """Read and check the file of kinds and signals, the shipped one by default; the same path is read once.

    Raises:
        RulesError: The file cannot be read or breaks a rule; the message names line and key.
    """
    file = table_path("signals.toml") if path is None else path
    source = read_source(file, SIGNALS_TITLE, RulesError)
    table = parse_table(source, file, SignalTable, SIGNALS_TITLE, RulesError)
    _check_codes(file, source, "kind", [item.code for item in table.kinds], KINDS, SIGNALS_TITLE)
    _check_codes(file, source, "signal", [item.code for item in table.signals], SIGNALS, SIGNALS_TITLE)
    for number, signal in enumerate(table.signals):
        for name in ("needs", "lookalikes"):
            place = Place(SIGNALS_TITLE, file, source, ("signal", number, name))
            patterns = getattr(signal, name)
            for pattern in patterns:
                refuse_pattern(pattern, place, RulesError, movable=True)
            for joined in joined_branches(patterns):
                refuse_pattern(joined, place, RulesError, shown=f"各条合在一起时，{'、'.join(patterns)}")
    named = [("kind", n, item.basis) for n, item in enumerate(table.kinds)]
    named += [("signal", n, item.basis) for n, item in enumerate(table.signals)]
    for of, number, basis in named:
        for part in basis:
            _check_law(file, source, (of, number, "basis"), part.law, SIGNALS_TITLE)
    return table


@functools.cache
def load_authorities(path: Path | None = None) -> AuthorityTable:
    """Read and check the file of authorities, the shipped one by default; the same path is read once.

    Raises:
        RulesError: The file cannot be read or breaks a rule; the message names line and key.
    """
    file = table_path("authorities.toml") if path is None else path
    source = read_source(file, AUTHORITIES_TITLE, RulesError)
    table = parse_table(source, file, AuthorityTable, AUTHORITIES_TITLE, RulesError)
    codes = [item.code for item in table.authorities]
    _check_codes(file, source, "authority", codes, AUTHORITIES, AUTHORITIES_TITLE)
    for number, item in enumerate(table.authorities):
        if item.law is not None:
            _check_law(file, source, ("authority", number, "law"), item.law, AUTHORITIES_TITLE)
    return table


def _check_codes(file: Path, source: str, of: str, codes: list[str], fixed: tuple[str, ...], title: str) -> None:
    """Refuse codes other than the fixed ones, which are the model's, in their order.

    Raises:
        RulesError: They differ; the message names the first place.
    """
    for number, code in enumerate(codes):
        if number >= len(fixed) or code != fixed[number]:
            wanted = fixed[number] if number < len(fixed) else "到此为止"
            raise RulesError(
                f"{Place(title, file, source, (of, number, 'code'))}：这里不该是 {code}",
                expected=wanted, fix="代码与次序是模型的列，改回原样；名称可以随意改",
            )  # fmt: skip
    if len(codes) < len(fixed):
        raise RulesError(f"{title} {file} 里没有 {fixed[len(codes)]}", fix="补上这一张表")


def joined_branches(patterns: tuple[str, ...]) -> list[str]:
    """Return expressions of which one finds any of ``patterns``.

    Branches that begin with a plain character are put together apart from the others: the engine then passes over
    whatever begins with none of these, several times as fast.
    """
    branches = [branch for pattern in patterns for branch in _branches(pattern)]
    plain = [branch for branch in branches if PLAIN.match(branch)]
    others = [branch for branch in branches if not PLAIN.match(branch)]
    return ["|".join(some) for some in (plain, others) if some]


def _branches(pattern: str) -> list[str]:
    """Return the branches of a pattern, those within brackets left together."""
    depth, begin, found = 0, 0, []
    marks = SET.sub(lambda found: "." * len(found[0]), ESCAPED.sub("..", pattern))
    for place, mark in enumerate(marks):
        depth += (mark == "(") - (mark == ")")
        if mark == "|" and depth == 0:
            found.append(pattern[begin:place])
            begin = place + 1
    return [*found, pattern[begin:]]


def _check_law(file: Path, source: str, loc: tuple[str, int, str], law: str, title: str) -> None:
    """Refuse a law that the taxonomy file does not know.

    Raises:
        RulesError: It does not.
    """
    place = Place(title, file, source, loc)
    refuse_unknown([law], load_taxonomy().laws_by_id, place, RulesError, missing="领域表里没有法规")
