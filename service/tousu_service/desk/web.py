"""What every page of the desk passes: headers, login, role, form, token; and how errors look."""

from __future__ import annotations

import functools
import hmac
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from tousu.errors import BodyKind, RequestError, ScopeMissing, TousuError
from tousu_service.desk import cookies
from tousu_service.desk.people import ROLES, Role
from tousu_service.desk.secret import secret_of
from tousu_service.desk.store import sessions
from tousu_service.desk.visit import Visit
from tousu_service.http.error_handlers import status_of
from tousu_service.http.middleware import EXCHANGE, HEADERS
from tousu_service.http.upload import receive_file
from tousu_service.jobs import places
from tousu_service.parts import parts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tousu_service.desk.store.sessions import Session
    from tousu_service.parts import Parts

CLIENT = "desk"  # whose the desk's jobs are: no API client sees them
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
MOST_FIELDS, LONGEST_FIELD = 300, 256 * 1024
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    b"frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
# A form of a page under no-referrer says it comes from nowhere; the desk's may say where from, to itself.
OWN = {b"content-security-policy": POLICY, b"referrer-policy": b"same-origin"}
DESK_HEADERS = [(name, OWN.get(name, value)) for name, value in HEADERS]


def new_router() -> APIRouter:
    """Return a router for pages of the desk, which are no part of the API."""
    return APIRouter(prefix="/desk", include_in_schema=False)


def page(
    router: APIRouter, path: str, *, method: str = "GET", role: Role | None = "officer", large: bool = False
) -> Callable[[Callable[[Visit], Response]], Callable[[Visit], Response]]:
    """Let a function answer requests at a path of the desk; it is called in a thread of its own.

    Args:
        router: Where it is added.
        path: Below ``/desk``.
        method: ``GET`` or ``POST``; a POST has to carry the token of the person's forms.
        role: Who may; None for pages that are there before anybody has logged in.
        large: Whether the body is a file and may be longer than other bodies.
    """

    def add(answer: Callable[[Visit], Response]) -> Callable[[Visit], Response]:
        async def handle(request: Request) -> Response:
            return await _handled(request, answer, role=role, large=large)

        functools.update_wrapper(handle, answer, assigned=("__name__", "__doc__"))
        del handle.__wrapped__  # type: ignore[attr-defined]  # FastAPI would take the arguments of the other one
        methods = ["GET", "HEAD"] if method == "GET" else [method]
        router.add_api_route(path, handle, methods=methods, response_class=Response, response_model=None)
        return answer

    return add


async def _handled(
    request: Request, answer: Callable[[Visit], Response], *, role: Role | None, large: bool
) -> Response:
    """Answer a request: who is it, may they, is the form theirs; then the page."""
    exchange = request.scope[EXCHANGE]
    exchange.headers = DESK_HEADERS
    visit = await to_thread.run_sync(_opened, request)
    if visit.session is not None:
        exchange.client = f"desk:{visit.session.person.id}"
    try:
        if role is not None:
            if visit.session is None:
                return visit.to_login()
            if not visit.person.may(role):
                raise ScopeMissing(f"这一页需要“{ROLES[role]}”的权限，您是“{visit.person.title}”", fix="请管理员办理")
        if request.method == "POST":
            if large:
                await _receive(visit)
            else:
                visit.form = await _form(request)
            _check_token(visit)
        return await to_thread.run_sync(answer, visit)
    except ClientDisconnect:
        raise
    except HTTPException as error:
        found: object = error.detail
        told = found if isinstance(found, TousuError) else RequestError("表单读不懂", fix="返回上一页重试")
        return _told(visit, told)
    except TousuError as error:
        return _told(visit, error)
    finally:
        await visit.form.close()
        if visit.received is not None:
            await to_thread.run_sync(functools.partial(visit.received.path.unlink, missing_ok=True))


async def _receive(visit: Visit) -> None:
    """Take a form with a file, which lies on the disk until the answer is there.

    Raises:
        HTTPException: It is no such form, too large or too slow.
        RequestError: It has no file, or a field is wrong.
    """
    settings = visit.parts.settings
    place = await to_thread.run_sync(places.incoming, settings)
    try:
        visit.received = await receive_file(visit.request, place, most_bytes=settings.max_file_bytes)
    except RequestValidationError as error:
        raise RequestError("没有收到文件", fix="选一个文件再上传") from error
    visit.form = FormData([(name, value) for name, values in visit.received.fields.items() for value in values])


def _told(visit: Visit, error: TousuError) -> Response:
    """Return what went wrong: a page, or for htmx a line above the card, which stays."""
    if not visit.is_part:
        return visit.show("error.html", status_of(error), error=error)
    response = visit.show("error_part.html", status_of(error), error=error)
    response.headers.update({"HX-Retarget": "#told", "HX-Reswap": "innerHTML"})
    return response


def _opened(request: Request) -> Visit:
    """Return the visit of a request, its login looked up and its use noted."""
    parts = parts_of(request)
    secret = secret_of(parts.settings)
    session = _session(parts, cookies.token_of(request.cookies.get(cookies.LOGIN), secret))
    if session is not None:
        return Visit(request, parts, session, session.csrf, FormData())
    known = request.cookies.get(cookies.VISITOR, "")
    visitor = known if 20 <= len(known) <= 40 else cookies.new_visitor()
    fresh = None if visitor == known else visitor
    return Visit(request, parts, None, cookies.visitors_csrf(visitor, secret), FormData(), fresh)


def _session(parts: Parts, token: str | None) -> Session | None:
    """Return the login of a token, None if there is none in force."""
    if token is None:
        return None
    idle, total = limits(parts)
    with parts.store.reading() as connection:
        session = sessions.find(connection, token, idle=idle, total=total)
    if session is not None and sessions.is_due(session, datetime.now(UTC)):
        with parts.store.writing() as connection:
            sessions.seen(connection, session)
    return session


def limits(parts: Parts) -> tuple[timedelta, timedelta]:
    """Return how long a login may be idle, and how long it may last."""
    settings = parts.settings
    return timedelta(minutes=settings.desk_idle_minutes), timedelta(hours=settings.desk_login_hours)


async def _form(request: Request) -> FormData:
    """Return what a form says.

    Raises:
        BodyKind: It is no form.
        HTTPException: It breaks a limit or cannot be read.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in FORMS:
        raise BodyKind("不是网页表单", expected="、".join(FORMS))
    try:
        return await request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=LONGEST_FIELD)
    except (ValueError, KeyError) as error:  # an encoding that is none
        raise RequestError("表单读不懂", fix="返回上一页重试") from error


def _check_token(visit: Visit) -> None:
    """Refuse a form that is not one of this login's: another site's page, or a page of an earlier login.

    Raises:
        ScopeMissing: It is so.
    """
    told: Any = visit.form.get("csrf") or visit.request.headers.get("x-csrf", "")
    site = visit.request.headers.get("sec-fetch-site", "same-origin")
    if site not in {"same-origin", "none"} or not isinstance(told, str) or not _same(told, visit.csrf):
        raise ScopeMissing("这张表单不是本次登录的，没有执行", fix="返回上一页，刷新后再提交")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
