"""The edge where errors become HTTP: one table of statuses, one shape of answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from fastapi import Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from tousu import errors
from tousu_service.validation import field_of, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.requests import Request

STATUSES: dict[type[errors.TousuError], int] = {
    errors.TextError: 422,
    errors.CorpusError: 422,
    errors.ExampleError: 422,
    errors.ModelMissing: 404,
    errors.ModelError: 422,
    errors.NotFound: 404,
    errors.FileError: 422,
    errors.Conflict: 409,
    errors.JobUnfinished: 409,
    errors.StoreError: 503,
    errors.BodyInvalid: 400,
    errors.FormInvalid: 400,
    errors.BodyKind: 415,
    errors.BodyTooLarge: 413,
    errors.BodyTooSlow: 408,
    errors.HeadTooLarge: 431,
    errors.AddressUnknown: 404,
    errors.HostRefused: 421,
    errors.KeyRefused: 401,
    errors.ScopeMissing: 403,
    errors.RateExceeded: 429,
    errors.Busy: 503,
    errors.RequestError: 400,
    errors.TousuError: 500,
}
RETRY_SECONDS = "1"
# What the framework itself refuses, in the same words and shape.
FRAMEWORK = {
    400: ("json_invalid", "请求体读不懂；应为 UTF-8 编码的 JSON"),
    404: ("not_found", "没有这个地址；全部接口见 docs"),
    405: ("method_not_allowed", "这个地址不接受这种请求方法；全部接口见 docs"),
    413: ("body_too_large", "请求体超过上限"),
}
# Codes of the errors that a request can meet; the others belong to commands.
ANSWERED = frozenset({
    "file_invalid", "format_unknown", "form_invalid", "job_unfinished",
    "text_invalid", "model_missing", "model_corrupt", "model_protocol", "model_mismatch", "not_found", "conflict",
    "store_unavailable", "json_invalid", "media_type_unsupported", "body_too_large", "body_too_slow", "head_too_large",
    "host_refused", "key_refused", "scope_missing", "rate_exceeded", "busy", "request_invalid", "method_not_allowed",
})  # fmt: skip
CRASHED = (500, "internal", "服务内部出错，已记入日志；请把 request_id 告诉运维人员")


def codes_of(status: int) -> list[str]:
    """Return the codes of all errors that are answered with a status."""
    found = {kind.code for kind in _kinds(errors.TousuError) if STATUSES[_nearest(kind)] == status}
    found |= {FRAMEWORK[status][0]} if status in FRAMEWORK else set()
    own = {422: {"validation_failed"}, 500: {CRASHED[1]}}
    return sorted((found & ANSWERED) | own.get(status, set()))


def _kinds(kind: type[errors.TousuError]) -> set[type[errors.TousuError]]:
    """Return a kind of error and all below it."""
    return {kind}.union(*(_kinds(below) for below in kind.__subclasses__()))


def _nearest(kind: type[errors.TousuError]) -> type[errors.TousuError]:
    """Return the nearest class above a kind of error that has a status of its own."""
    return next(above for above in kind.__mro__ if above in STATUSES)


def status_of(error: errors.TousuError) -> int:
    """Return the HTTP status of an error: that of its nearest class in the table."""
    return STATUSES[_nearest(type(error))]


def refusal(error: errors.TousuError, *, retry_after: float | None = None) -> HTTPException:
    """Return an error as an exception that passes through the framework untouched."""
    headers = {} if retry_after is None else {"Retry-After": str(max(1, int(retry_after + 0.999)))}
    return HTTPException(status_of(error), detail=error, headers=headers)  # type: ignore[arg-type]


def answer(
    status: int, code: str, message: str, *, request_id: str, field: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """Return the one shape every error has."""
    body = {"error": code, "message": message} | ({"field": field} if field else {}) | {"request_id": request_id}
    extra = dict(headers or {})
    if status == 401:
        extra["WWW-Authenticate"] = "Bearer"
    if status == 503:
        extra.setdefault("Retry-After", RETRY_SECONDS)
    return Response(orjson.dumps(body), status, extra, "application/json")


def answer_error(error: errors.TousuError, *, request_id: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer for one of our errors."""
    return answer(status_of(error), error.code, str(error), request_id=request_id, headers=headers)


def item_error(errors_: list[Any]) -> dict[str, str]:
    """Return why one item of a batch or stream was refused."""
    return {"code": "validation_failed", "message": sentence(errors_), "field": field_of(errors_[0])}


def install(app: FastAPI) -> None:
    """Make every refusal of the application answer in this shape."""
    app.add_exception_handler(errors.TousuError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_refusal)


def _request_id(request: Request) -> str:
    return str(request.scope["state"].get("request_id", ""))


async def _on_error(request: Request, error: Exception) -> Response:
    """Answer one of our errors."""
    assert isinstance(error, errors.TousuError)
    return answer_error(error, request_id=_request_id(request))


async def _on_invalid(request: Request, error: Exception) -> Response:
    """Answer a request whose values do not fit."""
    assert isinstance(error, RequestValidationError)
    found = list(error.errors())
    if found[0]["type"] == "json_invalid":
        status, (code, message) = 400, FRAMEWORK[400]
        return answer(status, code, message, request_id=_request_id(request))
    message, field = sentence(found), field_of(found[0])
    return answer(422, "validation_failed", message, request_id=_request_id(request), field=field)


async def _on_refusal(request: Request, error: Exception) -> Response:
    """Answer what the framework refused, or one of our errors on its way through the framework."""
    assert isinstance(error, HTTPException)
    detail: object = error.detail
    if isinstance(detail, errors.TousuError):
        return answer_error(detail, request_id=_request_id(request), headers=error.headers)
    code, message = FRAMEWORK.get(error.status_code, ("request_refused", "请求不被接受"))
    return answer(error.status_code, code, message, request_id=_request_id(request), headers=error.headers)
