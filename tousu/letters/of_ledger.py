"""Rows of a ledger by number, and what one tells for a letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from tousu.clock.ends import ends_of
from tousu.clock.states import told_kind
from tousu.errors import UsageError
from tousu.letters.facts import CaseFacts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tousu.ledger.read import Ledger

# Material order 121 art. 10 asks of a complaint, by the column that would tell it.
MATERIAL = {"complainant": "姓名等真实身份信息", "telephone": "联系电话", "respondent": "被投诉人的名称（姓名）、地址"}


def cases_of(ledger: Ledger, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return some rows of a ledger with their tags, the ledger's own or the classifier's, and leave only these in it.

    Args:
        ledger: The ledger.
        numbers: The data rows, from 1 on.

    Raises:
        UsageError: One is not there.
    """
    known = ledger.rows["row"].to_list()
    missing = sorted(set(numbers) - set(known))
    if missing:
        raise UsageError(
            f"{ledger.name} 里没有第 {'、'.join(map(str, missing[:10]))} 行",
            expected=f"1 至 {max(known, default=0)} 的数据行，第一行是 1", fix="改正行号",
        )  # fmt: skip
    ledger.rows = ledger.rows.filter(pl.col("row").is_in(list(numbers)))
    ledger.rows = ledger.with_tags()
    return list(ledger.rows.iter_rows(named=True))


def facts_of(row: Mapping[str, Any], columns: Mapping[str, str]) -> CaseFacts:
    """Return what a ledger's row tells for a letter, with the ends of its periods by the clock.

    Args:
        row: A row of ``Ledger.rows``, tagged.
        columns: The ledger's columns by field.
    """
    kind = kind_of(row)
    ends = ends_of(row, kind)
    lacking = [words for name, words in MATERIAL.items() if name in columns and not row[name]]
    return CaseFacts(
        kind=kind,
        domain=row["tousu_primary"],
        route=row["tousu_route"],
        number=row["case"],
        sender=row["complainant"],
        respondent=row["respondent"],
        text=row["text"],
        channel=row["source"],
        officer=row["officer"],
        received=row["received"],
        accepted=row["accepted"],
        terminated=row["ended"],
        closed=row["closed"],
        due={code: end.due for code, end in ends.items()},
        provisional=any(end.provisional for end in ends.values()),
        lacking=tuple(lacking) if kind not in ("report", "petition") else (),
    )


def kind_of(row: Mapping[str, Any]) -> str:
    """Return the kind of case a row is: what the ledger itself tells, as for its clocks, else what the classifier says."""
    return told_kind(row) or row["tousu_kind"] or "complaint"
