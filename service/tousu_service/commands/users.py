"""``tousu users``: the people who work at the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tousu.cli.console import err, out, say_json, show_table, speaks, table
from tousu.cli.typer_zh import App
from tousu_service.commands.operator import opened, operator, shown

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tousu_service.desk.store.people import User
    from tousu_service.settings import Settings

app = App(no_args_is_help=True, help="办案台的用户。")
Name = Annotated[str, typer.Argument(metavar="姓名", help="登录用的姓名。")]
RoleName = Annotated[str, typer.Option(help="角色：受理员、审核 或 管理员。")]


@app.command()
@speaks
def add(name: Name, role: RoleName = "受理员") -> None:
    """新增用户，印出只能用一次的登录链接，24 小时内有效；口令由本人打开链接后自己设。"""
    from tousu_service.desk.store import people

    with opened() as (store, settings), store.writing() as connection:
        user, token = people.add(connection, name, _role(role), by=operator())
    err().print(f"已新增{user.person.title} {user.name}。请把下面的链接交给本人，只能用一次：")
    typer.echo(_link(settings, token))


@app.command("list")
@speaks
def list_users(as_json: Annotated[bool, typer.Option("--json", help="印成 JSON。")] = False) -> None:
    """列出全部用户。"""
    from tousu_service.desk.store import people

    with opened() as (store, _), store.reading() as connection:
        found = people.listed(connection)
    if as_json:
        say_json([
            {"name": user.name, "role": user.role, "password": user.password is not None,
             "disabled": user.disabled_at is not None}
            for user in found
        ])  # fmt: skip
        return
    listed = table("姓名", "角色", "新增", "状态", whole=("姓名", "新增"))
    for user in found:
        state = "已停用" if user.disabled_at else "" if user.password else "还没有设口令"
        listed.add_row(user.name, user.person.title, shown(user.created_at), state)
    show_table(listed)


@app.command()
@speaks
def link(name: Name) -> None:
    """给用户一个新的登录链接，忘了口令时用；原口令在设新口令之前仍有效。"""
    from tousu_service.desk.store import people

    with opened() as (store, settings), store.writing() as connection:
        token = people.new_link(connection, _known(connection, name).id, by=operator())
    typer.echo(_link(settings, token))


@app.command("role")
@speaks
def set_role(name: Name, role: Annotated[str, typer.Argument(metavar="角色", help="受理员、审核 或 管理员。")]) -> None:
    """改用户的角色，即刻生效。"""
    from tousu_service.desk.store import people

    with opened() as (store, _), store.writing() as connection:
        people.set_role(connection, _known(connection, name).id, _role(role), by=operator())
    out().print(f"{name} 现在是{role}")


@app.command()
@speaks
def disable(name: Name, undo: Annotated[bool, typer.Option("--undo", help="恢复使用。")] = False) -> None:
    """停用用户，登录中的即刻退出。"""
    from tousu_service.desk.store import people

    with opened() as (store, _), store.writing() as connection:
        people.set_disabled(connection, _known(connection, name).id, disabled=not undo, by=operator())
    out().print(f"{name} 已{'恢复' if undo else '停用'}")


def _role(words: str) -> str:
    """Return a role's code by its name or code.

    Raises:
        UsageError: There is no such role.
    """
    from tousu.errors import UsageError
    from tousu_service.desk.people import ROLES

    for code, name in ROLES.items():
        if words in (code, name):
            return code
    raise UsageError(f"没有角色 {words[:20]}", expected="、".join(ROLES.values()))


def _known(connection: sa.Connection, name: str) -> User:
    """Return the user of a name.

    Raises:
        NotFound: There is none.
    """
    from tousu.errors import NotFound
    from tousu_service.desk.store import people

    user = people.by_name(connection, name)
    if user is None:
        raise NotFound(f"没有用户 {name[:40]}", fix="用 tousu users list 查看")
    return user


def _link(settings: Settings, token: str) -> str:
    """Return the address of a one-time link, as this machine's settings know it."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}{settings.root_path}/desk/link/{token}"
