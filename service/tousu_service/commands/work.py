"""``tousu work``: the worker of background jobs; ``tousu serve`` starts it by itself."""

from __future__ import annotations

from typing import Annotated

import typer

from tousu.cli.console import speaks
from tousu.cli.typer_zh import App

app = App()


@app.command()
@speaks
def work(
    idle: Annotated[
        float | None, typer.Option(min=0.0, help="多少秒没有任务就结束；不写则一直等。", metavar="秒")
    ] = None,
) -> None:
    """做后台任务：标注交来的文件、训练、发通知。tousu serve 有任务时会自己开一个；单独运行则放在另一台机器上。"""
    from tousu_service.jobs.worker import work as run
    from tousu_service.settings import load_settings

    run(load_settings(), idle_seconds=idle)
