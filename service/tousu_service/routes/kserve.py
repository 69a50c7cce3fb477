"""Batches by KServe's Open Inference Protocol (version 2, JSON), for those who have such clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from tousu_service.classify.items import Item, tag_items
from tousu_service.deps import ModelDep, require
from tousu_service.http.body import KeyFirstRoute
from tousu_service.parts import parts_of
from tousu_service.schemas import EXAMPLE_TEXT, MOST_ITEMS

if TYPE_CHECKING:
    from tousu.classifier.tagging import Tagging

router = APIRouter(
    prefix="/v2/models/tousu",
    tags=["KServe v2"],
    route_class=KeyFirstRoute,
    dependencies=[Depends(require("classify"))],
)
PLATFORM = "tousu"


class Tensor(BaseModel):
    """一列输入或输出。"""

    name: str
    shape: list[Annotated[int, Field(ge=0)]] = Field(max_length=2)
    datatype: str
    data: list[Any]


class TextTensor(Tensor):
    """投诉原文，一条一项。"""

    name: Literal["text"]
    datatype: Literal["BYTES"]
    data: list[str] = Field(min_length=1, max_length=MOST_ITEMS)


class InferRequest(BaseModel):
    """一批投诉，按 Open Inference Protocol v2。"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [EXAMPLE_TEXT]}]}]
        }
    )

    id: str | None = Field(None, max_length=200)
    inputs: list[TextTensor] = Field(min_length=1, max_length=1)


class InferReply(BaseModel):
    """各条的结果，一列一项内容；读不懂的那条 primary 为空、error 说明原因。"""

    id: str | None
    model_name: str
    model_version: str
    outputs: list[Tensor]


class ModelMetadata(BaseModel):
    """模型的输入与输出。"""

    name: str
    versions: list[str]
    platform: str
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]


# Name and type of each column, and what it holds of a tagging. Lists and maps are JSON in a string.
COLUMNS: dict[str, str] = {
    "primary": "BYTES", "codes": "BYTES", "probabilities": "BYTES", "decision": "BYTES", "online": "BOOL", "error": "BYTES",
}  # fmt: skip


@router.get("", summary="模型说明（KServe v2）")
async def kserve_model(model: ModelDep) -> ModelMetadata:
    """输入输出各列的名称与类型。"""
    return ModelMetadata(
        name=PLATFORM, versions=[model.version], platform=PLATFORM,
        inputs=[{"name": "text", "datatype": "BYTES", "shape": [-1]}],
        outputs=[{"name": name, "datatype": kind, "shape": [-1]} for name, kind in COLUMNS.items()],
    )  # fmt: skip


@router.get("/ready", summary="模型是否就绪（KServe v2）")
async def kserve_ready() -> dict[str, bool]:
    """模型已载入。"""
    return {"ready": True}


@router.post("/infer", summary="给一批投诉打标签（KServe v2）")
async def kserve_infer(request: Request, body: InferRequest) -> InferReply:
    """一次最多 1000 条。输出各列等长：codes 是 JSON 数组，probabilities 是 JSON 对象。"""
    parts = parts_of(request)
    parts.access.count_texts(request, len(body.inputs[0].data))
    model = parts.live_model.current()
    given = [{"id": "", "text": text} for text in body.inputs[0].data]
    items = [Item.read(each, parts.settings.max_text_chars) for each in given]
    await to_thread.run_sync(tag_items, model, items)
    parts.metrics.tagged((item.tagging for item in items if item.tagging), "batch")
    rows = [_row(item.tagging, item.error) for item in items]
    outputs = [
        Tensor(name=name, shape=[len(rows)], datatype=kind, data=[row[name] for row in rows])
        for name, kind in COLUMNS.items()
    ]
    return InferReply(id=body.id, model_name=PLATFORM, model_version=model.version, outputs=outputs)


def _row(tagging: Tagging | None, error: dict[str, str] | None) -> dict[str, Any]:
    """Return the columns of one text."""
    if tagging is None:
        return {name: False if kind == "BOOL" else "" for name, kind in COLUMNS.items()} | {
            "error": (error or {})["message"]
        }
    return {
        "primary": tagging.primary, "codes": orjson.dumps(tagging.codes).decode(),
        "probabilities": orjson.dumps(tagging.probabilities).decode(), "decision": tagging.decision,
        "online": tagging.online, "error": "",
    }  # fmt: skip
