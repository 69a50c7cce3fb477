"""The OpenAPI description: short names, both ways to send a key, every refusal with its codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from tousu_service.http.error_handlers import codes_of
from tousu_service.schemas import Problem

if TYPE_CHECKING:
    from fastapi import FastAPI
    from fastapi.routing import APIRoute

    from tousu_service.settings import Settings

BEARER, HEADER = "BearerKey", "HeaderKey"
WORDS = {
    400: "请求体不是合法的 JSON 或表单，或请求不合 HTTP",
    401: "没有密钥、密钥不对或已吊销",
    403: "密钥没有这项权限",
    404: "没有所说的东西",
    408: "请求体没有及时收完",
    409: "同一幂等键用于不同内容，或任务还没有做完",
    413: "请求体超过上限",
    415: "请求体不是该接口所收的类型，或是压缩过的",
    421: "未设密钥时，请求的主机名不是本机",
    422: "字段不合要求，message 与 field 说明是哪一个",
    429: "请求过快，按 Retry-After 重试",
    431: "请求行与请求头过长",
    500: "服务内部出错",
    503: "暂时不能服务，按 Retry-After 重试",
}
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": f"{words}：{'、'.join(codes_of(status))}"}
    for status, words in WORDS.items()
}
KEY = "API 密钥；本机未设密钥时可以不带"


def operation_id(route: APIRoute) -> str:
    """Return the name of an operation in generated clients: that of the function that answers it."""
    return route.name


def describe(app: FastAPI, settings: Settings) -> None:
    """Let the application give its description in the form that generators of clients take."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes,
                servers=[{"url": settings.root_path or "/"}],
            )  # fmt: skip
            app.openapi_schema = _completed(described, public_metrics=settings.public_metrics)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(described: dict[str, Any], *, public_metrics: bool) -> dict[str, Any]:
    """Return a description with what the framework does not know."""
    described["components"]["securitySchemes"] = {
        BEARER: {"type": "http", "scheme": "bearer", "description": f"{KEY}。Authorization: Bearer tousu_…"},
        HEADER: {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": f"{KEY}。X-API-Key: tousu_…"},
    }
    either: list[dict[str, list[str]]] = [{BEARER: []}, {HEADER: []}]
    for path, methods in described["paths"].items():
        for operation in methods.values():
            if "security" in operation or (path == "/metrics" and not public_metrics):
                operation["security"] = either
    # Each item is answered by itself, so the service takes in anything; but this is what is to be sent.
    described["components"]["schemas"]["BatchRequest"]["properties"]["items"]["items"] = {
        "$ref": "#/components/schemas/BatchItem"
    }
    return described
