"""``tousu models``: which model is live, change it, and which one was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tousu.cli.console import out, say_json, show_table, speaks, table
from tousu.cli.typer_zh import App
from tousu.errors import ModelMissing, NotFound, SettingsError
from tousu_service.commands.operator import opened, operator, shown

if TYPE_CHECKING:
    from tousu_service.store.ledger import Activation
    from tousu_service.store.shadows import Shadow

app = App(no_args_is_help=True, help="在用的模型：查看、启用、回退、查台账。")
Json = Annotated[bool, typer.Option("--json", help="印成 JSON。")]
KINDS = {"start": "启动", "activate": "启用", "rollback": "回退", "fallback": "退回"}
Why = Annotated[str, typer.Option(help="理由，记入台账。")]


@app.command("list")
@speaks
def list_models(as_json: Json = False) -> None:
    """列出可用的模型和台账最近的记录。"""
    from tousu_service.registry import activation
    from tousu_service.store import ledger

    with opened() as (store, settings):
        found = activation.available(settings.models_dir)
        history = ledger.history(store, limit=20)
    live = history[0].version if history else ""
    if as_json:
        models = [{"name": m.name, "path": str(m.path), "version": m.version, "problem": m.problem} for m in found]
        say_json({"live": live, "models": models, "history": [_row(entry) for entry in history]})
        return
    places = table("在用", "名称", "版本", "位置", title="模型", whole=("版本",))
    for m in found:
        mark = "●" if m.version and m.version == live else ""
        places.add_row(mark, m.name, m.version or f"不能用：{m.problem}", str(m.path))
    entries = table("时刻", "方式", "版本", "操作人", "理由", title="台账", whole=("时刻", "方式", "版本"))
    for entry in history:
        entries.add_row(shown(entry.at, seconds=True), KINDS[entry.kind], entry.version, entry.by, entry.why)
    show_table(places)
    show_table(entries)


@app.command()
@speaks
def activate(
    path: Annotated[Path, typer.Argument(metavar="模型", help="模型目录，或 models list 里的名称。")],
    why: Why = "",
    as_json: Json = False,
) -> None:
    """完整检查一个模型后启用它；检查不过则原来的继续服务。各工作进程一秒内跟上，不停机。"""
    from tousu.taxonomy import load_taxonomy
    from tousu_service.registry import activation
    from tousu_service.registry.readable import refuse_unreadable

    with opened() as (store, settings):
        place = path if path.exists() else _named(settings.models_dir, str(path))
        if place.is_dir():
            refuse_unreadable(place, state_dir=settings.state_dir)
        entry = activation.activate(
            store, place, by=operator(), why=why, taxonomy=load_taxonomy(), reading=settings.reading
        )
    _say("已启用", entry, as_json=as_json)


@app.command()
@speaks
def rollback(why: Why = "", as_json: Json = False) -> None:
    """回到当前模型之前在用的那个。"""
    from tousu.taxonomy import load_taxonomy
    from tousu_service.registry import activation

    with opened() as (store, settings):
        entry = activation.rollback(store, by=operator(), why=why, taxonomy=load_taxonomy(), reading=settings.reading)
    _say("已回退到", entry, as_json=as_json)


@app.command("shadow")
@speaks
def shadow_model(
    path: Annotated[Path | None, typer.Argument(metavar="模型", help="模型目录，或 models list 里的名称。")] = None,
    days: Annotated[int, typer.Option(help="最多试跑几天。")] = 7,
    why: Why = "",
    end: Annotated[bool, typer.Option("--end", help="结束试跑。")] = False,
    as_json: Json = False,
) -> None:
    """试跑一个模型：与在用的同标办案台新来的案件，只数不一致的；不写模型则看试跑的结果。"""
    from tousu.taxonomy import load_taxonomy
    from tousu_service.registry import shadow
    from tousu_service.registry.readable import refuse_unreadable
    from tousu_service.store import shadows

    with opened() as (store, settings):
        if end:
            shadows.end(store, by=operator())
        elif path is not None:
            place = path if path.exists() else _named(settings.models_dir, str(path))
            if place.is_dir():
                refuse_unreadable(place, state_dir=settings.state_dir)
            shadow.start(
                store, place, days=days, by=operator(), why=why, taxonomy=load_taxonomy(), reading=settings.reading
            )
        found = shadows.listed(store)
    if as_json:
        say_json([_shadow_row(one) for one in found])
        return
    told = table("版本", "自", "到", "标了", "不一致", "其中旧的自动分派", "最多的几种", title="试跑", whole=("版本",))
    for one in found:
        most = sorted(one.pairs.items(), key=lambda pair: -pair[1])[:3]
        said = "；".join(f"{pair} {count}" for pair, count in most)
        numbers = (str(one.rows), str(one.differ), str(one.auto_differ))
        told.add_row(one.version, shown(one.started_at), shown(one.ended_at or one.until), *numbers, said)
    show_table(told)


@app.command()
@speaks
def at(
    time: Annotated[str, typer.Argument(metavar="时刻", help="时刻，如 2026-04-15T09:30；不带时区的按北京时间。")],
    as_json: Json = False,
) -> None:
    """查过去某一时刻在用的是哪个模型。"""
    from tousu.timezone import parse_moment
    from tousu_service.store import ledger

    try:
        moment = parse_moment(time)
    except ValueError as error:
        raise SettingsError(f"时刻 {time} 读不懂", expected="如 2026-04-15T09:30:00+08:00", fix="改正写法") from error
    if moment > datetime.now(UTC):
        raise SettingsError(
            f"时刻 {time} 还没有到", expected="过去的时刻", fix="改正时刻；现在在用的见 tousu models list"
        )
    with opened() as (store, _):
        entry = ledger.at(store, moment)
    if entry is None:
        raise NotFound("台账从这一时刻之后才开始", fix="用 tousu models list 查看台账")
    _say("当时在用", entry, as_json=as_json)


def _named(models_dir: Path, name: str) -> Path:
    """Return the model directory of a bare name, which means one of the models directory.

    Raises:
        ModelMissing: There is no such model.
    """
    from tousu_service.registry import activation

    try:
        return activation.within(models_dir, name)
    except ModelMissing as error:
        raise ModelMissing(error.found, expected=error.expected, fix="用 tousu models list 查看") from error


def _say(what: str, entry: Activation, *, as_json: bool) -> None:
    """Print an entry of the ledger."""
    if as_json:
        say_json(_row(entry))
        return
    why = f"：{entry.why}" if entry.why.strip() else ""
    out().print(f"{what}模型 {entry.version}（{entry.path}），自 {shown(entry.at, seconds=True)} 起，{entry.by}{why}")


def _shadow_row(one: Shadow) -> dict[str, Any]:
    """Return a model in the shadow as a row to print."""
    from tousu.timezone import local

    return {
        "version": one.version, "path": one.path, "by": one.by, "why": one.why, "rows": one.rows, "differ": one.differ,
        "auto_differ": one.auto_differ, "pairs": one.pairs, "started_at": local(one.started_at).isoformat(),
        "until": local(one.until).isoformat(), "ended_at": one.ended_at and local(one.ended_at).isoformat(),
    }  # fmt: skip


def _row(entry: Activation) -> dict[str, Any]:
    """Return an entry of the ledger as a row to print."""
    from tousu.timezone import local

    return {
        "seq": entry.seq, "at": local(entry.at).isoformat(timespec="seconds"), "kind": entry.kind,
        "version": entry.version, "path": entry.path, "by": entry.by, "why": entry.why,
    }  # fmt: skip
