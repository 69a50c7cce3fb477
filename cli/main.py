"""The command ``tousu`` and its parts. Each command's module is loaded only when it runs."""

from __future__ import annotations

import gc
import importlib
from typing import Any

import typer
from typer.core import TyperGroup

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


class LazyGroup(TyperGroup):
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


app = typer.Typer(
    cls=LazyGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="投诉文本分类：打标签、训练、评估、服务。",
)  # fmt: skip


@app.callback()
def tousu() -> None:
    """投诉文本分类：打标签、训练、评估、服务。."""


def main() -> None:
    """Run the command line."""
    app()
