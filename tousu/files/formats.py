"""Formats: which one a file has, by the ending of its name."""

from __future__ import annotations

from pathlib import Path

from tousu.errors import FormatUnknown
from tousu.files.source import PIPE, packing_of

LINE_FORMATS = (".jsonl", ".csv", ".tsv")
FORMATS = (*LINE_FORMATS, ".xlsx", ".parquet")
ALIASES = {".ndjson": ".jsonl", ".json": ".jsonl", ".txt": ".tsv", ".pq": ".parquet", ".xlsm": ".xlsx"}

# Other programs' workbooks, and Excel's of other kinds.
OTHER_SHEETS = (".ett", ".numbers", ".xlt", ".xltx", ".xltm")
# These are read, and written as .xlsx.
READ_AS_XLSX = (".xls", ".xlsb", ".ods", ".et")
MACROS = ".xlsm"


def ending_of(name: str) -> str:
    """Return the format's ending of a file name, without ``.gz`` or ``.zst``; nothing if it is none of ours."""
    packing = packing_of(name)
    ending = Path(name[: len(name) - len(packing)]).suffix.lower()
    ending = ALIASES.get(ending, ending)
    return ending if ending in FORMATS else ""


def is_read_as_xlsx(name: str) -> bool:
    """Return whether a file is another program's workbook, whose output is .xlsx."""
    return Path(name).suffix.lower() in READ_AS_XLSX


def format_of(source: str, output: str, told: str | None) -> str:
    """Return the format of a run: input and output have the same.

    Args:
        source: The input's name or ``-``.
        output: The output's name or ``-``.
        told: The format the user named, for names that do not tell.

    Raises:
        FormatUnknown: No ending tells, or input and output differ.
    """
    named = {name: ending_of(name) for name in (source, output) if name != PIPE}
    if is_read_as_xlsx(source):
        named[source] = ".xlsx"
    if is_read_as_xlsx(output):
        raise FormatUnknown(
            f"结果不能写成 {Path(output).suffix}",
            expected="输出文件名以 .xlsx 结尾",
            fix=f"把输出改名为 {Path(output).with_suffix('.xlsx').name}",
        )
    wanted = ending_of(f"x.{told.lstrip('.')}") if told else ""
    if told and not wanted:
        raise FormatUnknown(f"不认识的格式：{told}", expected="、".join(FORMATS), fix="改正 --format")
    unknown = [name for name, ending in named.items() if not ending]
    if unknown and not wanted:
        if Path(unknown[0]).suffix.lower() in OTHER_SHEETS:
            raise FormatUnknown(
                f"不能读写 {Path(unknown[0]).suffix} 工作簿",
                expected="、".join(FORMATS),
                fix="用 Excel 或 WPS 打开后另存为 .xlsx",
            )
        raise FormatUnknown(
            f"看不出 {Path(unknown[0]).name} 是什么格式",
            expected="、".join(FORMATS),
            fix="改文件名的后缀，或用 --format 指明",
        )
    endings = {wanted} if wanted else set(named.values())
    if not endings:
        return ".jsonl"
    if len(endings) > 1:
        raise FormatUnknown(
            f"输入是 {named[source]}，输出是 {named[output]}", expected="两者格式相同", fix="输出文件用与输入相同的后缀"
        )
    form = endings.pop()
    if form == ".xlsx" and output.lower().endswith(MACROS) and not source.lower().endswith(MACROS):
        raise FormatUnknown(
            f"结果不能写成 {MACROS}：输入是没有宏的工作簿",
            expected="输出文件名以 .xlsx 结尾",
            fix=f"把输出改名为 {Path(output).with_suffix('.xlsx').name}",
        )
    packed = [name for name in named if packing_of(name)]
    if form not in LINE_FORMATS and packed:
        raise FormatUnknown(f"{form} 不能再套 .gz 或 .zst", expected=f"普通的 {form} 文件", fix="先解压")
    return form
