"""The audit, for whoever has to answer for the service."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from tousu_service.deps import StoreDep, require
from tousu_service.http.body import KeyFirstRoute
from tousu_service.routes.params import Cursor, Limit, Shown, Since, Until
from tousu_service.store import audit
from tousu_service.store.keys import ApiKey

router = APIRouter(prefix="/v1/audit", tags=["审计"], route_class=KeyFirstRoute)

Admin = Annotated[ApiKey, Depends(require("admin"))]


class AuditLine(BaseModel):
    """审计的一行；只增不改。"""

    id: int
    at: Shown
    actor: str = Field(description="谁：密钥（key:编号）、操作系统用户（user:名）或来访地址")
    action: str = Field(
        description="key_added、key_revoked、key_refused、model_activated、corrections_exported、backup_made、"
        "backup_restored、audit_trimmed、audit_read、job_created、job_cancelled、job_ended、job_downloaded、files_trimmed"
    )
    detail: dict[str, Any]


class AuditPage(BaseModel):
    """一页审计。"""

    items: list[AuditLine]
    next: int | None = Field(description="下一页的 cursor；没有更多时为 null")


@router.get("", summary="查看审计")
def read_audit(
    client: Admin, store: StoreDep, since: Since = None, until: Until = None, limit: Limit = 100, cursor: Cursor = 0
) -> AuditPage:
    """按先后列出审计；查看本身也记一行。"""
    audit.append(store, "audit_read", actor=f"key:{client.id}", detail={"cursor": cursor, "limit": limit})
    found = audit.lines(store, since=since, until=until, after=cursor, limit=limit + 1)
    items = [
        AuditLine(id=line.seq, at=line.at, actor=line.actor, action=line.action, detail=line.detail)
        for line in found[:limit]
    ]
    return AuditPage(items=items, next=items[-1].id if len(found) > limit else None)
