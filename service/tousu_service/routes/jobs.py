"""Jobs: how far they are, what came of them, and stopping them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from tousu.errors import JobUnfinished, NotFound
from tousu_service.auth.access import LOCAL
from tousu_service.deps import SettingsDep, StoreDep, require
from tousu_service.http.attachment import attachment
from tousu_service.http.body import KeyFirstRoute
from tousu_service.jobs import places
from tousu_service.jobs.shown import shown
from tousu_service.routes.params import Limit
from tousu_service.schemas import Problem
from tousu_service.settings import Settings
from tousu_service.store import Store, audit, jobs
from tousu_service.store.keys import ApiKey

router = APIRouter(prefix="/v1/jobs", tags=["文件"], route_class=KeyFirstRoute)

Client = Annotated[ApiKey, Depends(require("classify"))]
JobId = Annotated[str, InPath(max_length=40, description="任务编号", examples=["job_0f1e2d3c4b5a6978"])]
MISSING: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "没有这个任务，或它没有这份文件"}}
UNFINISHED: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "任务还没有做完：job_unfinished"}}
BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "文件的字节",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class JobError(BaseModel):
    """任务没有做成的原因。"""

    code: str | None = Field(description="固定的英文代码")
    message: str = Field(description="中文说明：哪里不对、应当怎样")


class JobOutcome(BaseModel):
    """任务做成了什么；各数与 tousu tag --json 相同。"""

    model: str | None = Field(None, description="模型版本")
    rows: int | None = Field(None, description="行数，不算表头、合计等")
    tagged: int | None = Field(None, description="标好的行数")
    rejects: int | None = Field(None, description="没有标签的行数")
    auto: int | None = Field(None, description="可直接分派的行数")
    review: int | None = Field(None, description="要人看一眼的行数")
    online: int | None = Field(None, description="线上交易的行数")
    domains: dict[str, int] | None = Field(None, description="各主领域的行数")
    seconds: float | None = Field(None, description="用了多少秒")
    notes: list[str] | None = Field(None, description="途中认定了什么：编码、内容列、改了名的列等")
    incomplete: bool | None = Field(None, description="压缩包里有文件没有标成，notes 说明是哪些")
    result: str | None = Field(None, description="取结果的地址；没有则为 null")
    rejects_list: str | None = Field(None, description="取没有标签的行的地址；没有这样的行则为 null")


class JobOut(BaseModel):
    """一个后台任务。"""

    id: str = Field(description="任务编号")
    kind: str = Field(description="tag 标注文件 · train 训练模型")
    state: str = Field(description="queued 排队 · running 在做 · done 完成 · failed 失败 · cancelled 已取消")
    step: str = Field(description="正在做什么")
    name: str | None = Field(description="文件名")
    progress: float | None = Field(description="做了多少，0 到 1；不知道则为 null")
    rows: int = Field(description="已标的行数")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: JobError | None = Field(description="失败的原因；没有失败则为 null")
    outcome: JobOutcome | None = Field(description="做成了什么；没有做完则为 null")
    webhook: str = Field(description="none 不要通知 · waiting 等任务结束 · due 在发 · delivered 对方收下 · failed 放弃")


class JobPage(BaseModel):
    """一页任务。"""

    items: list[JobOut]
    next: int | None = Field(description="下一页的 before；没有更多时为 null")


@router.get("", summary="列出任务")
def list_jobs(
    client: Client, store: StoreDep, settings: SettingsDep, limit: Limit = 100,
    before: Annotated[int | None, Query(ge=0, le=2**53, description="上一页返回的 next；从最新的开始则不给")] = None,
) -> JobPage:  # fmt: skip
    """列出任务，新的在前；没有 admin 权限的密钥只看到自己交来的。"""
    found = jobs.listed(store, client=_own(client), before=before, limit=limit + 1)
    items = [out(job, settings) for job in found[:limit]]
    return JobPage(items=items, next=found[limit - 1].seq if len(found) > limit else None)


@router.get("/{job_id}", summary="任务做到哪里了", responses=MISSING)
def read_job(job_id: JobId, client: Client, store: StoreDep, settings: SettingsDep) -> JobOut:
    """任务的状态、进度与结果；隔一两秒问一次即可，或用 webhook。"""
    return out(jobs.find(store, job_id, client=_own(client)), settings)


@router.delete("/{job_id}", summary="取消任务", responses=MISSING)
def cancel_job(job_id: JobId, client: Client, store: StoreDep, settings: SettingsDep) -> JobOut:
    """取消一个没有做完的任务；正在做的一两秒内停下，不留半成品。已经结束的不变。"""
    job = jobs.cancel(store, job_id, actor=actor_of(client), client=_own(client))
    return out(job, settings)


@router.get(
    "/{job_id}/result", summary="取标好的文件", response_class=FileResponse, responses=MISSING | UNFINISHED | BYTES
)
def read_result(job_id: JobId, client: Client, store: StoreDep, settings: SettingsDep) -> FileResponse:
    """标好的文件，格式与交来的相同（xls、ods 等成为 xlsx）；每次下载记入审计。"""
    return _file(store, settings, client, job_id, "file")


@router.get(
    "/{job_id}/rejects", summary="取没有标签的行", response_class=FileResponse, responses=MISSING | UNFINISHED | BYTES
)
def read_rejects(job_id: JobId, client: Client, store: StoreDep, settings: SettingsDep) -> FileResponse:
    """没有标签的行：每行一个 JSON，第几行、为什么；不含投诉内容。都标好了则 404。"""
    return _file(store, settings, client, job_id, "rejects_file")


def _file(store: Store, settings: Settings, client: ApiKey, job_id: str, which: str) -> FileResponse:
    """Return a file that a job made.

    Raises:
        NotFound: There is no such job, or it made no such file, or that has been deleted since.
        JobUnfinished: It has not come to its end.
    """
    job = jobs.find(store, job_id, client=_own(client))
    if job.is_open:
        raise JobUnfinished("任务还没有做完", fix="过一会儿再取；GET /v1/jobs/编号 看做到哪里了")
    name = (job.result or {}).get(which) if job.state == "done" else None
    path: Path | None = places.folder_of(settings, job) / name if name else None
    if path is None or not path.is_file():
        why = job.error or ("任务没有做成" if job.state != "done" else "没有这份文件，或已过保留期")
        raise NotFound(why, fix="看 GET /v1/jobs/编号 里的 outcome 与 error")
    audit.append(store, "job_downloaded", actor=actor_of(client), detail={"job": job.id, "file": name})
    shown_name = places.download_name(job.args["name"], path.name)
    return FileResponse(path, media_type="application/octet-stream", headers=attachment(shown_name))


def _own(client: ApiKey) -> str | None:
    """Return whose jobs a client may see: its own, or with the scope admin everybody's (None)."""
    return None if "admin" in client.scopes else client.id


def actor_of(client: ApiKey) -> str:
    """Return who a client is, for the audit."""
    return "local" if client is LOCAL else f"key:{client.id}"


def out(job: jobs.Job, settings: Settings) -> JobOut:
    """Return a job as it is answered."""
    return JobOut.model_validate(shown(job, root_path=settings.root_path))
