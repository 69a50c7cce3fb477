"""``tousu letter``: a ledger's row in, a letter to sign out; templates checked."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer

from tousu.cli.console import err, out, show_table, speaks, table
from tousu.cli.ledger_options import DAY, Columns, columns_of, day_or_today, fresh_output, pairs_of
from tousu.cli.typer_zh import App
from tousu.errors import UsageError

app = App()


@app.command()
@speaks
def letter(
    ledger: Annotated[Path | None, typer.Argument(metavar="LEDGER", help="台账，任何格式。")] = None,
    row: Annotated[int | None, typer.Option(min=1, help="第几条数据，第一条是 1。")] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="哪种文书：accept 受理、refuse 不予受理、supplement 补充材料、no_jurisdiction 不属职责、"
            "end_mediation 终止调解、report_result 举报结果、handover 移送；也可写文书的中文名。"
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="写出的 .docx；不写用 文书名-行号.docx。")
    ] = None,
    ground: Annotated[int | None, typer.Option(min=1, help="不予受理属于第 16 条第几项。")] = None,
    own: Annotated[
        list[str] | None, typer.Option("--set", metavar="字段=内容", help="由您写明的字段，可重复；有哪些见 --fields。")
    ] = None,
    date: Annotated[
        datetime.datetime | None, typer.Option(formats=DAY, metavar="日期", help="落款日期；不写用今天。")
    ] = None,
    templates: Annotated[
        Path | None, typer.Option(metavar="目录", help="本单位的模板目录；不写用本站的，没有则用随附的。")
    ] = None,
    column: Columns = None,
    force: Annotated[bool, typer.Option("--force", help="覆盖已有的文件。")] = False,
    check: Annotated[
        Path | None, typer.Option("--check", metavar="目录", help="只检查模板目录：字段、法规在 --date 那天是否有效。")
    ] = None,
    fields: Annotated[bool, typer.Option("--fields", help="列出模板可用的字段和依据。")] = False,
) -> None:
    """由台账的一行写出告知文书（Word），依据取收件之日有效的法规，不知道的留作黄色的【待填】。不会自动发出。"""
    day = day_or_today(date)
    if fields:
        _list_fields(templates)
    elif check is not None:
        _check(check, day)
    else:
        if ledger is None or row is None or kind is None:
            raise UsageError("缺少台账、行号或文书种类", expected="tousu letter 台账.xlsx --row 3 --kind accept")
        _write(
            ledger,
            row,
            kind,
            output,
            ground,
            pairs_of(own, "--set", "字段=内容，如 文号=市监投受〔2026〕7号"),
            day,
            templates,
            columns_of(column),
            force=force,
        )


def _write(
    path: Path,
    number: int,
    kind: str,
    output: Path | None,
    ground: int | None,
    own: dict[str, str],
    day: datetime.date,
    templates: Path | None,
    columns: dict[str, str],
    *,
    force: bool,
) -> None:
    """Write one letter and say what is left to fill in."""
    from tousu.files.sink import write_whole
    from tousu.ledger.read import read_ledger, wrong_said
    from tousu.letters.facts import Wording
    from tousu.letters.of_ledger import cases_of, facts_of
    from tousu.letters.table import load_letters
    from tousu.letters.write import make_letter

    name = load_letters(templates).letter(kind).name
    target = output or Path(f"{name}-{number}.docx")
    final = fresh_output(target, path, force=force)
    ledger = read_ledger(path, columns)
    err().print(ledger.said)
    for said in wrong_said([cell for cell in ledger.wrong if cell.row == number]):
        err().print(f"读不成日期，留作待填：{said}")
    (row,) = cases_of(ledger, [number])
    facts = facts_of(row, ledger.columns)
    made = make_letter(kind, facts, Wording(date=day, ground=ground, own=own), templates)
    with write_whole(final) as file:
        file.write(made.data)
    for remark in made.remarks:
        err().print(f"请注意：{remark}")
    if made.blanks:
        out().print(f"待填：{'、'.join(made.blanks)}")
    out().print(f"{made.name}已写入 {target}")


def _check(folder: Path, day: datetime.date) -> None:
    """Check a directory of letters and say what was found."""
    from tousu.letters.template import check_folder

    for checked in check_folder(folder, day):
        out().print(f"{checked.path.name}：{day} 可用，{len(checked.fields)} 个字段，{len(checked.points)} 处依据")
        for note in checked.notes:
            out().print(f"  请注意：{note}")


def _list_fields(templates: Path | None) -> None:
    """Show what a template may name."""
    from tousu.letters.facts import FIELDS, POINTS
    from tousu.letters.table import load_letters

    made = table("写法", "是什么", whole=("写法",))
    for name, meaning in FIELDS.items():
        made.add_row(f"{{{{ {name} }}}}", meaning)
    for point in load_letters(templates).points:
        made.add_row(f"{{{{ {POINTS}.{point.name} }}}}", "当日有效的法规与条款")
    made.add_row("{{ 法规.order121 }}", "领域表里的一部法规，按代码")
    show_table(made)
