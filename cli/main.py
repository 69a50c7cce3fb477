"""The command ``tousu`` and its parts. Each command's module is loaded only when it runs."""

from __future__ import annotations

import gc
import importlib
from typing import Any

import typer

from cli.words import App, Group, complaint

COMMANDS = {
    "serve": "cli.serve",
    "train": "cli.train",
    "evaluate": "cli.evaluate",
    "tag": "cli.tag",
    "report": "cli.report",
    "keys": "cli.keys",
    "models": "cli.models",
    "doctor": "cli.doctor",
}


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
            app: typer.Typer = importlib.import_module(COMMANDS[cmd_name]).app
        finally:
            gc.enable()
        command: Any = typer.main.get_command(app)
        command.name = cmd_name
        return command


app = App(cls=LazyGroup, no_args_is_help=True, help="投诉文本分类：打标签、训练、评估、服务。")


@app.callback()
def tousu() -> None:
    """投诉文本分类：打标签、训练、评估、服务。."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line, that of the process by default; return the exit code."""
    try:
        return int(app(arguments, standalone_mode=False) or 0)
    except typer.TyperException as error:
        if error.format_message():  # a group called without a command has shown its help instead
            from cli.console import say_error

            say_error(complaint(error))
        return error.exit_code
    except typer.Abort:
        return 1
