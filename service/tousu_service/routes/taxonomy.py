"""What the codes mean, and which model answers."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from tousu.taxonomy import Deadline, Exclusion, Law, Referral, Rule
from tousu.timezone import local, today
from tousu_service.deps import ModelDep, TaxonomyDep, require
from tousu_service.http.body import KeyFirstRoute
from tousu_service.parts import parts_of

router = APIRouter(
    prefix="/v1", tags=["领域与模型"], route_class=KeyFirstRoute, dependencies=[Depends(require("classify"))]
)


class BasisOut(BaseModel):
    """领域所依据的一部法规，和当天有效的那一版。"""

    law: Law
    articles: str = Field(description="条款")


class DomainOut(BaseModel):
    """一个领域。"""

    model_config = ConfigDict(from_attributes=True)

    code: str
    name: str
    group: str
    definition: str
    includes: list[str] = Field(description="属于本领域的")
    excludes: list[Exclusion] = Field(description="不属于的，和该归到哪里")
    wording: list[str] = Field(description="常见说法")
    department: str = Field(description="承办部门")
    legal_basis: list[BasisOut] = Field(description="当天有效的法律依据")
    handling: list[str] = Field(description="办理要点")
    cca: list[str] = Field(description="对应的中消协投诉性质")


class TaxonomyReply(BaseModel):
    """领域表。"""

    version: str
    title: str
    on: datetime.date = Field(description="法律依据是哪一天有效的")
    fallback: str = Field(description="什么都认不出时归入的领域")
    domains: list[DomainOut]
    rules: list[Rule] = Field(description="领域之间的划界规则")
    deadlines: list[Deadline] = Field(description="当天有效的办理期限")
    referrals: list[Referral] = Field(description="不归市场监管的事该转给谁")


class ModelReply(BaseModel):
    """在用的模型。"""

    version: str
    since: datetime.datetime = Field(description="从何时起在用（带时区）")
    domains: list[str] = Field(description="能给出的领域代码")
    problem: str = Field(description="模型方面要人处理的事；没有则为空")
    corpus: dict[str, Any] = Field(description="训练语料：条数与散列")
    metrics: dict[str, Any] = Field(description="训练时交叉验证的指标")


@router.get("/taxonomy", summary="领域表", response_model_exclude_none=True)
async def read_taxonomy(
    taxonomy: TaxonomyDep,
    on: Annotated[datetime.date | None, Query(description="按哪一天的法律；默认今天", examples=["2026-04-15"])] = None,
) -> TaxonomyReply:
    """全部领域：定义、界限、承办部门、当天有效的法律依据、办理要点与期限。"""
    day = on or today()
    domains = []
    for domain in taxonomy.domains:
        basis = [BasisOut(law=law, articles=articles) for law, articles in taxonomy.basis_on(domain.code, day)]
        domains.append(DomainOut.model_validate(domain.model_dump(exclude={"legal_basis"}) | {"legal_basis": basis}))
    return TaxonomyReply(
        version=taxonomy.version, title=taxonomy.title, on=day, fallback=taxonomy.fallback, domains=domains,
        rules=list(taxonomy.rules), deadlines=[item for item in taxonomy.deadlines if item.holds_on(day)],
        referrals=list(taxonomy.referrals),
    )  # fmt: skip


@router.get("/model", summary="在用的模型")
async def read_model(request: Request, model: ModelDep) -> ModelReply:
    """版本、从何时起在用、训练语料与指标。"""
    live = parts_of(request).live_model
    return ModelReply(
        version=model.version, since=local(live.entry.at), domains=list(model.domains), problem=live.problem,
        corpus=model.manifest["corpus"], metrics=model.manifest["metrics"],
    )  # fmt: skip
