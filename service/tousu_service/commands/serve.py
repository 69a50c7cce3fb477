"""``tousu serve``: the HTTP service."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tousu.cli.console import FAILED, err, speaks
from tousu.cli.typer_zh import App, Command
from tousu_service.server.listener import bound

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from types import FrameType

    from tousu_service.settings import Settings

PREFIX = "TOUSU_"


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
    port = listener.getsockname()[1]
    where = f"[{settings.host}]" if ":" in settings.host else settings.host
    err().print(f"tousu 监听 http://{where}:{port}{settings.root_path}/ ，正在载入模型 …")
    if not settings.on_loopback:
        _check_door(settings)
    # The workers are processes of their own and read their settings from the environment.
    given = {"host": settings.host, "port": port, "workers": settings.workers, "model": settings.model}
    os.environ.update({PREFIX + name.upper(): str(value) for name, value in given.items() if value is not None})
    with _run_dir(settings) as shared:
        os.environ.update(shared)
        _run(settings, listener)


def _check_door(settings: Settings) -> None:
    """Refuse to stand open, before any worker starts."""
    from tousu_service.auth.guard import check_door
    from tousu_service.store import Store

    store = Store.open(settings.database_url)
    try:
        store.migrate()
        check_door(settings, store)
    finally:
        store.close()


@contextmanager
def _run_dir(settings: Settings) -> Iterator[dict[str, str]]:
    """Give the environment that tells several workers where to share their numbers."""
    if settings.workers == 1:
        yield {}
        return
    directory = tempfile.mkdtemp(prefix="tousu-run-")
    try:
        yield {"TOUSU_RUN_DIR": directory, "PROMETHEUS_MULTIPROC_DIR": directory}
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _run(settings: Settings, listener: socket.socket) -> None:
    """Run the workers until they are told to stop.

    Raises:
        typer.Exit: They could not start.
    """
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from tousu_service.server.protocol import Protocol
    from tousu_service.telemetry import logs

    config = uvicorn.Config(
        "tousu_service.app:from_environment", factory=True, workers=settings.workers, loop="uvloop", ws="none",
        http=Protocol, lifespan="on", log_config=None, access_log=False, server_header=False,
        date_header=False, forwarded_allow_ips=settings.trusted_proxies, timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )  # fmt: skip
    if settings.workers > 1:
        logs.configure(settings)
        Multiprocess(config, sockets=[listener]).run()
        return
    # uvicorn raises the signal that stopped it once more when all is done: that is our regular end.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, _leave)
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    if not server.started:
        raise typer.Exit(FAILED)


def _leave(number: int, frame: FrameType | None) -> None:
    """End the process as one that has done its work."""
    del number, frame
    sys.exit(0)
