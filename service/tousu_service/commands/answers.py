"""``tousu answers``: what people answered, as labelled rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tousu.cli.console import err, speaks
from tousu.cli.typer_zh import App
from tousu_service.commands.operator import opened, operator

app = App()


@app.command()
@speaks
def answers(
    output: Annotated[Path, typer.Argument(metavar="OUTPUT.jsonl", help="写到哪里；已有的会被替换。")],
) -> None:
    """导出人工答复与更正为标注行，供 tousu loop 与 tousu train 使用；含投诉内容，只有自己可读，导出记入审计。"""
    from tousu_service.jobs.answers import write_answers

    with opened() as (store, _):
        count = write_answers(store, output, actor=operator())
    err().print(f"{count} 条答复已写入 {output}")
