"""``tousu monthly``: a ledger in, the month's lists for supervision out."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer

from tousu.cli.console import out, say_json, speaks
from tousu.cli.ledger_options import DAY, Columns, columns_of, tell_reading
from tousu.cli.typer_zh import App

app = App()


@app.command()
@speaks
def monthly(
    ledger: Annotated[Path, typer.Argument(metavar="LEDGER", help="台账：.xlsx、.csv、.jsonl、.parquet 等。")],
    month: Annotated[
        str | None, typer.Option(metavar="年-月", help="哪个月，如 2026-05；不写为台账的最后一个月。")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="写成工作簿（.xlsx）或网页（.html），看结尾。")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="把结果印成 JSON。")] = False,
    today: Annotated[
        datetime.datetime | None, typer.Option(formats=DAY, metavar="日期", help="月份未完时按哪一天算；不写为今天。")
    ] = None,
    column: Columns = None,
) -> None:
    """列出台账里一个月的重复、疑难、不满意、超期件，各写明原因和承办人，与上月比较。"""
    from tousu.monthly.build import MonthOptions, to_json
    from tousu.monthly.page import points, write_month

    options = MonthOptions(month=month, wanted=columns_of(column), today=today.date() if today else None)
    figures = write_month(ledger, output, options)
    tell_reading([figures["columns"], *figures["unread"]], figures["undated"])
    if as_json:
        say_json(to_json(figures))
        return
    for point in points(figures):
        out().print(point)
    if output is not None:
        out().print(f"已写入 {output}")
