"""``tousu serve``: the HTTP service."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from tousu.cli.console import FAILED, err, speaks
from tousu.cli.typer_zh import App, Command
from tousu_service.server.listener import bound


def _epilog() -> str:
    """Return the table of settings for the help page."""
    from tousu_service.settings import table

    lines = [
        f"TOUSU_{name.upper()}  {words}" + (f"（默认 {default}）" if default else "")
        for name, default, words in table()
    ]
    return "\n\n".join(["设置：环境变量，或 TOUSU_CONFIG 所指 TOML 文件里的小写名称。", *lines])


class _WithSettings(Command):
    """A command whose help ends with the table of settings, read only when help is asked for."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the table."""
        self.epilog = _epilog()
        super().format_epilog(ctx, formatter)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help with the table."""
        self.epilog = _epilog()
        super().format_help(ctx, formatter)


app = App()


@app.command(cls=_WithSettings)
@speaks
def serve(
    host: Annotated[str | None, typer.Option(help="监听的地址。")] = None,
    port: Annotated[int | None, typer.Option(help="监听的端口。")] = None,
    workers: Annotated[int | None, typer.Option(help="工作进程数。")] = None,
    model: Annotated[Path | None, typer.Option(help="启动时改用这个模型目录。")] = None,
    config: Annotated[Path | None, typer.Option(help="设置文件（TOML）。")] = None,
) -> None:
    """启动 HTTP 服务。Ctrl-C 停止；换模型用 tousu models activate，不必重启。"""
    gc.disable()  # until all is built: a fifth of the time to start
    from tousu_service.settings import CONFIG, load_settings

    if config is not None:
        os.environ[CONFIG] = str(config.absolute())
    settings = load_settings(host=host, port=port, workers=workers, model=model and model.absolute())
    listener = bound(settings)
    where = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{where}:{listener.getsockname()[1]}{settings.root_path}/"
    err().print(f"tousu 监听 {address} ，正在载入模型 …")
    from tousu_service.server import run

    run.check_access(settings)
    if not run.run(settings, listener):
        raise typer.Exit(FAILED)
