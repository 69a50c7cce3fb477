"""The command ``tousu`` and its parts. Each command's module is loaded only when it runs."""

from __future__ import annotations

import gc
import importlib
import importlib.metadata
from typing import Annotated, Any

import typer

from tousu.cli.commands import COMMANDS
from tousu.cli.typer_zh import App, Group, complaint


class LazyGroup(Group):
    """A group whose commands are imported when asked for, so that each starts quickly."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands in the order a user meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return one command; its module's ``app`` is a Typer application."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        gc.disable()  # an import makes next to no garbage, and looking for it takes a fifth of its time
        try:
            app: typer.Typer = importlib.import_module(COMMANDS[cmd_name].module).app
        finally:
            gc.enable()
        command: Any = typer.main.get_command(app)
        command.name = cmd_name
        return command


app = App(cls=LazyGroup, no_args_is_help=True, help="投诉文本分类：打标签、训练、评估、服务。")


def _say_version(wanted: bool) -> None:
    """Print the version and end, where that was asked for."""
    if wanted:
        typer.echo(importlib.metadata.version("tousu"))
        raise typer.Exit


@app.callback()
def tousu(
    version: Annotated[
        bool, typer.Option("--version", help="只显示版本。", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """投诉文本分类：打标签、训练、评估、服务。."""
    del version


def main(arguments: list[str] | None = None) -> int:
    """Run the command line, that of the process by default; return the exit code."""
    try:
        return int(app(arguments, standalone_mode=False) or 0)
    except typer.TyperException as error:
        if error.format_message():  # a group called without a command has shown its help instead
            from tousu.cli.console import say_error

            say_error(complaint(error))
        return error.exit_code
    except typer.Abort:
        return 1
