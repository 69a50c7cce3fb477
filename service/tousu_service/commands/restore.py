"""``tousu restore``: a backup put in the database's place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tousu.cli.console import out, say_json, speaks
from tousu.cli.typer_zh import App
from tousu_service.commands.operator import operator

app = App()


@app.command()
@speaks
def restore(
    source: Annotated[Path, typer.Argument(metavar="文件", help="tousu backup 写出的文件。")],
    as_json: Annotated[bool, typer.Option("--json", help="印成 JSON。")] = False,
) -> None:
    """核对一份备份后放回数据库；先停服务。原来的 SQLite 文件改名留在旁边。备份之后吊销的密钥要重新吊销。"""
    from tousu_service.settings import load_settings
    from tousu_service.store.backup import restore as put_back

    rows = put_back(load_settings().database_url, source.absolute(), by=operator())
    if as_json:
        say_json({"rows": rows})
        return
    counted = "，".join(f"{name} {count} 行" for name, count in rows.items())
    out().print(f"已恢复：{counted}。请用 tousu keys list 查看密钥：备份之后吊销的要重新吊销。")
