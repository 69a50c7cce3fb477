"""The desk's cookies: the token of a login, and the one that forms before a login are bound to."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import Request, Response

LOGIN, VISITOR = "tousu_desk", "tousu_desk_visitor"
MARK = 32


def signed(token: str, secret: str) -> str:
    """Return a token with a mark that tells it is ours before the store is asked."""
    return f"{token}.{_mark(token, secret)}"


def token_of(cookie: str | None, secret: str) -> str | None:
    """Return the token of a cookie, None if it was not made here."""
    token, _, mark = (cookie or "").partition(".")
    return token if token and hmac.compare_digest(mark.encode(), _mark(token, secret).encode()) else None


def new_visitor() -> str:
    """Return a token for somebody who has not logged in."""
    return secrets.token_urlsafe(18)


def visitors_csrf(visitor: str, secret: str) -> str:
    """Return what a visitor's forms must carry."""
    return _mark(f"form {visitor}", secret)


def put(response: Response, request: Request, name: str, value: str) -> None:
    """Set a cookie for the desk alone; over HTTPS it never goes over anything else."""
    response.set_cookie(
        name, value, path=path_of(request), httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )


def drop(response: Response, request: Request, name: str) -> None:
    """Let the browser forget a cookie."""
    response.delete_cookie(name, path=path_of(request), httponly=True, samesite="lax")


def path_of(request: Request) -> str:
    """Return the desk's path as the browser sees it, below a proxy's sub-path."""
    return f"{request.scope.get('root_path', '').rstrip('/')}/desk"


def _mark(words: str, secret: str) -> str:
    return hmac.new(secret.encode(), words.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:MARK]
