"""Numbers for Prometheus."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from tousu_service.parts import parts_of

router = APIRouter(tags=["运维"])


@router.get(
    "/metrics", summary="Prometheus 指标", response_class=Response,
    responses={200: {"description": "Prometheus 文本格式", "content": {"text/plain": {}}}},
)  # fmt: skip
async def metrics(request: Request) -> Response:
    """请求数、耗时、文本数、各领域与各决定的条数、模型版本、排队数；多个工作进程合计。设置项 public_metrics 为真时不要密钥。"""
    parts = parts_of(request)
    if not parts.settings.public_metrics:
        await parts.access.admit(request, "classify")
    parts.metrics.publish()
    return Response(await to_thread.run_sync(parts.metrics.page), media_type=CONTENT_TYPE_LATEST)
