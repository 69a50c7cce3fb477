"""Coming in: the first administrator, the one-time link, the login, the way out."""

from __future__ import annotations

import functools
import ipaddress
from typing import TYPE_CHECKING

from tousu.errors import Conflict, HostRefused, RateExceeded, TousuError
from tousu_service.desk import cookies, passwords
from tousu_service.desk.secret import secret_of
from tousu_service.desk.store import people, sessions
from tousu_service.desk.web import limits, new_router, page

if TYPE_CHECKING:
    from fastapi import Response

    from tousu_service.desk.people import Person
    from tousu_service.desk.visit import Visit

router = new_router()
page = functools.partial(page, router)
PER_ADDRESS = 20  # free failures of one address, whatever the name


@page("", role=None)
def index(visit: Visit) -> Response:
    """Lead to the first page there is something on."""
    return visit.go("/inbox" if visit.session else "/login")


@page("/login", role=None)
def show_login(visit: Visit) -> Response:
    """Ask for name and password; where there is nobody yet, for the first administrator."""
    if visit.session is not None:
        return visit.go("/inbox")
    with visit.reading() as connection:
        if not people.any_there(connection):
            return visit.show("first.html", local=_is_here(visit), error=None)
    return visit.show("login.html", next=visit.asked("next", most=2000), error=None, name="")


@page("/login", method="POST", role=None)
def log_in(visit: Visit) -> Response:
    """Check name and password; failures make the next attempt wait, never the right person for long."""
    name, password, address = visit.said("name", most=80), visit.form.get("password"), _address(visit)
    tried = (f"{name}\0{address}", f"address\0{address}")
    back = visit.said("next", most=2000)
    with visit.reading() as connection:
        wait = sessions.waiting(connection, *tried)
        user = people.by_name(connection, name)
    error: TousuError | None = None
    if wait:
        error = RateExceeded(f"输错的次数太多，请等 {wait} 秒再试")
    else:
        good = passwords.is_right(
            password if isinstance(password, str) else "", None if user is None else user.password
        )
        if good and user is not None and user.disabled_at is None:
            return _let_in(visit, user.person, back, tried)
        with visit.writing() as connection:
            sessions.failed(connection, tried[0])
            sessions.failed(connection, tried[1], free=PER_ADDRESS)
        error = Conflict("姓名或口令不对", fix="再试一次；忘了口令请管理员给一个新的登录链接")
    return visit.show("login.html", 429 if wait else 403, next=back, error=error, name=name)


@page("/first", method="POST", role=None)
def add_first(visit: Visit) -> Response:
    """Make the first administrator, for somebody at this very machine.

    Raises:
        HostRefused: It is somebody else.
        Conflict: There is a user already.
    """
    if not _is_here(visit):
        raise HostRefused("第一个管理员只能在本机上建", fix="在服务器上运行 tousu users add 姓名 --role 管理员")
    try:
        hashed = _chosen(visit)
        with visit.writing() as connection:
            if people.any_there(connection):
                raise Conflict("已经有用户了", fix="请登录")
            user, _ = people.add(connection, visit.said("name"), "admin", by="desk:first")
            people.set_password(connection, user.id, hashed, by="desk:first")
    except Conflict as error:
        return visit.show("first.html", 409, local=True, error=error)
    return _let_in(visit, user.person, "", ())


@page("/link/{token}", role=None)
def show_link(visit: Visit) -> Response:
    """Let somebody with a one-time link choose a password."""
    with visit.reading() as connection:
        user = people.by_link(connection, visit.request.path_params["token"])
    return visit.show("link.html", 200 if user else 404, user=user, error=None)


@page("/link/{token}", method="POST", role=None)
def use_link(visit: Visit) -> Response:
    """Set the password that was chosen, and let the person in."""
    token = visit.request.path_params["token"]
    with visit.reading() as connection:
        user = people.by_link(connection, token)
    if user is None:
        return visit.show("link.html", 404, user=None, error=None)
    try:
        hashed = _chosen(visit)
    except Conflict as error:
        return visit.show("link.html", 409, user=user, error=error)
    with visit.writing() as connection:
        if people.by_link(connection, token) is None:  # somebody used it meanwhile
            return visit.show("link.html", 404, user=None, error=None)
        people.set_password(connection, user.id, hashed, by=user.person.actor)
    return _let_in(visit, user.person, "", ())


@page("/logout", method="POST")
def log_out(visit: Visit) -> Response:
    """End the login, wherever its cookie was copied to."""
    assert visit.session is not None
    with visit.writing() as connection:
        sessions.end(connection, visit.session.token_sha256, by=visit.person.actor)
    visit.keep(cookies.LOGIN, None)
    return visit.go("/login")


@page("/keys", method="POST")
def switch_keys(visit: Visit) -> Response:
    """Switch single-key shortcuts off or on for this person."""
    with visit.writing() as connection:
        people.set_keys_off(connection, visit.person.id, off=visit.said("off") == "1")
    return visit.go("/review")


def _let_in(visit: Visit, person: Person, back: str, tried: tuple[str, ...]) -> Response:
    """Begin a login and lead on to where the person wanted to go."""
    _, total = limits(visit.parts)
    with visit.writing() as connection:
        if tried:
            sessions.succeeded(connection, tried[0])
        sessions.trim(connection, total=total)
        token = sessions.begin(connection, person, address=_address(visit))
    visit.keep(cookies.LOGIN, cookies.signed(token, secret_of(visit.parts.settings)))
    inside = back.startswith("/") and not back.startswith("//") and back.isprintable() and "\\" not in back
    return visit.go(back if inside else "/inbox")


def _chosen(visit: Visit) -> str:
    """Return the hash of the password chosen in a form.

    Raises:
        Conflict: It is too simple, or was not written twice alike.
    """
    one, two = visit.form.get("password"), visit.form.get("again")
    if not isinstance(one, str) or one != two:
        raise Conflict("两次输入的口令不一样", fix="重新输入")
    return passwords.hashed(one)


def _address(visit: Visit) -> str:
    return visit.request.client.host if visit.request.client else ""


def _is_here(visit: Visit) -> bool:
    """Return whether a request comes from this machine itself, by no proxy and under no other host's name."""
    headers = visit.request.headers
    if not visit.parts.settings.on_loopback or any(name in headers for name in ("forwarded", "x-forwarded-for")):
        return False
    try:
        if not ipaddress.ip_address(_address(visit)).is_loopback:
            return False
    except ValueError:
        return False
    host = headers.get("host", "").lower()
    name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    return name in {"localhost", "127.0.0.1", "::1"}
