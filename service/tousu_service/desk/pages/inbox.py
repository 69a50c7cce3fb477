"""收件: files come in, are looked at, and become cases; their originals go out again with the answers in them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from tousu.errors import Conflict, NotFound, TousuError
from tousu_service.desk import preview
from tousu_service.desk.corrected import corrected
from tousu_service.desk.store import uploads
from tousu_service.desk.store.queue import progress_of
from tousu_service.desk.web import CLIENT, new_router, page
from tousu_service.jobs import places
from tousu_service.store import jobs

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import Response

    from tousu_service.desk.store.uploads import Upload
    from tousu_service.desk.visit import Visit

router = new_router()
page = functools.partial(page, router)
# What a column may hold, and how the page asks for it.
COLUMNS = {
    "text": "投诉内容（必选）", "number": "编号", "received": "登记日期", "respondent": "被投诉方",
    "complainant": "投诉人（只存摘要）",
}  # fmt: skip


@page("/inbox")
def show_inbox(visit: Visit) -> Response:
    """Show the files that were handed in, the newest first."""
    with visit.reading() as connection:
        found = uploads.listed(connection, before=visit.number("before") or None)
        progress = progress_of(connection, [each.id for each in found])
    return visit.show("inbox.html", uploads=found, progress=progress, days=visit.parts.settings.desk_days)


@page("/inbox", method="POST", large=True)
def receive(visit: Visit) -> Response:
    """Take a file and show what is in it; nothing of it is a case before that was confirmed.

    Raises:
        Conflict: There is no file, or it was handed in before.
    """
    came, settings = visit.received, visit.parts.settings
    if came is None or not came.size:
        raise Conflict("没有选文件，或文件是空的", fix="选一个 .xlsx、.csv 或 .jsonl 文件")
    name = places.original_name(came.name)
    with visit.writing() as connection:
        before = uploads.same_file(connection, came.sha256)
        if before is None:
            upload = uploads.add(
                connection, name=came.name, sha256=came.sha256, size=came.size, columns={"file": name},
                actor=visit.person.actor,
            )  # fmt: skip
            places.remove(settings, [places.upload_folder(upload.id)])  # of one that was killed before it was noted
            places.keep(settings, places.upload_folder(upload.id), came.path, name)
    if before is not None:
        return visit.go(f"/inbox/{before.id}?again=1")
    return visit.go(f"/inbox/{upload.id}")


@page("/inbox/{upload}")
def show_upload(visit: Visit) -> Response:
    """Show one file: what is in it, how far its rows have come, what became of them."""
    upload = _upload(visit)
    looked: dict[str, Any] | None = None
    error: TousuError | None = None
    job = None
    if upload.state == "looking" or (upload.state == "failed" and not upload.rows):
        try:
            looked = preview.look(_file(visit, upload))
        except TousuError as found:
            error = found
        visit.viewed("upload_viewed", upload=upload.id)
    if upload.job_id and upload.state == "tagging":
        job = jobs.find(visit.parts.store, upload.job_id)
    with visit.reading() as connection:
        progress = progress_of(connection, [upload.id]).get(upload.id, {})
    return visit.show(
        "upload_state.html" if visit.is_part else "upload.html", upload=upload, looked=looked, error=error,
        job=job, progress=progress, again=visit.asked("again"), roles=COLUMNS,
    )  # fmt: skip


@page("/inbox/{upload}", method="POST")
def begin(visit: Visit) -> Response:
    """Let a file's rows become cases, by the columns chosen; one that failed halfway goes on by those it began with.

    Raises:
        Conflict: No column holds the texts, or it has begun already.
    """
    upload = _upload(visit)
    told = upload.columns if upload.rows else {role: visit.said(role) for role in COLUMNS}
    chosen = {role: told[role] for role in COLUMNS if told.get(role)}
    if not chosen.get("text"):
        raise Conflict("没有选内容列", fix="选一列作投诉内容")
    if upload.state not in {"looking", "failed"}:
        raise Conflict("这份文件已经在处理了", fix="在收件页查看")
    args = {
        "upload": upload.id, "folder": places.upload_folder(upload.id), "file": upload.columns["file"], "name": upload.name,
    }  # fmt: skip
    columns = {"file": upload.columns["file"], **chosen}
    with visit.writing() as connection:  # before the job is there: a worker may take it at once
        uploads.change(connection, upload.id, actor=visit.person.actor, columns=columns)
    job, _ = jobs.add(visit.parts.store, "tag", args, client=CLIENT, actor=visit.person.actor)
    with visit.writing() as connection:
        if uploads.find(connection, upload.id).state == upload.state:
            uploads.change(
                connection, upload.id, actor=visit.person.actor, state="tagging", job_id=job.id, problem=None
            )
    return visit.go(f"/inbox/{upload.id}")


@page("/inbox/{upload}/void", method="POST", role="reviewer")
def void(visit: Visit) -> Response:
    """Take a file's cases out of every list, or put them back."""
    number = visit.named("upload")
    with visit.reading() as connection:
        turn = uploads.bring_back if uploads.find(connection, number).state == "void" else uploads.take_back
    turn(visit.parts.store, number, actor=visit.person.actor)
    return visit.go(f"/inbox/{number}")


@page("/inbox/{upload}/file")
def download(visit: Visit) -> Response:
    """Hand out the original with the answers of now in a column of its own."""
    upload, parts = _upload(visit), visit.parts
    if not upload.columns.get("text"):
        raise Conflict("这份文件还没有处理", fix="先选好内容列")
    made = corrected(
        parts.store, upload, _file(visit, upload), model=parts.live_model.current(), settings=parts.settings
    )
    visit.viewed("upload_exported", upload=upload.id)
    name = places.download_name(upload.name, made.name.partition("-")[2])
    return FileResponse(made, filename=name, background=BackgroundTask(made.unlink, missing_ok=True))


def _upload(visit: Visit) -> Upload:
    """Return the upload in the address.

    Raises:
        NotFound: There is none.
    """
    with visit.reading() as connection:
        return uploads.find(connection, visit.named("upload"))


def _file(visit: Visit, upload: Upload) -> Path:
    """Return where an upload's original lies.

    Raises:
        NotFound: It is no longer kept.
    """
    path = places.folder(visit.parts.settings, places.upload_folder(upload.id)) / str(upload.columns.get("file", ""))
    if not upload.columns.get("file") or not path.is_file():
        raise NotFound("原文件已过保留期，或不在这台机器上", fix="台账里的答复仍在")
    return path
