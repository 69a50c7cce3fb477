"""How every command speaks: where words go, how an error ends it."""

from __future__ import annotations

import functools
import json
import os
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from tousu.errors import FileError, TousuError
from tousu.messages import ODD, printable, system_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.table import Table

Params = ParamSpec("Params")
Result = TypeVar("Result")

FAILED = 1
INTERRUPTED = 130
BLOCK = 1000  # lines printed at a time
UNBOUNDED = 1000  # columns: what goes to a file or a program has no edge to break at


class Plain(Console):
    """A console that takes every string as it stands: no markup, no emoji names, control characters spelled out.

    What it prints are names and reasons that users, files and other programs gave. Our own colours are ``Text``.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """Return the string as text; every string printed, on its own or in a table, comes by here."""
        return super().render_str(printable(text), **(options | {"markup": False, "emoji": False}))


def out() -> Console:
    """Return the console for results (standard output)."""
    return _console(terminal=sys.stdout.isatty())


def err() -> Console:
    """Return the console for progress and errors (standard error)."""
    return _console(terminal=sys.stderr.isatty(), stderr=True)


def _console(*, terminal: bool, stderr: bool = False) -> Console:
    width = None if terminal or "COLUMNS" in os.environ else UNBOUNDED
    return Plain(stderr=stderr, soft_wrap=not terminal, width=width, markup=False, emoji=False, highlight=False)


def table(*headings: str, title: str | None = None, whole: tuple[str, ...] = ()) -> Table:
    """Return a table without lines in which long values go on in the next line instead of being cut.

    Args:
        headings: The columns.
        title: What stands above.
        whole: Headings of the columns whose values, all short, must stay on one line.
    """
    from rich.table import Column, Table

    columns = (Column(heading, overflow="fold", no_wrap=heading in whole) for heading in headings)
    return Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)


def show_table(made: Table) -> None:
    """Print a table on standard output, within its width."""
    out().print(made, soft_wrap=False)


def say_json(value: object, *, stderr: bool = False, default: Callable[[Any], object] | None = None) -> None:
    """Print a value as one line of JSON that any program reads and no terminal obeys."""
    typer.echo(_json_line(value, default), err=stderr)


def say_json_lines(values: Iterable[object]) -> None:
    """Print values as lines of JSON on standard output, many at a time: a ledger has hundreds of thousands."""
    lines = map(_json_line, values)
    while block := list(islice(lines, BLOCK)):
        typer.echo("\n".join(block))


def _json_line(value: object, default: Callable[[Any], object] | None = None) -> str:
    """Return a value as one line of JSON that no terminal obeys."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False, default=default)
    return ODD.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def say_error(error: TousuError) -> None:
    """Print a named error as one Chinese line."""
    code = (f"({error.code})", "dim")
    err().print(Text.assemble(("错误", "red"), " ", code, " ", printable(str(error))))


def speaks(command: Callable[Params, Result]) -> Callable[Params, Result]:
    """Wrap a command so that a named error becomes one Chinese line and exit code 1."""

    @functools.wraps(command)
    def wrapped(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        try:
            return command(*args, **kwargs)
        except TousuError as error:
            say_error(error)
            raise typer.Exit(FAILED) from error
        except BrokenPipeError:
            raise  # nobody reads on; typer ends quietly
        except OSError as error:
            where = f"{error.filename}：" if error.filename is not None else ""
            say_error(FileError(f"{where}{system_reason(error)}", fix="检查路径、权限与磁盘空间"))
            raise typer.Exit(FAILED) from error

    return wrapped
