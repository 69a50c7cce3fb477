"""The pages for people: everything on them comes from this server."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse

from tousu_service.openapi_page import groups, operations
from tousu_service.parts import parts_of

router = APIRouter(include_in_schema=False)
STATIC = Path(__file__).resolve().parent.parent / "static"
FILES = {
    "docs.css": "text/css; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
    "icon.png": "image/png",
}


@router.head("/")
@router.get("/")
async def index() -> Response:
    """Lead people to the page: it is the neighbour, whatever proxies stand before."""
    return Response(status_code=307, headers={"Location": "docs"})


@router.head("/docs")
@router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    """Show the API in Chinese, with forms to try it."""
    app: FastAPI = request.app
    shown = operations(app.openapi())
    page = _template().render(
        api=app.openapi(), operations=shown,
        groups=groups(shown), base=str(request.base_url).rstrip("/"),
        model=parts_of(request).live_model.current().version,
    )  # fmt: skip
    return HTMLResponse(page)


@router.head("/static/{name}")
@router.get("/static/{name}")
async def static(name: str) -> Response:
    """Serve the page's style and script."""
    if name not in FILES:
        return Response(status_code=404)
    return FileResponse(STATIC / name, media_type=FILES[name])


@functools.cache
def _template() -> Any:
    """Return the page's template, read once."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # most workers never show it

    loader = FileSystemLoader(STATIC)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("docs.html")
