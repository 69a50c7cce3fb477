"""What typer says in English, in Chinese: help pages and complaints about the command line. The one place for both."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Callable

    from tousu.errors import UsageError

Run = TypeVar("Run", bound="Callable[..., Any]")

PIECES = {"[OPTIONS]": "[选项]", "COMMAND [ARGS]...": "命令 …"}
TYPES: dict[object, str | None] = {
    str: "文字", list[str]: "文字", int: "整数", float: "数", Path: "路径", list[Path]: "路径", bool: None,
}  # fmt: skip
PANELS = {
    "ARGUMENTS_PANEL_TITLE": "参数", "OPTIONS_PANEL_TITLE": "选项", "COMMANDS_PANEL_TITLE": "命令",
    "DEFAULT_STRING": "[默认 {}]", "ENVVAR_STRING": "[环境变量 {}]", "REQUIRED_LONG_STRING": "[必填]",
}  # fmt: skip
SENTENCES = (
    (r"Missing argument '(.+?)'\..*", "缺少参数 {0}"),
    (r"Missing option '(.+?)'\..*", "缺少选项 {0}"),
    (r"Missing command\.", "没有写命令"),
    (r"No such option: (\S+) \(Possible options: (.+)\)", "没有选项 {0}，是不是要写 {1}"),
    (r"No such option: (.+)", "没有选项 {0}"),
    (r"No such command '(.+?)'\..*", "没有命令 {0}"),
    (r"Got unexpected extra argument\(s\) \((.+)\)", "多出了参数 {0}"),
    (r"Option '(.+?)' does not take a value\.", "选项 {0} 后面不带值"),
    (r"Option '(.+?)' requires an argument\.", "选项 {0} 后面缺少值"),
    (r"Option '(.+?)' requires (\d+) arguments\.", "选项 {0} 后面应有 {1} 个值"),
    (r"Argument '(.+?)' takes (\d+) values\.", "参数 {0} 应有 {1} 个值"),
    (r"Invalid value for '(.+?)'(?: \(env var: '(.+?)'\))?: .*", "{0} 的值不对"),
)
VALUES = (
    (r".* is not one of (.+)\.", "{0} 之一"),
    (r".* does not match the formats .+\.", "日期，如 2026-04-15"),
)


class Chinese:
    """What a command and a group have in common: their help in Chinese."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return ``--help`` with our words."""
        option: Any = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = "显示这页说明。"
        return option

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the line that shows how the command is called."""
        pieces = [PIECES.get(piece, piece) for piece in self.collect_usage_pieces(ctx)]  # type: ignore[attr-defined]
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix="用法：")

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page; what draws it is imported only now."""
        _teach_typer()
        for param in self.get_params(ctx):  # type: ignore[attr-defined]
            vars(param)["display_type_rich"] = _type_of(param)
        super().format_help(ctx, formatter)  # type: ignore[misc]


@functools.cache
def _teach_typer() -> None:
    """Give what draws the help pages our words, and let it break Chinese, which has no spaces, instead of cutting it."""
    from rich.text import Text
    from typer import rich_utils

    drawn = rich_utils._make_rich_text

    def folded(**options: Any) -> Any:
        made = drawn(**options)
        if isinstance(made, Text):
            made.overflow = "fold"
        return made

    for name, value in {**PANELS, "_make_rich_text": folded}.items():
        setattr(rich_utils, name, value)


class Command(Chinese, TyperCommand):
    """A command."""


class Group(Chinese, TyperGroup):
    """A command with commands below it."""


class App(typer.Typer):
    """An application whose help is in Chinese and whose shells complete nothing."""

    def __init__(self, *, cls: type[TyperGroup] = Group, **options: Any) -> None:
        super().__init__(cls=cls, add_completion=False, pretty_exceptions_enable=False, **options)

    def command(
        self, name: str | None = None, *, cls: type[TyperCommand] | None = None, **options: Any
    ) -> Callable[[Run], Run]:
        """Make a function a command."""
        return super().command(name, cls=cls or Command, **options)


def complaint(error: typer.TyperException) -> UsageError:
    """Return in Chinese what is wrong with a command line, what was expected, and where to read on."""
    from tousu.errors import UsageError

    told = _translated(error.format_message(), SENTENCES) or "命令行写得不对"
    ctx: Any = getattr(error, "ctx", None)
    if ctx is None:
        return UsageError(told, expected=_wanted(error))
    expected = _wanted(error)
    if isinstance(ctx.command, TyperGroup):
        expected = f"命令 {'、'.join(ctx.command.list_commands(ctx))} 之一"
    usage = " ".join(ctx.command.get_usage(ctx).split()).removeprefix("用法：")
    return UsageError(told, expected=expected, fix=f"写成 {usage}，详见 {ctx.command_path} --help")


def _wanted(error: typer.TyperException) -> str:
    """Return what a wrong value should have been, empty where no value is wrong."""
    from tousu.messages import value_reason

    cause: Any = error.__cause__
    if cause is None or not hasattr(cause, "errors"):  # pydantic's, which reads the values
        return ""
    first = cause.errors(include_url=False)[0]
    told = _translated(str(first["msg"]), VALUES) or re.sub("^应为? ?", "", value_reason(first))
    return told.replace("', '", "、").replace("'", "")


def _translated(message: str, table: tuple[tuple[str, str], ...]) -> str:
    """Return the Chinese for an English message, empty where the table has none."""
    for pattern, words in table:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found:
            return words.format(*((part or "").replace(", ", "、") for part in found.groups()))
    return ""


def _type_of(param: Any) -> Callable[..., str | None]:
    """Return what tells the help page which values a parameter takes."""
    plain = param.type_descriptor.annotation
    known = plain in TYPES and not param.type_descriptor.is_choice
    told = (TYPES[plain] and f"<{TYPES[plain]}>") if known else param.display_type(None)
    return lambda **_: told
