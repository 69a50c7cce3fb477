"""``tousu report``: a tagged file in, a page of figures out."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer

from tousu.cli.console import err, out, say_json, speaks
from tousu.cli.ledger_options import DAY
from tousu.cli.typer_zh import App

app = App()


@app.command()
@speaks
def report(
    tagged: Annotated[
        Path,
        typer.Argument(metavar="TAGGED", help="tousu tag 的输出，任何格式，或装着它们的目录。"),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="写出的网页。")] = Path("report.html"),
    since: Annotated[datetime.datetime | None, typer.Option(formats=DAY, metavar="日期", help="起始日（含）。")] = None,
    until: Annotated[datetime.datetime | None, typer.Option(formats=DAY, metavar="日期", help="截止日（含）。")] = None,
    title: Annotated[str, typer.Option(help="标题。")] = "投诉分类统计分析",
    date_column: Annotated[str | None, typer.Option(help="日期列；不写按列名判断。")] = None,
    respondent_column: Annotated[str | None, typer.Option(help="被投诉方的列；不写按列名判断。")] = None,
    text_column: Annotated[str | None, typer.Option(help="投诉内容的列，只用来找重复来件；不写按列名判断。")] = None,
    top: Annotated[int, typer.Option(min=1, max=200, help="被投诉方与重复来件各列多少条。")] = 15,
    no_names: Annotated[bool, typer.Option("--no-names", help="不列出被投诉方的名称。")] = False,
    taxonomy: Annotated[Path | None, typer.Option(help="标注所用的领域表；默认用随附的。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="把数字印成 JSON。")] = False,
) -> None:
    """把标注过的文件统计成一页中文报告：领域、月份、变化、被投诉方、重复来件。"""
    from tousu.report.build import ReportOptions, write_report
    from tousu.report.sentences import highlights
    from tousu.report.tagged import Wanted

    options = ReportOptions(
        since=since.date() if since else None,
        until=until.date() if until else None,
        wanted=Wanted(text=text_column, date=date_column, respondent=respondent_column),
        taxonomy=taxonomy,
        title=title,
        top=top,
        name_respondents=not no_names,
    )
    figures = write_report(tagged, output, options)
    found = figures["columns"]
    said = [
        f"{what}列：{found[key] or '未找到'}"
        for key, what in (("text", "内容"), ("date", "日期"), ("respondent", "被投诉方"))
    ]
    err().print("；".join(said))
    if as_json:
        say_json(figures, default=_plain)
        return
    for point in highlights(figures):
        out().print(point)
    out().print(f"报告已写入 {output}")


def _plain(value: object) -> object:
    """Return a date or a period in the shape JSON has for it."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    return {"since": value.first.isoformat(), "until": value.last.isoformat()}  # type: ignore[attr-defined]
