"""Files handed in: each becomes a job."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import orjson
from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response

from tousu.errors import TousuError
from tousu.files.added_columns import ADDED
from tousu_service.deps import SettingsDep, StoreDep, require
from tousu_service.http.body import KeyFirstRoute
from tousu_service.http.upload import Received, invalid, receive_file
from tousu_service.jobs import places, webhook
from tousu_service.routes.corrections import IdempotencyKey
from tousu_service.routes.jobs import JobOut, actor_of, out
from tousu_service.settings import Settings
from tousu_service.store import Store, jobs
from tousu_service.store.keys import ApiKey

router = APIRouter(prefix="/v1/files", tags=["文件"], route_class=KeyFirstRoute)

Client = Annotated[ApiKey, Depends(require("classify"))]
FIELDS = ("text_column", "no_header", "columns", "encoding", "evidence", "webhook")
YES, NO = ("true", "1"), ("false", "0")
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "表单：一个文件，和怎么读它",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string", "format": "binary",
                            "description": "xlsx、xls、xlsb、ods、et、csv、tsv、txt、jsonl、json、parquet 或 zip，由文件名的后缀判断",
                        },
                        "text_column": {
                            "type": "array", "items": {"type": "string"},
                            "description": "内容所在的列，或 #列号；可给几次，几列合在一起标；不给则自动判断",
                        },
                        "no_header": {"type": "boolean", "description": "表格没有表头，第一行就是数据"},
                        "columns": {"type": "string", "enum": ["zh", "en"], "description": "新增列用中文还是英文"},
                        "encoding": {"type": "string", "description": "输入的编码；不给则自动判断"},
                        "evidence": {"type": "boolean", "description": "是否列出依据词句；默认列出"},
                        "webhook": {
                            "type": "string",
                            "description": "任务结束时通知的地址；主机须在设置项 webhook_hosts 里",
                        },
                    },
                },
                "encoding": {"text_column": {"style": "form", "explode": True}},
                "example": {"file": "投诉台账.xlsx", "text_column": ["投诉内容"]},
            }
        },
    }
}  # fmt: skip


@router.post(
    "", status_code=202, summary="交一份文件来标", openapi_extra=FORM,
    responses={202: {"headers": {"Location": {"description": "任务的地址", "schema": {"type": "string"}}}}},
)  # fmt: skip
async def hand_in_file(
    request: Request, client: Client, store: StoreDep, settings: SettingsDep, response: Response,
    idempotency_key: IdempotencyKey = None,
) -> JobOut:  # fmt: skip
    """收下整份文件，排进后台，返回任务；标好后凭任务编号取结果和没有标签的行。

    同一幂等键、同一份文件再次提交得到同一个任务。文件与结果留在服务的数据目录里，至多 file_days 天。
    """
    came = await receive_file(
        request, await to_thread.run_sync(places.incoming, settings), most_bytes=settings.max_file_bytes
    )
    try:
        job, replayed = await to_thread.run_sync(_handed_in, came, client, store, settings, idempotency_key)
    finally:
        came.path.unlink(missing_ok=True)
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    response.headers["Location"] = f"{settings.root_path}/v1/jobs/{job.id}"
    return out(job, settings)


def _handed_in(
    came: Received, client: ApiKey, store: Store, settings: Settings, idempotency_key: str | None
) -> tuple[jobs.Job, bool]:
    """Give a file its place and hand in its job.

    Raises:
        RequestValidationError: A field of the form is wrong.
        TousuError: Files of that kind are not read, or the store refuses.
    """
    args, url = _args(came), came.one("webhook")
    told = None if url is None else webhook.checked(url, settings)
    body = hashlib.sha256(orjson.dumps([args, told], option=orjson.OPT_SORT_KEYS)).hexdigest()
    job_id = jobs.new_id()
    places.keep(settings, job_id, came.path, args["file"])
    try:
        job, replayed = jobs.add(
            store, "tag", args, client=client.id, actor=actor_of(client),
            job_id=job_id, idempotency_key=idempotency_key, body_sha256=body, webhook=told,
            most_open=settings.max_open_jobs,
        )  # fmt: skip
    except TousuError:
        places.remove(settings, [job_id])
        raise
    if replayed:
        places.remove(settings, [job_id])
    return job, replayed


def _args(came: Received) -> dict[str, Any]:
    """Return what the job is to know.

    Raises:
        RequestValidationError: A field is unknown or wrong.
        FormatUnknown: Files of that name are not read.
    """
    for name in came.fields:
        if name not in FIELDS:
            raise invalid(name[:40] or "form", f"没有这一项，请检查拼写；可以写的有 file、{'、'.join(FIELDS)}")
    args: dict[str, Any] = {
        "name": came.name, "file": places.original_name(came.name), "sha256": came.sha256, "size": came.size,
        "text_columns": [column for column in came.fields.get("text_column", []) if column.strip()],
        "no_header": _flag(came, "no_header", default=False), "evidence": _flag(came, "evidence", default=True),
    }  # fmt: skip
    if (columns := came.one("columns")) is not None:
        if columns not in ADDED:
            raise invalid("columns", f"应为 {'、'.join(ADDED)} 之一")
        args["columns"] = columns
    if (encoding := came.one("encoding")) is not None:
        args["encoding"] = encoding
    return args


def _flag(came: Received, name: str, *, default: bool) -> bool:
    """Return a field that is yes or no.

    Raises:
        RequestValidationError: It is something else.
    """
    value = came.one(name)
    if value is None:
        return default
    if value.lower() not in (*YES, *NO):
        raise invalid(name, "应为 true 或 false")
    return value.lower() in YES
