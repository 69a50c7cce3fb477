"""One request of a person at the desk: who it is, what the form says, and how it is answered."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi.responses import HTMLResponse, RedirectResponse, Response

from tousu.errors import NotFound
from tousu_service.desk import cookies
from tousu_service.desk.fields import READ, refuse_long
from tousu_service.desk.numbers import whole_number
from tousu_service.desk.render import environment
from tousu_service.store import audit

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa
    from fastapi import Request
    from starlette.datastructures import FormData

    from tousu_service.desk.people import Person
    from tousu_service.desk.store.sessions import Session
    from tousu_service.http.upload import Received
    from tousu_service.parts import Parts

# What an address may name: what is said where there is none of it, and where to look.
NAMED = {
    "case": ("没有这个案件", "在台账里查找"), "upload": ("没有这份收件", "在收件页查看全部"),
    "batch": ("没有这次批量操作", "在台账里重新选"), "user": ("没有这位用户", "在用户页查看全部"),
    "consultation": ("没有这次会商", "在会商页查看全部"),
}  # fmt: skip


@dataclass(slots=True)
class Visit:
    """One request.

    Attributes:
        request: The request.
        parts: The parts of the service.
        session: The login, None before.
        csrf: What the forms of the answer must carry.
        form: What was handed in, empty of a GET.
        received: The file that was handed in with the form.
        visitor: The cookie of somebody who has not logged in, to be set with the answer.
    """

    request: Request
    parts: Parts
    session: Session | None
    csrf: str
    form: FormData
    visitor: str | None = None
    received: Received | None = None
    _cookies: dict[str, str | None] = field(default_factory=dict)

    @property
    def person(self) -> Person:
        """Who is logged in."""
        assert self.session is not None
        return self.session.person

    @property
    def base(self) -> str:
        """The desk's path as the browser sees it."""
        return cookies.path_of(self.request)

    @property
    def is_part(self) -> bool:
        """Whether only a part of the page is asked for, by htmx."""
        return self.request.headers.get("hx-request") == "true"

    def said(self, name: str, *, most: int = 200) -> str:
        """Return a field of the form as words, cut off behind ``most`` characters; empty if it is not there."""
        value = self.form.get(name)
        return value.replace("\0", "").strip()[:most] if isinstance(value, str) else ""  # PostgreSQL stores no NUL

    def limited(self, name: str, what: str, *, most: int) -> str:
        """Return a field of the form as words, whole.

        Args:
            name: The field.
            what: What the form calls it.
            most: Most characters.

        Raises:
            Conflict: It has more.
        """
        value = self.said(name, most=READ)
        refuse_long(what, value, most=most)
        return value

    def number(self, name: str) -> int:
        """Return a field of the form or of the address as a whole number, 0 if it is none."""
        return whole_number(self.said(name) or self.request.query_params.get(name, "")) or 0

    def named(self, what: str) -> int:
        """Return the number of what the address names, such as the case of ``/cases/{case}``.

        Raises:
            NotFound: It is no number.
        """
        number = whole_number(self.request.path_params[what])
        if number is None:
            found, fix = NAMED[what]
            raise NotFound(found, fix=fix)
        return number

    def asked(self, name: str, *, most: int = 100) -> str:
        """Return a part of the address's query, cut off behind ``most`` characters."""
        return self.request.query_params.get(name, "").strip().replace("\0", "")[:most]

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a writing transaction."""
        with self.parts.store.writing() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a reading transaction."""
        with self.parts.store.reading() as connection:
            yield connection

    def viewed(self, what: str, **detail: Any) -> None:
        """Write into the audit what the person looked at; never a text."""
        audit.append(self.parts.store, what, actor=self.person.actor, detail=detail)

    def show(self, template: str, status: int = 200, **context: Any) -> Response:
        """Return a page, or the part of one."""
        page = environment().get_template(template)
        body = page.render(
            visit=self, base=self.base, csrf=self.csrf, person=self.session and self.session.person,
            keys_off=bool(self.session and self.session.keys_off), unit=self.parts.taxonomy.title,
            secure=self.request.url.scheme == "https" or self.parts.settings.on_loopback, **context,
        )  # fmt: skip
        return self._with_cookies(HTMLResponse(body, status))

    def go(self, path: str, status: int = 303) -> Response:
        """Return a redirection to a path below the desk's."""
        return self._with_cookies(RedirectResponse(f"{self.base}{path}", status))

    def to_login(self) -> Response:
        """Return the way to the login: for htmx a sign to load it whole, else a redirection; then back here."""
        path = self.request.url.path[len(self.base) :] if self.request.method == "GET" else ""
        back = quote(path + (f"?{self.request.url.query}" if path and self.request.url.query else ""), safe="")
        where = f"/login{f'?next={back}' if back else ''}"
        if self.is_part:
            return Response(status_code=401, headers={"HX-Redirect": f"{self.base}{where}"})
        return self.go(where)

    def keep(self, name: str, value: str | None) -> None:
        """Set a cookie with the answer, or let the browser forget it."""
        self._cookies[name] = value

    def _with_cookies(self, response: Response) -> Response:
        if self.visitor is not None:
            cookies.put(response, self.request, cookies.VISITOR, self.visitor)
        for name, value in self._cookies.items():
            if value is None:
                cookies.drop(response, self.request, name)
            else:
                cookies.put(response, self.request, name, value)
        return response
