"""``tousu keys``: API keys of the clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tousu.cli.console import err, out, say_json, show_table, speaks, table
from tousu.cli.typer_zh import App
from tousu_service.commands.operator import opened, operator, shown

if TYPE_CHECKING:
    from tousu_service.store.keys import ApiKey

app = App(no_args_is_help=True, help="客户端的 API 密钥。")


@app.command()
@speaks
def add(
    name: Annotated[str, typer.Argument(metavar="名称", help="客户端系统的名称。")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="权限：classify 打标签，correct 更正，admin 管理；可写多次，不写为 classify。"),
    ] = None,
) -> None:
    """新增密钥；完整的密钥只在这时印出一次，库里只存散列。"""
    from tousu_service.store import keys

    with opened() as (store, _):
        key, secret = keys.add(store, name, scope or ["classify"], by=operator())
    scopes = "、".join(sorted(key.scopes))
    err().print(f"已新增密钥 {key.id}（{key.name}，{scopes}）。请立即妥善保存，之后无法再查看：")
    typer.echo(secret)


@app.command("list")
@speaks
def list_keys(as_json: Annotated[bool, typer.Option("--json", help="印成 JSON。")] = False) -> None:
    """列出全部密钥，含已吊销的。"""
    from tousu_service.store import keys

    with opened() as (store, _):
        found = keys.listed(store)
    if as_json:
        say_json([_row(key) for key in found])
        return
    listed = table("编号", "名称", "权限", "新增", "新增人", "吊销", whole=("编号", "新增", "吊销"))
    for key in found:
        revoked = shown(key.revoked_at) if key.revoked_at else ""
        listed.add_row(key.id, key.name, " ".join(sorted(key.scopes)), shown(key.created_at), key.created_by, revoked)
    show_table(listed)


@app.command()
@speaks
def revoke(key_id: Annotated[str, typer.Argument(metavar="编号", help="密钥的编号（tousu_ 之后那一段）。")]) -> None:
    """吊销密钥，至多一秒后生效。"""
    from tousu_service.store import keys

    with opened() as (store, _):
        key, before = keys.revoke(store, key_id, by=operator())
    told = f"密钥 {key.id}（{key.name}）"
    if before and key.revoked_at:
        out().print(f"{told}早已吊销：{shown(key.revoked_at)}，{key.revoked_by}")
    else:
        out().print(f"已吊销{told}")


def _row(key: ApiKey) -> dict[str, Any]:
    """Return a key as a row to print."""
    from tousu.timezone import local

    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created_at": local(key.created_at).isoformat(timespec="seconds"),
        "created_by": key.created_by,
        "revoked_at": local(key.revoked_at).isoformat(timespec="seconds") if key.revoked_at else None,
    }
