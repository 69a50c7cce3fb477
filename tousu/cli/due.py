"""``tousu due``: a ledger in, the clock of every open case out."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tousu.cli.console import err, out, say_json_lines, show_table, speaks, table
from tousu.cli.ledger_options import DAY, Columns, columns_of, day_or_today
from tousu.cli.typer_zh import App
from tousu.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.clock.case import Line
    from tousu.clock.due import Due
    from tousu.ledger.read import Ledger

app = App()
SHOWN = 40
Today = Annotated[datetime.datetime | None, typer.Option(formats=DAY, metavar="日期", help="按哪一天算；不写为今天。")]
ClockFile = Annotated[Path | None, typer.Option("--clocks", help="期限表；不写用本站的，没有则用随附的。")]
CalendarFile = Annotated[Path | None, typer.Option("--calendar", help="放假安排表；不写用本站的，没有则用随附的。")]


@app.command()
@speaks
def due(
    ledger: Annotated[Path, typer.Argument(metavar="LEDGER", help="台账：.xlsx、.csv、.jsonl、.parquet 等。")],
    today: Today = None,
    as_json: Annotated[bool, typer.Option("--json", help="一行一个 JSON，已办结的也在内。")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="另写成工作簿（.xlsx）。")] = None,
    soon: Annotated[int | None, typer.Option(min=0, help="剩几个工作日算临期；不写按期限表。")] = None,
    column: Columns = None,
    clocks: ClockFile = None,
    calendar: CalendarFile = None,
) -> None:
    """算出台账里每一件现在走到哪个法定期限、哪天到期、还剩几天。"""
    from tousu.clock.due import DueOptions, clocks_of
    from tousu.ledger.read import read_ledger

    read = read_ledger(ledger, columns_of(column))
    found = clocks_of(read, DueOptions(today=day_or_today(today), clocks=clocks, calendar=calendar, soon=soon))
    said = [read.said, *read.unread()]
    if output is not None:
        _write(found, read, ledger, output, said)
    for line in [*said, *found.said]:
        err().print(line)
    if as_json:
        say_json_lines(line.to_dict() for line in found.lines)
    else:
        _show(found)
        if output is not None:
            out().print(f"已写入 {output}")


def _write(found: Due, read: Ledger, ledger: Path, output: Path, said: list[str]) -> None:
    """Write the workbook.

    Raises:
        FileError: It cannot be written, or would replace the ledger.
        UsageError: The name's ending is no workbook's.
    """
    from tousu.clock.workbook import write_workbook
    from tousu.files.sink import refuse_input, target_of

    if output.suffix.lower() != ".xlsx":
        raise UsageError(f"-o 写成 {output.name}，不是工作簿", expected="以 .xlsx 结尾的文件名")
    refuse_input(ledger, target_of(output))
    officers = dict(read.rows.select("row", "officer").iter_rows())
    write_workbook(found, officers, output, said)


def _show(found: Due) -> None:
    """Print the most urgent clocks and the counts."""
    show_lines(found.urgent())
    out().print(found.counts_said)


def show_lines(lines: Sequence[Line]) -> None:
    """Print the first of some clocks as a table that fits into 80 columns; nothing where there are none."""
    from tousu.clock.due import STATE_NAMES

    made = table("状态", "行", "编号", "期限", "到期日", "剩", "说明", whole=("状态", "行", "到期日", "剩"))
    for line in lines[:SHOWN]:
        left = "" if line.days_left is None else str(line.days_left)
        day = "" if line.due is None else f"{line.due:%Y-%m-%d}"
        made.add_row(STATE_NAMES[line.state], str(line.row), line.id or "", line.name, day, left, line.reason)
    if lines:
        show_table(made)
    if len(lines) > SHOWN:
        out().print(f"只列出前 {SHOWN} 项，其余 {len(lines) - SHOWN} 项见 tousu due 的 --json 或 -o 工作簿")
