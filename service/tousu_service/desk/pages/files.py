"""The desk's style, scripts and icon."""

from __future__ import annotations

from fastapi.responses import FileResponse, Response

from tousu_service.desk.render import ROOT
from tousu_service.desk.web import new_router

router = new_router()
STATIC, SHARED = ROOT / "static", ROOT.parent / "static"
FILES = {
    "desk.css": "text/css; charset=utf-8",
    "desk.js": "text/javascript; charset=utf-8",
    "icon.png": "image/png",
    "htmx.min.js": "text/javascript; charset=utf-8",
}


@router.head("/static/{name}", response_model=None)
@router.get("/static/{name}", response_model=None)
async def static(name: str) -> Response:
    """Serve a file of the pages."""
    if name not in FILES:
        return Response(status_code=404)
    return FileResponse((SHARED if name == "icon.png" else STATIC) / name, media_type=FILES[name])
