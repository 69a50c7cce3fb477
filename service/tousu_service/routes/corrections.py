"""Corrections: taken, listed, exported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.types import Receive, Scope, Send

from tousu.timezone import local
from tousu_service.deps import SettingsDep, StoreDep, TaxonomyDep, open_stream, require
from tousu_service.http.body import KeyFirstRoute
from tousu_service.routes.classify import too_long
from tousu_service.routes.params import Cursor, Limit, Shown, Since, Until
from tousu_service.schemas import Problem
from tousu_service.store import corrections
from tousu_service.store.keys import ApiKey
from tousu_service.validation import IDEMPOTENCY_KEY, LINE, NO_NUL, NOT_BLANK

router = APIRouter(prefix="/v1/corrections", tags=["更正"], route_class=KeyFirstRoute)

Corrector = Annotated[ApiKey, Depends(require("correct"))]
Line = StringConstraints(strip_whitespace=True, min_length=1, pattern=LINE)
IdempotencyKey = Annotated[
    str | None, Header(pattern=IDEMPOTENCY_KEY, description="幂等键：同键同内容只存一次，重试时原样再带")
]
LONGEST_TEXT = 1_000_000


class CorrectionIn(BaseModel):
    """人工对一次打标签结果的更正。"""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "text": "健身房关门跑路，年卡还剩八个月不退钱",
                    "text_id": "GD20260415001",
                    "codes": ["prepaid"],
                    "online": False,
                    "by": "受理科-03",
                    "why": "核心诉求是预付卡余额",
                }
            ]
        },
    )

    text: str | None = Field(
        None, max_length=LONGEST_TEXT, pattern=NOT_BLANK,
        description="投诉原文，最长同打标签。服务不保存打标签时的原文，所以第一次更正一段投诉必须带上它",
    )  # fmt: skip
    text_id: Annotated[str, Line] | None = Field(
        None, max_length=200, description="打标签时给的 id；再次更正同一段时可以只给它"
    )
    codes: list[Annotated[str, Line]] = Field(min_length=1, max_length=10, description="正确的领域代码，第一个为主领域")
    online: bool | None = Field(None, description="是否线上交易；不清楚就不填")
    by: Annotated[str, Line] = Field(max_length=80, description="更正人（工号或岗位）")
    why: str | None = Field(None, max_length=2000, pattern=NO_NUL, description="理由")
    model: Annotated[str, Line] | None = Field(None, max_length=120, description="被更正的结果来自哪个模型版本")


class CorrectionOut(BaseModel):
    """已保存的更正。"""

    id: int = Field(description="编号，按保存的先后递增")
    at: Shown = Field(description="保存时刻")
    text_id: str | None
    text: str = Field(description="保存下来的原文；masked 为真时个人号码已换成 0")
    masked: bool
    codes: list[str]
    online: bool | None
    by: str
    why: str | None
    model: str | None


class ExportResponse(StreamingResponse):
    """An export, which takes a place among the client's open streams as long as it lasts."""

    def __init__(
        self, pages: Iterator[bytes], status_code: int = 200, *, place: ExitStack, headers: dict[str, str]
    ) -> None:
        super().__init__(pages, status_code, headers, media_type="application/x-ndjson")
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pages."""
        with self._place:
            await super().__call__(scope, receive, send)


class CorrectionPage(BaseModel):
    """一页更正。"""

    items: list[CorrectionOut]
    next: int | None = Field(description="下一页的 cursor；没有更多时为 null")


@router.post(
    "", status_code=201, summary="提交更正",
    responses={409: {"model": Problem, "description": "这个幂等键已用于另一份内容"}},
)  # fmt: skip
def correct(
    body: CorrectionIn, client: Corrector, store: StoreDep, settings: SettingsDep, taxonomy: TaxonomyDep,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> CorrectionOut:  # fmt: skip
    """保存一条更正；返回成功即已写入磁盘。

    同一幂等键、同一内容再次提交得到同样的回答；内容不同则 409。text 与 text_id 至少给一个；
    只给 text_id 时，此前须有一条带原文的更正用过它。
    """
    _check(body, taxonomy.codes, settings.max_text_chars)
    new = corrections.NewCorrection(
        text=body.text, text_id=body.text_id, codes=tuple(dict.fromkeys(body.codes)), online=body.online,
        by=body.by, why=body.why, model=body.model,
    )  # fmt: skip
    stored, replayed = corrections.add(
        store, new, client=client.id, idempotency_key=idempotency_key, raw=settings.store_raw_text
    )
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return _out(stored)


@router.get("", summary="列出更正")
def list_corrections(
    client: Corrector, store: StoreDep, since: Since = None, until: Until = None, limit: Limit = 100, cursor: Cursor = 0
) -> CorrectionPage:
    """按保存的先后列出更正；没有 admin 权限的密钥只看到自己提交的。"""
    found = corrections.listed(store, client=_own(client), since=since, until=until, after=cursor, limit=limit + 1)
    items = [_out(item) for item in found[:limit]]
    return CorrectionPage(items=items, next=items[-1].id if len(found) > limit else None)


@router.get(
    "/export", summary="导出为训练数据", response_class=ExportResponse,
    responses={200: {"description": "每行一个 JSON：text、codes、online", "content": {"application/x-ndjson": {}}}},
)  # fmt: skip
def export_corrections(
    request: Request, client: Corrector, store: StoreDep, since: Since = None, until: Until = None
) -> ExportResponse:
    """导出标注行，tousu train 可直接使用；同一段投诉多次更正的以最后一次为准。

    响应头 Tousu-Until 是这次导出到的时刻，下次用它作 since 就不重不漏；导出记入审计。
    """
    with open_stream(request) as place:
        granted = corrections.begin_export(
            store, actor=f"key:{client.id}", client=_own(client), since=since, until=until
        )
        pages = (b"".join(orjson.dumps(row) + b"\n" for row in page) for page in corrections.exported(store, granted))
        until_ = local(granted.until).isoformat(timespec="microseconds")
        headers = {"Tousu-Rows": str(granted.rows), "Tousu-Until": until_}
        return ExportResponse(pages, place=place.pop_all(), headers=headers)


def _check(body: CorrectionIn, codes: tuple[str, ...], most: int) -> None:
    """Refuse what the fields' types cannot.

    Raises:
        RequestValidationError: A code is not in the taxonomy, the text is too long, or neither text nor id is there.
    """
    errors: list[dict[str, object]] = [
        {
            "type": "value_error",
            "loc": ("body", "codes", n),
            "msg": f"没有领域 {code[:40]}；应为：{'、'.join(codes)}",
            "input": code,
        }
        for n, code in enumerate(body.codes)
        if code not in codes
    ]
    if body.text is None and body.text_id is None:
        errors.append({"type": "missing", "loc": ("body", "text"), "msg": "text 与 text_id 至少给一个", "input": None})
    if body.text is not None and len(body.text) > most:
        errors.append(too_long(most, len(body.text)))
    if errors:
        raise RequestValidationError(errors)


def _own(client: ApiKey) -> str | None:
    """Return whose corrections a client may see: its own, or with the scope admin everybody's (None)."""
    return None if "admin" in client.scopes else client.id


def _out(stored: corrections.Correction) -> CorrectionOut:
    """Return a stored correction as the reply shows it."""
    return CorrectionOut(
        id=stored.seq, at=stored.at, text_id=stored.text_id, text=stored.text, masked=stored.masked,
        codes=list(stored.codes), online=stored.online, by=stored.by, why=stored.why, model=stored.model,
    )  # fmt: skip
