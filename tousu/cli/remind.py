"""``tousu remind``: whoever handles a case that is due soon or overdue is told, once a day."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tousu.cli.console import FAILED, err, out, show_table, speaks, table
from tousu.cli.due import CalendarFile, ClockFile, Today, show_lines
from tousu.cli.ledger_options import Columns, columns_of, day_or_today
from tousu.cli.typer_zh import App

if TYPE_CHECKING:
    from tousu.remind.notices import Notices
    from tousu.remind.run import Reminded

app = App()


@app.command()
@speaks
def remind(
    ledger: Annotated[Path, typer.Argument(metavar="LEDGER", help="台账：.xlsx、.csv、.jsonl、.parquet 等。")],
    settings: Annotated[Path, typer.Option("--settings", help="提醒设置（.toml）：发给谁、怎么发。")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只印出会发什么，不发，也不记。")] = False,
    sent: Annotated[bool, typer.Option("--sent", help="只列出已发的记录。")] = False,
    today: Today = None,
    column: Columns = None,
    clocks: ClockFile = None,
    calendar: CalendarFile = None,
) -> None:
    """把临期、超期的案件按承办人提醒：邮件、企业微信、钉钉、飞书或网址；一天一件一次，不含投诉内容。"""
    from tousu.remind.settings import load_settings

    loaded = load_settings(settings)
    if sent:
        from tousu.remind.run import log_path

        _show_log(log_path(loaded, settings))
        return
    from tousu.clock.due import DueOptions, clocks_of
    from tousu.ledger.read import read_ledger
    from tousu.remind.notices import notices_of
    from tousu.remind.run import remind as run

    read = read_ledger(ledger, columns_of(column))
    for line in (read.said, *read.unread()):
        err().print(line)
    if loaded.default is None:
        read.needs("officer")
    found = clocks_of(read, DueOptions(today=day_or_today(today), clocks=clocks, calendar=calendar))
    for line in found.said:
        err().print(line)
    show_lines([line for line in found.lines if line.state == "unknown"])
    out().print(found.counts_said)
    if dry_run:
        _show_plan(notices_of(read, found, loaded))
        return
    done = run(read, found, loaded, settings, calendar=calendar)
    _show_done(done)
    if done.failed or done.unclear:
        raise typer.Exit(FAILED)


def _show_plan(plan: Notices) -> None:
    """Print what would go out."""
    for notice in plan.notices:
        out().print(f"—— 发给 {notice.officer}（{notice.channel}：{notice.target}）")
        for line in notice.text.splitlines():
            out().print(line)
    _show_homeless(plan.homeless)
    out().print(f"共 {len(plan.notices)} 份，没有发出（--dry-run）")


def _show_done(done: Reminded) -> None:
    """Print what went out."""
    if done.resting:
        out().print("今天不是工作日，没有发（workdays_only）")
        return
    for notice in done.sent:
        out().print(f"已发 {notice.officer}（{notice.channel}：{notice.target}）{len(notice.items)} 件")
    for notice, reason in done.failed:
        err().print(
            f"没有发出 {notice.officer}（{notice.channel}：{notice.target}）{len(notice.items)} 件：{reason}；下次运行再发"
        )
    for notice, reason in done.unclear:
        err().print(
            f"不知是否送到 {notice.officer}（{notice.channel}：{notice.target}）{len(notice.items)} 件：{reason}；今天不再发"
        )
    _show_homeless(done.homeless)
    out().print(
        f"发出 {len(done.sent)} 份，失败 {len(done.failed)} 份，不明 {len(done.unclear)} 份；今天早先已提醒 {done.before} 件次"
    )


def _show_homeless(homeless: dict[str, int]) -> None:
    """Print whom the settings have no address for."""
    if homeless:
        told = "、".join(f"{name} {count} 件" for name, count in homeless.items())
        err().print(f"设置里没有地址，没人收到：{told}；在设置里加 [[officer]] 或 [default]")


def _show_log(path: Path) -> None:
    """Print the log."""
    from tousu.remind.sent import logged

    states = {"sent": "已发", "failed": "失败", "unclear": "不明", "sending": "正在发", "claimed": "待发"}
    made = table("日期", "承办人", "渠道", "地址", "件数", "状态", "时间", "原因", whole=("日期", "件数", "状态"))
    for entry in logged(path):
        when = (entry.ended_at or entry.claimed_at)[:19]
        made.add_row(
            entry.day,
            entry.officer,
            entry.channel,
            entry.target,
            str(entry.cases),
            states[entry.state],
            when,
            entry.reason,
        )
    show_table(made)
