"""How every command speaks: where words go, how an error ends it."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import typer
from rich.console import Console

from classifier.errors import TousuError

if TYPE_CHECKING:
    from collections.abc import Callable

Params = ParamSpec("Params")
Result = TypeVar("Result")

FAILED = 1
INTERRUPTED = 130


def out() -> Console:
    """Return the console for results (standard output)."""
    return Console(soft_wrap=not sys.stdout.isatty(), highlight=False)


def err() -> Console:
    """Return the console for progress and errors (standard error)."""
    return Console(stderr=True, soft_wrap=not sys.stderr.isatty(), highlight=False)


def speaks(command: Callable[Params, Result]) -> Callable[Params, Result]:
    """Wrap a command so that a named error becomes one Chinese line and exit code 1."""

    @functools.wraps(command)
    def wrapped(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        try:
            return command(*args, **kwargs)
        except TousuError as error:
            err().print(f"[red]错误[/red] [dim]({error.code})[/dim] {error}", markup=True)
            raise typer.Exit(FAILED) from error

    return wrapped
