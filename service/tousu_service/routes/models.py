"""Models: which are there, which is live, which was; change it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tousu.errors import NotFound
from tousu_service.deps import SettingsDep, StoreDep, TaxonomyDep, require
from tousu_service.http.body import KeyFirstRoute
from tousu_service.registry import activation
from tousu_service.routes.params import Given, Shown
from tousu_service.schemas import Problem
from tousu_service.store import ledger
from tousu_service.store.keys import ApiKey
from tousu_service.validation import LINE

router = APIRouter(prefix="/v1/models", tags=["模型"], route_class=KeyFirstRoute)

Admin = Annotated[ApiKey, Depends(require("admin"))]
Why = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=activation.LONGEST_WHY, pattern=LINE)
]


def _missing(description: str) -> dict[int | str, dict[str, Any]]:
    """Return the description of an answer 404."""
    return {404: {"model": Problem, "description": description}}


class ActivationOut(BaseModel):
    """台账的一条：某个模型从这时起生效。"""

    model_config = ConfigDict(from_attributes=True)

    seq: int
    at: Shown
    kind: str = Field(description="start 服务启动 · activate 启用 · rollback 回退 · fallback 应当使用的模型坏了而退回")
    path: str
    version: str
    by: str
    why: str


class ModelOut(BaseModel):
    """模型目录里的一个模型。"""

    name: str
    version: str
    live: bool
    problem: str = Field(description="不能用的原因；能用则为空")


class ModelsOut(BaseModel):
    """有哪些模型，哪个在用，近来换过哪些。"""

    models: list[ModelOut]
    history: list[ActivationOut]


class ActivateIn(BaseModel):
    """启用哪个模型。"""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"model": "2026-05", "why": "加入四月的更正重新训练"}]}
    )

    model: str = Field(min_length=1, max_length=200, description="模型目录下的目录名，随附模型为 shipped")
    why: Why


class RollbackIn(BaseModel):
    """为何回退。"""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"why": "新模型复核率偏高"}]})

    why: Why


@router.get("", summary="列出模型")
def list_models(client: Admin, store: StoreDep, settings: SettingsDep) -> ModelsOut:
    """列出可用的模型与台账最近的 100 条。"""
    del client
    history = ledger.history(store)
    live = history[0].version if history else ""
    found = activation.available(settings.models_dir)
    return ModelsOut(
        models=[
            ModelOut(name=m.name, version=m.version, live=m.version == live != "", problem=m.problem) for m in found
        ],
        history=[ActivationOut.model_validate(entry) for entry in history],
    )


@router.post("/activate", summary="启用模型", responses=_missing("模型目录里没有这个模型"))
def activate_model(
    body: ActivateIn, client: Admin, store: StoreDep, settings: SettingsDep, taxonomy: TaxonomyDep
) -> ActivationOut:
    """完整检查一个模型后启用它；检查不过则原来的模型继续服务。"""
    path = activation.within(settings.models_dir, body.model)
    entry = activation.activate(
        store, path, by=f"key:{client.id}", why=body.why, taxonomy=taxonomy, reading=settings.reading
    )
    return ActivationOut.model_validate(entry)


@router.post("/rollback", summary="回退到前一个模型", responses=_missing("台账里没有更早的模型"))
def rollback_model(
    body: RollbackIn, client: Admin, store: StoreDep, settings: SettingsDep, taxonomy: TaxonomyDep
) -> ActivationOut:
    """回到当前模型之前在用的那个。"""
    entry = activation.rollback(store, by=f"key:{client.id}", why=body.why, taxonomy=taxonomy, reading=settings.reading)
    return ActivationOut.model_validate(entry)


@router.get("/at", summary="某一时刻在用哪个模型", responses=_missing("台账从这一时刻之后才开始"))
def model_at(
    client: Admin, store: StoreDep,
    time: Annotated[Given, Query(description="时刻；不带时区的按北京时间", examples=["2026-04-15T09:30:00+08:00"])],
) -> ActivationOut:  # fmt: skip
    """查台账：过去任一时刻在用的模型。"""
    del client
    entry = ledger.at(store, time)
    if entry is None:
        raise NotFound("台账从这一时刻之后才开始", fix="换一个较晚的时刻")
    return ActivationOut.model_validate(entry)
