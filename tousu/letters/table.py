"""The table of letters: which there are, on what law each step rests, how the station is called."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from tousu.case_codes import AUTHORITIES
from tousu.errors import RulesError
from tousu.resources import table_path
from tousu.taxonomy import Basis, Code, Words, load_taxonomy
from tousu.toml_tables import Entry, Place, parse_table, read_source, refuse_unknown

if TYPE_CHECKING:
    import datetime
    from collections.abc import Collection
    from pathlib import Path

TITLE = "告知文书表"
NAME = "letters.toml"
LetterKind = Literal[
    "accept", "refuse", "supplement", "no_jurisdiction", "end_mediation", "report_result", "handover"
]  # fmt: skip
CaseKind = Literal["complaint", "report", "both", "consult", "other"]


class Station(Entry):
    """What the station is called in its letters; what is empty stays a blank to fill in."""

    authority: str = ""
    office: str = ""
    phone: str = ""
    address: str = ""
    intake: str = ""


class Letter(Entry):
    """One kind of letter and its template."""

    kind: LetterKind
    name: Words
    template: Words
    cases: tuple[CaseKind, ...] = Field(min_length=1)


class PointBasis(Basis):
    """Articles a step rests on; only for some kinds of case, domains or authorities where those are given."""

    cases: tuple[CaseKind, ...] = ()
    domains: tuple[Code, ...] = ()
    authorities: tuple[Code, ...] = ()


class Point(Entry):
    """A step of the procedure and what it rests on, in every version of the law."""

    name: Words
    basis: tuple[PointBasis, ...] = Field(min_length=1)


class Ground(Entry):
    """A ground on which a complaint is not accepted."""

    item: int = Field(gt=0)
    law: Code
    articles: Words
    text: Words


class LetterTable(Entry):
    """The whole file."""

    schema_: Literal[1] = Field(alias="schema")
    version: Words
    station: Station
    letters: tuple[Letter, ...] = Field(alias="letter", min_length=1)
    points: tuple[Point, ...] = Field(alias="point", min_length=1)
    grounds: tuple[Ground, ...] = Field(alias="ground", min_length=1)

    def letter(self, kind: str) -> Letter:
        """Return a letter by its kind's code or its Chinese name.

        Raises:
            RulesError: There is none.
        """
        for letter in self.letters:
            if kind in (letter.kind, letter.name):
                return letter
        known = "、".join(f"{letter.kind}（{letter.name}）" for letter in self.letters)
        raise RulesError(f"没有这种文书：{kind}", expected=known, fix="改正文书种类")

    def point(self, name: str) -> Point:
        """Return a step of the procedure by its name.

        Raises:
            RulesError: There is none.
        """
        for point in self.points:
            if name == point.name:
                return point
        known = "、".join(point.name for point in self.points)
        raise RulesError(
            f"{TITLE}里没有{name}的依据", expected=f"已有的：{known}", fix=f"在 {NAME} 里补上这一步的 [[point]]"
        )

    def ground_on(self, item: int, day: datetime.date) -> Ground | None:
        """Return the ground of this number in the law that holds on ``day``; None if that law's is not recorded.

        Raises:
            RulesError: No law has a ground of this number.
        """
        numbered = [ground for ground in self.grounds if ground.item == item]
        if not numbered:
            known = "、".join(f"{ground.item} {ground.text}" for ground in self.grounds)
            raise RulesError(f"没有第 {item} 项不予受理的情形", expected=known, fix="改正 --ground")
        return next((ground for ground in numbered if load_taxonomy().laws_by_id[ground.law].holds_on(day)), None)


def default_folder() -> Path:
    """Return the directory of the letters: the station's own, ``letters`` in ``TOUSU_TABLES_DIR``, else the shipped one.

    Raises:
        SettingsError: There is no such directory of own tables.
    """
    return table_path(f"letters/{NAME}").parent


@functools.cache
def load_letters(folder: Path | None = None) -> LetterTable:
    """Read and check the table of a directory of letters, that of ``default_folder`` by default; the same is read once.

    Raises:
        RulesError: It cannot be read or breaks a rule; the message names line and key.
    """
    file = (default_folder() if folder is None else folder) / NAME
    source = read_source(file, TITLE, RulesError)
    table = parse_table(source, file, LetterTable, TITLE, RulesError)
    for of, ids in (
        ("letter", [letter.kind for letter in table.letters]),
        ("point", [point.name for point in table.points]),
        ("ground", [f"{ground.law} {ground.item}" for ground in table.grounds]),
    ):
        twice = next((n for n, item in enumerate(ids) if item in ids[:n]), None)
        if twice is not None:
            raise RulesError(f"{Place(TITLE, file, source, (of, twice))}：{ids[twice]} 出现了两次", fix="删去或改名")
    _check_pointers(file, source, table)
    return table


def _check_pointers(file: Path, source: str, table: LetterTable) -> None:
    """Refuse laws, domains and authorities that there are not.

    Raises:
        RulesError: One is not there; the message names it.
    """
    codes, laws = load_taxonomy().codes, load_taxonomy().laws_by_id
    pointers: list[tuple[tuple[str, int, str], str, tuple[str, ...], Collection[str]]] = []
    for n, point in enumerate(table.points):
        for part in point.basis:
            loc = ("point", n, "basis")
            pointers += [(loc, "领域表里没有法规", (part.law,), laws), (loc, "领域表里没有领域", part.domains, codes)]
            pointers.append((loc, "转办部门表里没有部门", part.authorities, AUTHORITIES))
    pointers += [(("ground", n, "law"), "领域表里没有法规", (at.law,), laws) for n, at in enumerate(table.grounds)]
    for loc, missing, found, known in pointers:
        refuse_unknown(found, known, Place(TITLE, file, source, loc), RulesError, missing=missing)
