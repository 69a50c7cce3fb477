"""Which cases somebody should look at first: the station's rules over domain, kind, route, signals and amount."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from tousu.case_codes import AUTHORITIES, KINDS, SIGNALS
from tousu.errors import RulesError
from tousu.resources import table_path
from tousu.taxonomy import Code, Words, load_taxonomy
from tousu.toml_tables import Entry, Place, parse_table, read_source, refuse_unknown

TITLE = "关注规则"
CONDITIONS = ("signals", "any_signal", "domains", "kinds", "routes", "amount_from")


class Rule(Entry):
    """A rule: where everything it asks holds, the case gets its level and its reason."""

    level: Literal["watch", "urgent"]
    reason: Words
    signals: tuple[Code, ...] = ()
    any_signal: tuple[Code, ...] = ()
    domains: tuple[Code, ...] = ()
    kinds: tuple[Code, ...] = ()
    routes: tuple[Code, ...] = ()
    amount_from: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not any(getattr(self, name) not in ((), None) for name in CONDITIONS):
            raise ValueError("没有写条件，这样的规则对每件都成立")
        return self


class AttentionRules(Entry):
    """The whole file."""

    schema_: Literal[1] = Field(alias="schema")
    version: Words
    rules: tuple[Rule, ...] = Field(alias="rule", default=())


@functools.cache
def load_attention(path: Path | None = None) -> AttentionRules:
    """Read and check the rules, the shipped ones by default; the same path is read once.

    Raises:
        RulesError: The file cannot be read, or a key or a code in it is not known; the message names line and key.
    """
    file = table_path("attention.toml") if path is None else path
    source = read_source(file, TITLE, RulesError)
    table = parse_table(source, file, AttentionRules, TITLE, RulesError)
    known = {
        "signals": SIGNALS, "any_signal": SIGNALS, "domains": load_taxonomy().codes, "kinds": KINDS,
        "routes": AUTHORITIES,
    }  # fmt: skip
    for number, rule in enumerate(table.rules):
        for name, codes in known.items():
            refuse_unknown(getattr(rule, name), codes, Place(TITLE, file, source, ("rule", number, name)), RulesError)
    return table
