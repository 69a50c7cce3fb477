"""The taxonomy: domains, borders, laws with their dates, deadlines. Loaded and checked once, at start."""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from tousu.errors import TaxonomyError
from tousu.resources import data_root
from tousu.toml_tables import Entry, Place, parse_table, read_source

if TYPE_CHECKING:
    from collections.abc import Iterable

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Status = Literal["confirmed", "partly", "from_memory"]
TITLE = "领域表"
UNITS = {"workday": "个工作日", "calendar": "日"}  # of periods, behind their number
Nature = Literal["售后服务", "合同", "质量", "虚假宣传", "安全", "价格", "假冒", "人格权益", "计量", "其他"]


class Dated(Entry):
    """Something that holds from a day to a day, both included; an absent end is open."""

    valid_from: datetime.date | None = None
    valid_to: datetime.date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to 早于 valid_from")
        return self

    def holds_on(self, day: datetime.date) -> bool:
        """Return whether it holds on ``day``."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


class Law(Dated):
    """One version of a legal instrument, with how sure its data are and where they come from."""

    id: Code
    title: Words
    number: str
    replaces: Code | None = None
    status: Status
    source: str


class Basis(Entry):
    """Articles of a law a domain rests on."""

    law: Code
    articles: Words


class Exclusion(Entry):
    """What does not belong to a domain, and which one it belongs to."""

    what: Words
    goes_to: Code


class Domain(Entry):
    """One domain: what it covers, where it ends, who handles it and how."""

    code: Code
    name: Words
    group: Words
    definition: Words
    includes: tuple[Words, ...] = Field(min_length=1)
    excludes: tuple[Exclusion, ...]
    wording: tuple[Words, ...] = Field(min_length=1)
    department: Words
    legal_basis: tuple[Basis, ...]
    handling: tuple[Words, ...]
    cca: tuple[Nature, ...] = Field(min_length=1)


class Rule(Entry):
    """A boundary rule between domains."""

    id: int
    text: Words
    domains: tuple[Code, ...]


class Deadline(Dated):
    """A legal time limit; what starts the clock is ``starts`` (key ``from`` in the file)."""

    id: Code
    kind: Words
    days: int | None = Field(default=None, gt=0)
    years: int | None = Field(default=None, gt=0)
    unit: Literal["workday", "calendar"]
    starts: Words = Field(alias="from")
    law: Code
    article: Words
    extend: int | None = Field(default=None, gt=0)
    approval: Words | None = None
    status: Status

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.days is None) == (self.years is None):
            raise ValueError("days 与 years 应当且只应当写一个")
        return self


class Referral(Entry):
    """Which department a matter outside the remit goes to."""

    matter: Words
    department: Words
    law: Code | None = None
    articles: Words | None = None
    status: Status


class Taxonomy(Entry):
    """The whole file."""

    schema_: Literal[1] = Field(alias="schema")
    version: Words
    title: Words
    fallback: Code
    laws: tuple[Law, ...] = Field(alias="law")
    domains: tuple[Domain, ...] = Field(alias="domain", min_length=2)
    rules: tuple[Rule, ...] = Field(alias="rule", default=())
    deadlines: tuple[Deadline, ...] = Field(alias="deadline", default=())
    referrals: tuple[Referral, ...] = Field(alias="referral", default=())

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the domains in the file's order, which is the model's order of columns."""
        return tuple(domain.code for domain in self.domains)

    @property
    def names(self) -> dict[str, str]:
        """Chinese name by code."""
        return {domain.code: domain.name for domain in self.domains}

    @functools.cached_property
    def laws_by_id(self) -> dict[str, Law]:
        """The laws by id."""
        return {law.id: law for law in self.laws}

    def laws_of(self, basis: Iterable[Basis], day: datetime.date | None = None) -> list[tuple[Law, str]]:
        """Return the laws, with their articles, that something rests on; with a day, only those that hold on it."""
        laws = self.laws_by_id
        pairs = [(laws[part.law], part.articles) for part in basis]
        return [(law, articles) for law, articles in pairs if day is None or law.holds_on(day)]

    @property
    def sha256(self) -> str:
        """Hash of what a model depends on: the codes, their order and the fallback, not the wording."""
        return hashlib.sha256(json.dumps([self.codes, self.fallback]).encode()).hexdigest()

    def basis_on(self, code: str, day: datetime.date) -> list[tuple[Law, str]]:
        """Return the laws (with articles) that domain ``code`` rests on and that hold on ``day``.

        Raises:
            TaxonomyError: There is no such domain.
        """
        for domain in self.domains:
            if domain.code == code:
                return self.laws_of(domain.legal_basis, day)
        raise TaxonomyError(f"没有领域 {code}", expected="、".join(self.codes))


def default_path() -> Path:
    """Return the path of the shipped taxonomy."""
    return data_root() / "data" / "taxonomy.toml"


@functools.cache
def load_taxonomy(path: Path | None = None) -> Taxonomy:
    """Read and check a taxonomy file, the shipped one by default; the same path is read once.

    Raises:
        TaxonomyError: The file cannot be read or breaks a rule; the message names line, key and what to do.
    """
    file = default_path() if path is None else path
    source = read_source(file, TITLE, TaxonomyError)
    taxonomy = parse_table(source, file, Taxonomy, TITLE, TaxonomyError)
    _check_references(file, source, taxonomy)
    return taxonomy


def _check_references(file: Path, source: str, taxonomy: Taxonomy) -> None:
    """Refuse ids that stand twice or point nowhere.

    Raises:
        TaxonomyError: One does; the message names it.
    """
    laws = [law.id for law in taxonomy.laws]
    domains = list(taxonomy.codes)
    for what, ids in (("law", laws), ("domain", domains), ("deadline", [item.id for item in taxonomy.deadlines])):
        twice = next((item for item in ids if ids.count(item) > 1), None)
        if twice:
            raise TaxonomyError(
                f"领域表 {file}：{what} 中 {twice} 出现了两次", expected="每个代码一次", fix="删去或改名"
            )
    pointers: list[tuple[tuple[int | str, ...], str, list[str]]] = [(("fallback",), taxonomy.fallback, domains)]
    for n, domain in enumerate(taxonomy.domains):
        pointers += [(("domain", n, "excludes"), item.goes_to, domains) for item in domain.excludes]
        pointers += [(("domain", n, "legal_basis"), item.law, laws) for item in domain.legal_basis]
    pointers += [
        (("rule", n, "domains"), code, domains) for n, rule in enumerate(taxonomy.rules) for code in rule.domains
    ]
    pointers += [(("law", n, "replaces"), law.replaces, laws) for n, law in enumerate(taxonomy.laws) if law.replaces]
    pointers += [(("deadline", n, "law"), item.law, laws) for n, item in enumerate(taxonomy.deadlines)]
    pointers += [(("referral", n, "law"), item.law, laws) for n, item in enumerate(taxonomy.referrals) if item.law]
    for loc, target, known in pointers:
        if target not in known:
            raise TaxonomyError(f"{Place(TITLE, file, source, loc)}：{target} 不存在", fix="改成已有的代码，或先添上它")
