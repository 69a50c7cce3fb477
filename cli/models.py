"""``tousu models``: which model is live, change it, and which one was."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from classifier.errors import NotFound, SettingsError
from cli.console import out, speaks
from cli.store import opened, operator

if TYPE_CHECKING:
    from service.store.ledger import Activation

app = typer.Typer(no_args_is_help=True, help="在用的模型：查看、启用、回退、查台账。")
Json = Annotated[bool, typer.Option("--json", help="印成 JSON。")]
Why = Annotated[str, typer.Option(help="理由，记入台账。")]


@app.command("list")
@speaks
def list_models(as_json: Json = False) -> None:
    """列出可用的模型和台账最近的记录。"""
    from rich.table import Table

    from service import activation
    from service.store import ledger

    with opened() as (store, settings):
        found = activation.available(settings.models_dir)
        history = ledger.history(store, limit=20)
    live = history[0].version if history else ""
    if as_json:
        models = [{"name": m.name, "path": str(m.path), "version": m.version, "problem": m.problem} for m in found]
        typer.echo(
            json.dumps({"live": live, "models": models, "history": [_row(e) for e in history]}, ensure_ascii=False)
        )
        return
    places = Table("在用", "名称", "版本", "位置", title="模型")
    for m in found:
        places.add_row(
            "●" if m.version and m.version == live else "", m.name, m.version or f"不能用：{m.problem}", str(m.path)
        )
    ledger_table = Table("时刻", "方式", "版本", "操作人", "理由", title="台账")
    for row in map(_row, history):
        ledger_table.add_row(row["at"], row["kind"], row["version"], row["by"], row["why"])
    out().print(places)
    out().print(ledger_table)


@app.command()
@speaks
def activate(path: Annotated[Path, typer.Argument(help="模型目录。")], why: Why = "", as_json: Json = False) -> None:
    """完整检查一个模型后启用它；检查不过则原来的继续服务。各工作进程一秒内跟上，不停机。"""
    from classifier.taxonomy import load_taxonomy
    from service import activation

    with opened() as (store, settings):
        # A bare name means one of the models directory, as GET /v1/models lists them.
        place = path if path.exists() else activation.within(settings.models_dir, str(path))
        entry = activation.activate(store, place, by=operator(), why=why, taxonomy=load_taxonomy())
    _say("已启用", entry, as_json=as_json)


@app.command()
@speaks
def rollback(why: Why = "", as_json: Json = False) -> None:
    """回到当前模型之前在用的那个。"""
    from classifier.taxonomy import load_taxonomy
    from service import activation

    with opened() as (store, _):
        entry = activation.rollback(store, by=operator(), why=why, taxonomy=load_taxonomy())
    _say("已回退到", entry, as_json=as_json)


@app.command()
@speaks
def at(
    time: Annotated[str, typer.Argument(help="时刻，如 2026-04-15T09:30；不带时区的按北京时间。")],
    as_json: Json = False,
) -> None:
    """查过去某一时刻在用的是哪个模型。"""
    from service.moments import to_utc
    from service.store import ledger

    try:
        moment = to_utc(datetime.fromisoformat(time))
    except ValueError as error:
        raise SettingsError(f"时刻 {time} 读不懂", expected="如 2026-04-15T09:30:00+08:00", fix="改正写法") from error
    with opened() as (store, _):
        entry = ledger.at(store, moment)
    if entry is None:
        raise NotFound("台账从这一时刻之后才开始", fix="用 tousu models list 查看台账")
    _say("当时在用", entry, as_json=as_json)


def _say(what: str, entry: Activation, *, as_json: bool) -> None:
    """Print an entry of the ledger."""
    row = _row(entry)
    if as_json:
        typer.echo(json.dumps(row, ensure_ascii=False))
    else:
        out().print(
            f"{what}模型 {entry.version}（{entry.path}），自 {row['at']} 起，{entry.by}：{entry.why}", markup=False
        )


def _row(entry: Activation) -> dict[str, Any]:
    """Return an entry of the ledger as a row to print."""
    from service.moments import local

    return {
        "seq": entry.seq, "at": local(entry.at).isoformat(timespec="seconds"), "kind": entry.kind,
        "version": entry.version, "path": entry.path, "by": entry.by, "why": entry.why,
    }  # fmt: skip
