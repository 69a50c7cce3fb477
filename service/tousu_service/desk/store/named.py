"""Cases as people name them: by the station's number, or by the desk's own as 第17号."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tousu.errors import Conflict
from tousu_service.desk.numbers import whole_number
from tousu_service.desk.store.lists import beginning, begun_text
from tousu_service.store.desk_tables import case_texts, cases

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 200  # cases of one meeting
BETWEEN = re.compile(r"[\s,，、;；]+")
OWN = re.compile(r"第(\d+)号")


def cases_named(connection: sa.Connection, words: str) -> tuple[int, ...]:
    """Return the cases that somebody named, in the order of their numbers.

    Where a number of the station's came several times, the one that came last is meant. 第17号 always is the desk's;
    a bare 17 may be either, and is refused where it is the one of a case and the other of another.

    Args:
        connection: A transaction.
        words: Numbers of the station's or, as 第17号 or bare, the desk's, with commas or spaces between.

    Raises:
        Conflict: One is not there, may be either of two, there is none, or there are more than ``MOST``.
    """
    told = list(dict.fromkeys(part for part in BETWEEN.split(words) if part))
    if not 0 < len(told) <= MOST:
        raise Conflict(f"写了 {len(told)} 件案件", expected=f"1 到 {MOST} 件的编号", fix="改正案件一栏")
    by_number = _latest(connection, [part for part in told if not OWN.fullmatch(part)])
    own = {part: whole_number(found[1] if (found := OWN.fullmatch(part)) else part) for part in told}
    there = _there(connection, [number for number in own.values() if number is not None])
    found_of = {part: by_number.get(part, own[part] if own[part] in there else None) for part in told}
    for part, number in found_of.items():
        if own[part] in there and own[part] != number:
            raise Conflict(
                f"“{part}”可以是编号为 {part} 的一件，也可以是办案台的第 {own[part]} 号",
                expected=f"“第{number}号”（编号为 {part} 的）或“第{own[part]}号”", fix="写明是哪一件",
            )  # fmt: skip
    missing = [part for part, number in found_of.items() if number is None]
    if missing:
        raise Conflict(
            f"没有编号是 {'、'.join(part[:40] for part in missing[:5])} 的案件", expected="台账里的编号，或“第17号”这样办案台的号",
            fix="改正案件一栏",
        )  # fmt: skip
    return tuple(sorted({number for number in found_of.values() if number is not None}))


def names_of(connection: sa.Connection, numbers: Sequence[int]) -> str:
    """Return the words by which ``cases_named`` finds just these cases; those that are not there are left out."""
    rows = connection.execute(sa.select(cases.c.id, cases.c.number).where(cases.c.id.in_(numbers)).order_by(cases.c.id))
    told = {row.id: row.number for row in rows}
    plain = {
        number: name for number, name in told.items() if name and not BETWEEN.search(name) and not OWN.fullmatch(name)
    }
    by_number = _latest(connection, list(plain.values()))
    own = {number: whole_number(name) for number, name in plain.items()}
    there = _there(connection, [other for other in own.values() if other is not None])
    for number, name in list(plain.items()):
        if by_number.get(name) != number or (own[number] in there and own[number] != number):
            del plain[number]
    return "、".join(plain.get(number, f"第{number}号") for number in told)


def _latest(connection: sa.Connection, names: Sequence[str]) -> dict[str, int]:
    """Return the case of each of the station's numbers, the one that came last where there are several."""
    latest = sa.select(cases.c.number, sa.func.max(cases.c.id).label("id"))
    latest = latest.where(cases.c.number.in_(names), cases.c.state.not_in(("void", "same"))).group_by(cases.c.number)
    return {row.number: row.id for row in connection.execute(latest)}


def _there(connection: sa.Connection, numbers: Sequence[int]) -> set[int]:
    """Return which of the desk's own numbers there are."""
    return set(connection.execute(sa.select(cases.c.id).where(cases.c.id.in_(numbers))).scalars())


def shown(connection: sa.Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return number, name and the beginning of the text of some cases, for a list."""
    query = sa.select(cases.c.id, cases.c.number, cases.c.received, begun_text())
    query = query.join(case_texts, case_texts.c.id == cases.c.id).where(cases.c.id.in_(numbers)).order_by(cases.c.id)
    return [dict(row) | {"text": beginning(row["text"])} for row in connection.execute(query).mappings()]
