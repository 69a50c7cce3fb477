"""``tousu backup``: the service's database in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tousu.cli.console import out, say_json, speaks
from tousu.cli.typer_zh import App
from tousu_service.commands.operator import opened, operator

app = App()


@app.command()
@speaks
def backup(
    target: Annotated[Path, typer.Argument(metavar="文件", help="写到哪个文件；已有的不覆盖。")],
    as_json: Annotated[bool, typer.Option("--json", help="印成 JSON。")] = False,
) -> None:
    """备份数据库到一个文件（只有本人可读），服务不用停；写完即核对。模型目录请另行复制。"""
    from tousu_service.store.backup import backup as written

    with opened() as (store, _):
        rows = written(store, target.absolute(), by=operator())
    if as_json:
        say_json({"file": str(target.absolute()), "rows": rows})
        return
    counted = "，".join(f"{name} {count} 行" for name, count in rows.items())
    out().print(f"已备份到 {target.absolute()}：{counted}。里面有投诉原文，请按同样的要求保管。")
