"""Users of the desk: made with a one-time link, by which they choose their password."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tousu.errors import Conflict, NotFound
from tousu_service.desk.people import ROLES, Person
from tousu_service.store import audit
from tousu_service.store.clock import now, present
from tousu_service.store.desk_tables import desk_sessions, desk_users

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

LINK_HOURS = 24
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class User:
    """A user; ``password`` is a hash, None until the first link was used."""

    id: int
    name: str
    role: str
    password: str | None
    link_until: datetime | None
    keys_off: bool
    created_at: datetime
    created_by: str
    disabled_at: datetime | None

    @property
    def person(self) -> Person:
        """Who the user is."""
        return Person(self.id, self.name, self.role)


_COLUMNS = [column for column in desk_users.c if column.name != "link_sha256"]


def any_there(connection: sa.Connection) -> bool:
    """Return whether there has ever been a user."""
    return connection.execute(sa.select(desk_users.c.id).limit(1)).first() is not None


def add(connection: sa.Connection, name: str, role: str, *, by: str) -> tuple[User, str]:
    """Add a user; return the user and the token of the one-time link, valid for ``LINK_HOURS``.

    Raises:
        Conflict: The name is empty, too long or taken, or the role is none.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise Conflict("姓名不能为空，也不能太长", expected=f"1 到 {LONGEST_NAME} 个字")
    if role not in ROLES:
        raise Conflict(f"没有角色 {role[:20]}", expected="、".join(ROLES.values()))
    if connection.execute(sa.select(desk_users.c.id).where(desk_users.c.name == name)).first():
        raise Conflict(f"已有用户 {name}", fix="换一个姓名，或加上工号；忘了口令的，给他新的登录链接")
    values = {"name": name, "role": role, "keys_off": False, "created_at": now(connection), "created_by": by[:120]}
    user_id = connection.execute(sa.insert(desk_users).values(values).returning(desk_users.c.id)).scalar_one()
    audit.write(connection, "user_added", actor=by, detail={"user": user_id, "name": name, "role": role})
    return find(connection, user_id), new_link(connection, user_id, by=by)


def new_link(connection: sa.Connection, user_id: int, *, by: str) -> str:
    """Return the token of a new one-time link; an older one is no longer good."""
    token = secrets.token_urlsafe(24)
    values = {"link_sha256": _hash(token), "link_until": present(connection) + timedelta(hours=LINK_HOURS)}
    _change(connection, user_id, values)
    audit.write(connection, "user_link", actor=by, detail={"user": user_id})
    return token


def by_link(connection: sa.Connection, token: str) -> User | None:
    """Return the user a one-time link is for, None if it was used, is too old or never was."""
    return _one(
        connection,
        desk_users.c.link_sha256 == _hash(token),
        desk_users.c.link_until > present(connection),
        desk_users.c.disabled_at.is_(None),
    )


def set_password(connection: sa.Connection, user_id: int, hashed: str, *, by: str) -> None:
    """Set a user's password; the link is used up, and whoever is logged in as this user no longer is."""
    _change(connection, user_id, {"password": hashed, "link_sha256": None, "link_until": None})
    connection.execute(sa.delete(desk_sessions).where(desk_sessions.c.user_id == user_id))
    audit.write(connection, "password_set", actor=by, detail={"user": user_id})


def set_role(connection: sa.Connection, user_id: int, role: str, *, by: str) -> None:
    """Give a user another role.

    Raises:
        Conflict: It is none, or nobody would be left to administer.
    """
    if role not in ROLES:
        raise Conflict(f"没有角色 {role[:20]}", expected="、".join(ROLES.values()))
    _keep_an_admin(connection, user_id, unless=role == "admin")
    _change(connection, user_id, {"role": role})
    audit.write(connection, "user_role", actor=by, detail={"user": user_id, "role": role})


def set_disabled(connection: sa.Connection, user_id: int, *, disabled: bool, by: str) -> None:
    """Shut a user out at once, or let the user in again.

    Raises:
        Conflict: Nobody would be left to administer.
    """
    if disabled:
        _keep_an_admin(connection, user_id, unless=False)
        connection.execute(sa.delete(desk_sessions).where(desk_sessions.c.user_id == user_id))
    _change(connection, user_id, {"disabled_at": now(connection) if disabled else None})
    audit.write(connection, "user_disabled" if disabled else "user_enabled", actor=by, detail={"user": user_id})


def set_keys_off(connection: sa.Connection, user_id: int, *, off: bool) -> None:
    """Switch single-key shortcuts off or on for a user."""
    _change(connection, user_id, {"keys_off": off})


def find(connection: sa.Connection, user_id: int) -> User:
    """Return a user.

    Raises:
        NotFound: There is none of this number.
    """
    user = _one(connection, desk_users.c.id == user_id)
    if user is None:
        raise NotFound(f"没有第 {user_id} 号用户")
    return user


def by_name(connection: sa.Connection, name: str) -> User | None:
    """Return the user of a name."""
    return _one(connection, desk_users.c.name == " ".join(name.split()))


def listed(connection: sa.Connection) -> list[User]:
    """Return all users by name, those shut out last."""
    query = sa.select(*_COLUMNS).order_by(desk_users.c.disabled_at.is_not(None), desk_users.c.name)
    return [User(**row) for row in connection.execute(query).mappings()]


def _keep_an_admin(connection: sa.Connection, user_id: int, *, unless: bool) -> None:
    """Refuse to let go of the last administrator who can log in.

    Raises:
        Conflict: It is the last one.
    """
    others = sa.select(desk_users.c.id).where(
        desk_users.c.role == "admin",
        desk_users.c.disabled_at.is_(None),
        desk_users.c.password.is_not(None),
        desk_users.c.id != user_id,
    )
    if not unless and find(connection, user_id).role == "admin" and not connection.execute(others.limit(1)).first():
        raise Conflict("这是最后一个能登录的管理员", fix="先让另一个人做管理员")


def _change(connection: sa.Connection, user_id: int, values: Mapping[str, Any]) -> None:
    connection.execute(sa.update(desk_users).where(desk_users.c.id == user_id).values(dict(values)))


def _one(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> User | None:
    row = connection.execute(sa.select(*_COLUMNS).where(*where)).mappings().one_or_none()
    return None if row is None else User(**row)


def _hash(token: str) -> str:
    """Return the SHA-256 of a token; it has 192 random bits, so no slow hash is needed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
