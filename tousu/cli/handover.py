"""``tousu handover``: a ledger in, a hand-over sheet for each other authority out."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer

from tousu.cli.console import err, out, say_json, show_table, speaks, table
from tousu.cli.ledger_options import DAY, Columns, columns_of, day_or_today, fresh_output
from tousu.cli.typer_zh import App

app = App()
SHOWN = 20  # rows on no sheet that are named; JSON has all


@app.command()
@speaks
def handover(
    ledger: Annotated[Path, typer.Argument(metavar="LEDGER", help="台账，任何格式。")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="目录", help="清单写到哪个目录，一个部门一份。")
    ] = None,
    date: Annotated[
        datetime.datetime | None, typer.Option(formats=DAY, metavar="日期", help="清单的日期；不写用今天。")
    ] = None,
    column: Columns = None,
    templates: Annotated[
        Path | None, typer.Option(metavar="目录", help="本单位的文书目录，取其中的局名；不写用本站的，没有则用随附的。")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="覆盖已有的清单。")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="印成 JSON，连同多人、多部门的关联。")] = False,
) -> None:
    """按转办建议把不属本部门的来件列成移送清单，一个部门一份；并列出多人反映一家、一家涉及多个部门的。"""
    from tousu.files.sink import write_whole
    from tousu.joint.groups import joint_groups
    from tousu.joint.handover import handover_sheets, unplaced, write_handover
    from tousu.ledger.read import read_ledger
    from tousu.ledger.respondents import firms_of
    from tousu.ledger.tags import shipped_classifier
    from tousu.letters.table import load_letters

    day = day_or_today(date)
    read = read_ledger(ledger, columns_of(column))
    err().print(read.said)
    rows = read.with_tags()
    groups = joint_groups(rows, firms_of(rows, shipped_classifier().simplified))
    sheets = handover_sheets(rows, day, groups, templates)
    left = unplaced(rows)
    if left:
        err().print(
            f"不属本部门、没有列入清单的 {len(left)} 件（没有转办建议，或写的不是转办部门表里的名称）："
            f"台账第 {'、'.join(map(str, left[:SHOWN]))} 行{'等' if len(left) > SHOWN else ''}"
        )
    if output is not None:
        files = [
            fresh_output(output / f"移送清单-{sheet.code}-{day:%Y%m%d}.docx", ledger, force=force) for sheet in sheets
        ]
        output.mkdir(parents=True, exist_ok=True)
        for final, sheet in zip(files, sheets, strict=True):
            with write_whole(final) as file:
                file.write(write_handover(sheet, day, load_letters(templates).station.authority))
    if as_json:
        told = {"sheets": [sheet.to_dict() for sheet in sheets], "groups": [group.to_dict() for group in groups]}
        say_json(told | {"unplaced": left})
        return
    made = table("部门", "件数", "台账行", "职责依据", whole=("件数",))
    for sheet in sheets:
        made.add_row(
            sheet.name, str(len(sheet.cases)), "、".join(str(case.row) for case in sheet.cases), sheet.basis or "未录有"
        )
    if sheets:
        show_table(made)
    for group in groups:
        said = [f"{group.complainants} 人反映"] * group.many + ["涉及多个部门"] * group.several
        out().print(f"{group.firm}：{'，'.join(said)}，台账第 {'、'.join(map(str, group.rows))} 行")
    out().print(f"移送清单 {len(sheets)} 份" + (f"，已写入 {output}" if output is not None and sheets else ""))
