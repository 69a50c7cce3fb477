"""``tousu weekly``: a ledger in, what piled up in a week out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from tousu.cli.console import out, say_json, speaks
from tousu.cli.ledger_options import Columns, columns_of, tell_reading
from tousu.cli.typer_zh import App

app = App()


@app.command()
@speaks
def weekly(
    ledger: Annotated[Path, typer.Argument(metavar="LEDGER", help="台账：.xlsx、.csv、.jsonl、.parquet 等。")],
    week: Annotated[
        str | None, typer.Option(metavar="年-W周", help="哪一周，如 2026-W20；不写为台账的最后一周。")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="写出的网页。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="把结果印成 JSON。")] = False,
    column: Columns = None,
    back: Annotated[int, typer.Option(min=1, max=52, help="与前几周比较。")] = 8,
    reading: Annotated[
        Literal["fast", "careful"],
        typer.Option(
            help="快读（fast）只看词句；精读（careful）再用编码器比对，每条约 40 毫秒。", envvar="TOUSU_READING"
        ),
    ] = "fast",
) -> None:
    """找出台账里一周的热点事项和被投诉最多的企业，附每家企业的约谈提纲。"""
    from tousu.weekly.build import WeekOptions, to_json
    from tousu.weekly.page import points, write_week

    options = WeekOptions(week=week, wanted=columns_of(column), back=back, careful=reading == "careful")
    figures = write_week(ledger, output, options)
    tell_reading([figures["columns"], *figures["unread"]], figures["undated"])
    if as_json:
        say_json(to_json(figures))
        return
    for point in points(figures):
        out().print(point)
    if output is not None:
        out().print(f"网页已写入 {output}")
