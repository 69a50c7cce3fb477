"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

from typing import Any, Literal

import orjson
from anyio import to_thread
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from tousu.errors import StoreError
from tousu_service.parts import parts_of
from tousu_service.telemetry.disk import disk_state

router = APIRouter(tags=["运维"])


class Health(BaseModel):
    """进程在运行。"""

    status: Literal["ok"]


class Readiness(BaseModel):
    """能否接受请求，逐项。"""

    ready: bool
    model: str = Field(description="在用的模型版本")
    problem: str = Field(description="模型方面要人处理的事；没有则为空")
    store: str = Field(description="数据库：ok，或哪里不对")
    disk: str = Field(description="存放数据的磁盘：ok，或还剩多少；满了仍可打标签，更正写不进")


# HEAD is what some load balancers ask. It is no operation of its own, so the OpenAPI leaves it out.
@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="进程是否在运行")
async def healthz() -> Health:
    """进程在运行就回 200，不看别的；给进程监护用。"""
    return Health(status="ok")


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz", summary="能否接受请求", response_model=Readiness,
    responses={503: {"model": Readiness, "description": "现在不能"}},
)  # fmt: skip
async def readyz(request: Request) -> Response:
    """模型已载入、数据库连得上且表结构是这一版的，才回 200；否则 503 并说明原因。给负载均衡用。"""
    parts = parts_of(request)
    told = "ok"
    try:
        await to_thread.run_sync(parts.store.ready)
    except StoreError as error:
        told = str(error)
    live = parts.live_model
    body: dict[str, Any] = {
        "ready": told == "ok",
        "model": live.current().version,
        "problem": live.problem,
        "store": told,
        "disk": await to_thread.run_sync(disk_state, parts.settings.state_dir),
    }
    return Response(orjson.dumps(body), 200 if told == "ok" else 503, media_type="application/json")
