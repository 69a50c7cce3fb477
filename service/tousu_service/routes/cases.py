"""What kinds of case, signals and authorities mean, rest on and ask of the station."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from tousu.signals import Authority, Meaning, load_authorities, load_signals
from tousu.taxonomy import load_taxonomy
from tousu_service.deps import require
from tousu_service.routes.taxonomy import BasisOut

router = APIRouter(prefix="/v1", tags=["领域与模型"], dependencies=[Depends(require("classify"))])


class MeaningOut(BaseModel):
    """一种诉求类型或一项风险提示。"""

    code: str
    name: str
    meaning: str
    basis: list[BasisOut] = Field(description="依据的法规与条款")
    station: str = Field(description="本单位该怎么办")


class SignalsReply(BaseModel):
    """诉求类型与风险提示。"""

    version: str
    kinds: list[MeaningOut] = Field(description="诉求类型")
    signals: list[MeaningOut] = Field(description="风险提示；都只供人参考，不影响 decision")


class AuthoritiesReply(BaseModel):
    """主领域不属市场监管时该归的部门。"""

    version: str
    authorities: list[Authority]


@router.get("/signals", summary="诉求类型与风险提示")
async def read_signals() -> SignalsReply:
    """各代码的名称、含义、依据与办理要点。"""
    table = load_signals()
    return SignalsReply(
        version=table.version,
        kinds=[_out(kind) for kind in table.kinds],
        signals=[_out(item) for item in table.signals],
    )


@router.get("/authorities", summary="转办部门")
async def read_authorities() -> AuthoritiesReply:
    """各代码的部门名称、管什么、依据与办理要点。"""
    table = load_authorities()
    return AuthoritiesReply(version=table.version, authorities=list(table.authorities))


def _out(meaning: Meaning) -> MeaningOut:
    """Return a kind or signal with its laws in full."""
    basis = [BasisOut(law=law, articles=articles) for law, articles in load_taxonomy().laws_of(meaning.basis)]
    return MeaningOut(
        code=meaning.code, name=meaning.name, meaning=meaning.meaning, basis=basis, station=meaning.station
    )
