"""``tousu consult``: rows of a ledger in, a sheet for the meeting on them out."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Annotated

import typer

from tousu.cli.console import err, out, speaks
from tousu.cli.ledger_options import DAY, Columns, columns_of, day_or_today, fresh_output
from tousu.cli.typer_zh import App
from tousu.errors import UsageError

app = App()
ROWS = re.compile(r"\d{1,9}(-\d{1,9})?([,，、]\d{1,9}(-\d{1,9})?)*")
MOST = 200  # cases on one sheet


@app.command()
@speaks
def consult(
    ledger: Annotated[Path, typer.Argument(metavar="LEDGER", help="台账，任何格式。")],
    rows: Annotated[str, typer.Option(metavar="行号", help="哪几条，如 3,7,12 或 3-9；第一条数据是 1。")],
    output: Annotated[Path, typer.Option("--output", "-o", help="写出的 .docx。")] = Path("会商单.docx"),
    date: Annotated[
        datetime.datetime | None, typer.Option(formats=DAY, metavar="日期", help="会商的日期；不写用今天。")
    ] = None,
    title: Annotated[str, typer.Option(help="标题。")] = "会商单",
    column: Columns = None,
    examples: Annotated[
        Path | None, typer.Option("--examples", metavar="目录", help="只用这个目录的案例；不写用随附的和本站的。")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="覆盖已有的文件。")] = False,
) -> None:
    """为几件来件写出会商单：案件、事实、期限、当日有效的依据、相近案例、待议问题，会商记录留空待填。"""
    from tousu.examples.read import load_examples
    from tousu.examples.search import ExampleIndex
    from tousu.files.sink import write_whole
    from tousu.joint.consult import consult_sheet, write_consult
    from tousu.joint.of_ledger import clocks_on
    from tousu.ledger.read import read_ledger
    from tousu.ledger.tags import shipped_classifier
    from tousu.letters.of_ledger import cases_of

    final = fresh_output(output, ledger, force=force)
    day = day_or_today(date)
    read = read_ledger(ledger, columns_of(column))
    err().print(read.said)
    cases = cases_of(read, numbers_of(rows))
    index = ExampleIndex(load_examples(examples), shipped_classifier())
    sheet = consult_sheet(cases, day, clocks=clocks_on(read, day), index=index)
    with write_whole(final) as file:
        file.write(write_consult(sheet, title))
    for number, question in enumerate(sheet.questions, 1):
        out().print(f"{number}. {question}")
    out().print(f"会商单已写入 {output}，相近案例：{'、'.join(example.id for example in sheet.examples) or '无'}")


def numbers_of(written: str) -> list[int]:
    """Return the row numbers that ``3,7,12`` or ``3-9`` means, each once, ascending.

    Raises:
        UsageError: It is written otherwise, a range runs backwards, or it means too many.
    """
    if not ROWS.fullmatch(written.replace(" ", "")):
        raise UsageError(f"--rows {written} 写法不对", expected="3,7,12 或 3-9", fix="改正行号")
    found: set[int] = set()
    for part in re.split("[,，、]", written.replace(" ", "")):
        begin, _, end = part.partition("-")
        first, last = int(begin), int(end or begin)
        if last < first:
            raise UsageError(
                f"--rows {written} 里的 {part} 不成范围", expected=f"从小到大，如 {last}-{first}", fix="改正行号"
            )
        if last - first < MOST:
            found |= set(range(first, last + 1))
        if last - first >= MOST or len(found) > MOST:
            raise UsageError(f"--rows {written} 太多", expected=f"最多 {MOST} 件", fix="分几次会商")
    return sorted(found)
