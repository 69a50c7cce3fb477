"""The rows of a ledger by the day they came, for whatever counts weeks or months."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import polars as pl

from tousu.errors import ColumnMissing, FileError
from tousu.ledger.read import wrong_said

if TYPE_CHECKING:
    from tousu.ledger.read import Ledger

CAME = ("received", "accepted", "filed")  # what tells when a case came, the first that the ledger has


def dated_rows(ledger: Ledger) -> pl.DataFrame:
    """Return the rows that have a day, which stands in a column ``day``.

    Raises:
        ColumnMissing: The ledger has no column of texts or of days.
        FileError: No row has a day that can be read.
    """
    day = day_column(ledger)
    rows = ledger.rows.filter(pl.col(day).is_not_null()).with_columns(pl.col(day).alias("day"))
    if rows.is_empty():
        raise FileError(
            f"{ledger.name} 没有一行的日期读得出", expected="如 2026-05-11 的日期",
            fix="；".join(wrong_said(ledger.wrong)) or "补上日期",
        )  # fmt: skip
    return rows


def last_day(dated: pl.DataFrame, today: datetime.date) -> datetime.date:
    """Return the last day of rows with days that is not in the future; the last of all where every day is."""
    past = dated.filter(pl.col("day") <= today)
    last = (past if len(past) else dated)["day"].max()
    assert isinstance(last, datetime.date)
    return last


def day_column(ledger: Ledger) -> str:
    """Return the field that tells when cases came, after a check that the ledger has texts too.

    Raises:
        ColumnMissing: It has neither, or none of the two.
    """
    if "text" not in ledger.columns:
        raise ColumnMissing(
            f"{ledger.name} 中没有认出投诉内容一列", expected="叫作 投诉内容、问题描述、诉求内容 之类的列",
            fix=f"{ledger.said}；改列名，或用 --column 投诉内容=列名 指定",
        )  # fmt: skip
    found = next((name for name in CAME if name in ledger.columns), None)
    if found is None:
        ledger.needs("received")
    return found or "received"
