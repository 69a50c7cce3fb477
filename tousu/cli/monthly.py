"""``tousu monthly``: a ledger in, the month's lists for supervision out."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer

from tousu.cli.console import err, out, say_json, speaks
from tousu.cli.typer_zh import App

app = App()
DAY = ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d"]


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
    column: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="栏目=列名", help="指定某一栏是哪一列，如 登记时间=来件日；可写多次。"),
    ] = None,
) -> None:
    """列出台账里一个月的重复、疑难、不满意、超期件，各写明原因和承办人，与上月比较。"""
    from tousu.cli.ledger_options import columns_of
    from tousu.monthly.build import MonthOptions, to_json
    from tousu.monthly.page import points, write_month

    options = MonthOptions(month=month, wanted=columns_of(column), today=today.date() if today else None)
    figures = write_month(ledger, output, options)
    for line in [figures["columns"], *(f"日期读不出　{line}" for line in figures["wrong"])]:
        err().print(line)
    if figures["undated"]:
        err().print(f"没有可用日期、没有计入的行：{figures['undated']:,}")
    if as_json:
        say_json(to_json(figures))
        return
    for point in points(figures):
        out().print(point)
    if output is not None:
        out().print(f"已写入 {output}")
