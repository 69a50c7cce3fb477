"""Options of every command that reads a ledger: the day, and which column is what."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer

from tousu.cli.console import err
from tousu.errors import UsageError
from tousu.timezone import today

DAY = ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d"]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="栏目=列名", help="指定某一栏是哪一列，如 承办人=经办；可写多次。"),
]


def tell_reading(told: list[str], undated: int) -> None:
    """Say which columns were found, which days could not be read and how many rows have none."""
    for line in told:
        err().print(line)
    if undated:
        err().print(f"没有可用日期、没有计入的行：{undated:,}")


def fresh_output(output: Path, source: Path, *, force: bool) -> Path:
    """Return the file an output's name stands for, before anything is written.

    Args:
        output: The name.
        source: The ledger, which is never overwritten.
        force: Whether a file of that name is.

    Raises:
        FileError: It is the ledger, a directory, a pipe or a device.
        UsageError: There is a file of that name.
    """
    from tousu.files.sink import refuse_input, target_of

    final = target_of(output)
    refuse_input(source, final)
    if final.exists() and not force:
        raise UsageError(f"{output} 已经存在", expected="还没有的文件名", fix="换一个名字，或加 --force 覆盖它")
    return final


def columns_of(written: list[str] | None) -> dict[str, str]:
    """Return the columns that options ``栏目=列名`` name, by field.

    Raises:
        UsageError: One is written otherwise.
    """
    return pairs_of(written, "--column", "栏目=列名，如 登记时间=来件日")


def pairs_of(written: list[str] | None, option: str, expected: str) -> dict[str, str]:
    """Return what is written as 名称=内容, by name.

    Raises:
        UsageError: One is written otherwise.
    """
    found = {}
    for pair in written or []:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise UsageError(f"{option} {pair} 写得不对", expected=expected, fix="中间用一个 = 隔开")
        found[name.strip()] = value.strip()
    return found


def day_or_today(day: datetime.datetime | None) -> datetime.date:
    """Return the day given, or today in China."""
    return day.date() if day is not None else today()
