"""``tousu calendar``: the working days that clocks count on, and the yearly notice taken into them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tousu.cli.console import out, show_table, speaks, table
from tousu.cli.due import CalendarFile, ClockFile, Today
from tousu.cli.ledger_options import Columns, columns_of, day_or_today
from tousu.cli.typer_zh import App

if TYPE_CHECKING:
    import datetime

    from tousu.clock.workdays import WorkCalendar

app = App(no_args_is_help=True, help="工作日历：看放假安排，导入新一年的放假通知。")


@app.command()
@speaks
def show(
    year: Annotated[int, typer.Argument(metavar="年", help="哪一年。")],
    calendar: CalendarFile = None,
) -> None:
    """列出一年里的放假日和调休上班日，并说明是已公布的还是推算的。"""
    from tousu.clock.workdays import WEEKDAYS, load_calendar

    found = load_calendar(calendar)
    state = (
        "已公布"
        if year in found.announced
        else "暂定：放假通知未导入，按法定节假日推算"
        if year in found.computed
        else "没有这一年"
    )
    out().print(f"{year} 年：{state}")
    made = table("日期", "星期", "安排", "节日", "来源", whole=("日期", "星期", "安排"))
    for day, told in sorted(found.days.items()):
        if day.year == year:
            made.add_row(f"{day}", WEEKDAYS[day.weekday()], told.plan, told.holiday, told.source)
    if made.row_count:
        show_table(made)


@app.command("import")
@speaks
def import_notice(
    notice: Annotated[
        Path, typer.Argument(metavar="FILE", help="放假通知的文字（.txt），或 日期,安排,节日,来源 的 csv。")
    ],
    calendar: CalendarFile = None,
    ledger: Annotated[Path | None, typer.Option("--ledger", help="顺便列出这份台账里到期日变了的案件。")] = None,
    today: Today = None,
    column: Columns = None,
    clocks: ClockFile = None,
) -> None:
    """导入一年的放假通知，列出哪些日子变了；给了台账的，列出哪些案件的到期日变了。"""
    from tousu.clock.legal_days import read_festivals
    from tousu.clock.notice import imported, moved_days, read_notice, read_or_default, write_days
    from tousu.clock.workdays import WEEKDAYS, WorkCalendar

    days = read_or_default(calendar)
    told, festivals = read_notice(notice), read_festivals()
    before, table_now = WorkCalendar(days, festivals), imported(days, told)
    after = WorkCalendar(table_now, festivals)
    changed = None
    if ledger is not None:
        changed = _moved(ledger, before, after, columns_of(column), day_or_today(today), clocks)
    written = write_days(table_now, calendar)
    years = "、".join(str(year) for year in sorted({day.year for day in told}))
    moved = moved_days(before, after)
    out().print(f"已导入 {years} 年的安排，{len(told)} 天；与原来不同的 {len(moved)} 天；写入 {written}")
    for day, worked in moved:
        out().print(f"{day} 星期{WEEKDAYS[day.weekday()]}　改为{'上班' if worked else '放假'}")
    if changed is not None:
        out().print(f"到期日变了的 {len(changed)} 项")
        for line in changed:
            out().print(line)


def _moved(
    ledger: Path,
    before: WorkCalendar,
    after: WorkCalendar,
    columns: dict[str, str],
    today: datetime.date,
    clocks: Path | None,
) -> list[str]:
    """Return in Chinese the open clocks of a ledger that end on another day."""
    from tousu.clock.due import DueOptions, clocks_of
    from tousu.ledger.read import read_ledger

    read, options = read_ledger(ledger, columns), DueOptions(today=today, clocks=clocks)
    pairs = zip(clocks_of(read, options, before).lines, clocks_of(read, options, after).lines, strict=True)
    return [
        f"第 {old.row} 行 {old.id or ''} {old.name}：{old.due} → {new.due}"
        for old, new in pairs
        if old.due != new.due and new.state != "done"
    ]
