"""Texts in, taggings out: one, a batch, a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.exceptions import RequestValidationError

from tousu_service.classify.items import Item, tag_items
from tousu_service.classify.ndjson import MEDIA_TYPE, Duplex, read_lines, tag_lines
from tousu_service.deps import known_parameters, open_stream, require
from tousu_service.http.body import NDJSON, BodyRoute, KeyFirstRoute, check_kind
from tousu_service.http.middleware import EXCHANGE
from tousu_service.openapi import operation_id
from tousu_service.parts import parts_of
from tousu_service.schemas import BatchReply, BatchRequest, ClassifyReply, ClassifyRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tousu_service.parts import Parts

router = APIRouter(
    prefix="/v1/classify", tags=["打标签"], route_class=KeyFirstRoute, dependencies=[Depends(require("classify"))]
)
LONG = 2000  # characters from which explaining would hold up other requests
FEW = 50
JSON = "application/json"


def quick(refusals: dict[int | str, dict[str, Any]]) -> APIRouter:
    """Return the routes that have to be quick, to be put into the application's own router."""
    made = APIRouter(
        prefix="/v1/classify", tags=["打标签"], route_class=BodyRoute, responses=refusals,
        dependencies=[Depends(require("classify")), Depends(known_parameters)], generate_unique_id_function=operation_id,
    )  # fmt: skip
    made.post("", response_model=ClassifyReply, summary="给一段投诉打标签")(classify)
    made.post("/batch", response_model=BatchReply, summary="给一批投诉打标签")(classify_batch)
    return made


async def classify(request: Request, body: ClassifyRequest) -> Response:
    """返回主领域、全部达到阈值的领域、校准概率、可否直接分派、是否线上交易。

    另给诉求类型、转办建议、风险提示、涉及金额与关注程度；风险提示只供人参考，不影响 decision。

    要求 evidence 时另给依据：原文里哪些字句起了作用、各有多大分量，以及每项风险提示的依据。
    """
    parts = parts_of(request)
    if len(body.text) > parts.settings.max_text_chars:
        raise RequestValidationError([too_long(parts.settings.max_text_chars, len(body.text))])
    parts.access.count_texts(request, 1)
    if body.evidence:
        reply = await _explained(parts, body.text)
    else:
        reply = (await parts.micro_batcher.tag(body.text)).to_dict()
    reply["id"] = body.id
    reply["request_id"] = request.scope[EXCHANGE].request_id
    return Response(orjson.dumps(reply), media_type=JSON)


async def classify_batch(request: Request, body: BatchRequest) -> Response:
    """一次最多 1000 段。一段不合要求，只有那一段得到 error，其余照常；次序与来文相同。"""
    parts = parts_of(request)
    model = parts.live_model.current()
    parts.access.count_texts(request, len(body.items))
    items = [Item.read(given, parts.settings.max_text_chars) for given in body.items]
    if len(items) > FEW or model.reading == "careful":
        with parts.metrics.waiting.track_inprogress():
            rows = await parts.off_loop.run(model, len(items), lambda: tag_items(model, items))
    else:
        rows = tag_items(model, items)
    parts.metrics.tagged((row.tagging for row in rows if row.tagging), "batch")
    content = orjson.dumps(
        {
            "items": [row.to_dict() for row in rows],
            "model": model.version,
            "request_id": request.scope[EXCHANGE].request_id,
        }
    )
    return Response(content, media_type=JSON)


@router.post(
    "/stream", summary="流式打标签", response_class=Response,
    responses={200: {"description": "每行一个 JSON，与来文的行一一对应，写法同批量的一段", "content": {MEDIA_TYPE: {}}}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "每行一个 JSON：text，可选 id；多少行都可以，空行跳过",
            "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": '{"id": "1", "text": "电梯困人两次"}\n'}},
        }
    },
)  # fmt: skip
async def classify_stream(
    request: Request,
    tousu_answer: Annotated[
        Literal["while", "after"],
        Header(description="while 边收边答；after 收完再答，给不能边发边读的客户端和代理（nginx 要这样写）"),
    ] = "while",
) -> Response:
    """边收边答：一行进，一行出，内存占用与总行数无关。坏的一行只有那一行得到 error。

    客户端须边发边读（如 curl -X POST -T 文件）；两行之间最多隔 body_seconds 秒。整个流用同一个模型版本。
    """
    check_kind(request, NDJSON)
    parts = parts_of(request)
    request.scope[EXCHANGE].stream()
    model = parts.live_model.current()
    lines = read_lines(request.stream(), longest=parts.settings.max_text_chars * 12 + 4096)
    most = parts.settings.max_text_chars
    answers = tag_lines(_counted(request, lines), model, parts.metrics, parts.off_loop, most=most)
    return Duplex(
        answers,
        place=open_stream(request),
        headers={"Tousu-Model": model.version},
        after=tousu_answer == "after",
    )


async def _counted(request: Request, lines: AsyncIterator[list[bytes | None]]) -> AsyncIterator[list[bytes | None]]:
    """Yield the lines of a stream as long as the client may have more texts tagged."""
    access = parts_of(request).access
    async for block in lines:
        access.count_texts(request, sum(line is None or bool(line.strip()) for line in block))
        yield block


async def _explained(parts: Parts, text: str) -> dict[str, Any]:
    """Return a tagging with its evidence, both of the same model."""
    model = parts.live_model.current()

    def work() -> dict[str, Any]:
        taggings = model.tag_many([text])
        tagging = taggings[0]
        evidence = model.explain(text, code=tagging.primary)
        parts.metrics.tagged([tagging], "single")
        found: dict[str, Any] = tagging.to_dict()
        return (
            found | {"evidence": [span.to_dict() for span in evidence]} | model.case_evidence(text, taggings=taggings)
        )

    if len(text) > LONG or model.reading == "careful":
        return await parts.off_loop.run(model, 1, work)
    return work()


def too_long(most: int, found: int) -> dict[str, Any]:
    """Return the error for a text over the limit."""
    return {
        "type": "string_too_long",
        "loc": ("body", "text"),
        "msg": f"最长 {most} 字，收到 {found} 字",
        "input": None,
    }
