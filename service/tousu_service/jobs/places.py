"""Where a job's files lie: a directory of its own under the data directory, closed to everybody else."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tousu.errors import FormatUnknown, StoreError
from tousu.files.archives import ARCHIVE
from tousu.files.formats import FORMATS, OTHER_SHEETS, READ_AS_XLSX, ending_of, is_read_as_xlsx
from tousu.files.sink import sync_directory
from tousu.files.source import packing_of
from tousu.messages import system_reason
from tousu_service.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tousu_service.settings import Settings
    from tousu_service.store.jobs import Job

FOLDER = "files"
INCOMING = ".incoming"
PRIVATE = 0o700
HOUR = 3600.0


def root(settings: Settings) -> Path:
    """Return the directory of all jobs' files, made if it is not there.

    Raises:
        StoreError: It cannot be made.
    """
    return _made(settings.state_dir / FOLDER)


def incoming(settings: Settings) -> Path:
    """Return the directory in which a file lies while it comes in.

    Raises:
        StoreError: It cannot be made.
    """
    return _made(root(settings) / INCOMING)


def folder(settings: Settings, name: str) -> Path:
    """Return the directory of that name, a job's or an upload's, which may not be there."""
    return settings.state_dir / FOLDER / name


def folder_of(settings: Settings, job: Job) -> Path:
    """Return where a job's files lie: the desk keeps an upload's in a directory of the upload's own."""
    return folder(settings, str(job.args.get("folder") or job.id))


def upload_folder(upload_id: int) -> str:
    """Return the name of the directory in which an upload of the desk lies."""
    return f"upload_{upload_id}"


def is_here(settings: Settings, job: Job) -> bool:
    """Return whether a job can be done on this machine: an uploaded file lies where it was handed in.

    A database in a file is one machine's; a file that is not there then is gone, and the job is to fail.
    """
    if job.kind != "tag" or settings.database_url.startswith("sqlite"):
        return True
    return folder_of(settings, job).is_dir()


def keep(settings: Settings, job_id: str, came: Path, name: str) -> Path:
    """Give a file that has come in its place in a job's directory; return that.

    Args:
        settings: The settings.
        job_id: The job.
        came: Where the whole file lies now, on the same disk.
        name: What it is to be called there.

    Raises:
        StoreError: The disk refuses.
    """
    place = folder(settings, job_id)
    try:
        place.mkdir(PRIVATE)
        final = place / name
        came.rename(final)
        for directory in (place, place.parent):
            sync_directory(directory)
    except OSError as error:
        shutil.rmtree(place, ignore_errors=True)
        raise StoreError(f"文件存不下（{system_reason(error)}）", fix="请运维人员检查数据目录与磁盘") from error
    return final


def original_name(name: str) -> str:
    """Return what an uploaded file is called in its directory: its ending tells how it is read.

    Raises:
        FormatUnknown: Files of that name are not read.
    """
    lower = name.lower()
    if lower.endswith(ARCHIVE) or is_read_as_xlsx(lower):
        return f"original{Path(lower).suffix}"
    if not ending_of(lower):
        other = Path(lower).suffix in OTHER_SHEETS
        raise FormatUnknown(
            "不能读这种工作簿" if other else "看文件名不知道是什么格式",
            expected="、".join((*FORMATS, *READ_AS_XLSX, ARCHIVE)),
            fix="用 Excel 或 WPS 打开后另存为 .xlsx" if other else "改文件名的后缀",
        )
    packing = packing_of(lower)
    return f"original{Path(lower[: len(lower) - len(packing)]).suffix}{packing}"


def result_name(original: str) -> str:
    """Return what the tagged file is called beside the original."""
    name = original.replace("original", "result", 1)
    return f"{Path(name).stem}.xlsx" if is_read_as_xlsx(name) else name


def download_name(uploaded: str, stored: str) -> str:
    """Return the name under which a job's file is handed out: the uploaded one's, marked, with the stored one's ending."""
    packing = packing_of(uploaded.lower())
    stem = Path(uploaded[: len(uploaded) - len(packing)]).stem
    ending = stored.partition(".")[2]
    return f"{stem}-tousu.{ending}"


def remove(settings: Settings, names: Iterable[str]) -> int:
    """Delete the files of jobs, or what ``strays`` named; return how many are gone by that. What stays is logged."""
    count = 0
    for name in names:
        place = folder(settings, name)
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
            if place.exists():
                logs.logger().error("files_not_deleted", name=name)
                continue
            count += 1
        elif place.is_file():
            place.unlink(missing_ok=True)
            count += 1
    return count


def strays(settings: Settings) -> list[str]:
    """Return the names of directories and incoming files that are older than an hour: some may belong to no job."""
    before = time.time() - HOUR
    place = settings.state_dir / FOLDER
    found = [*place.glob("job_*"), *place.glob(f"{INCOMING}/*")] if place.is_dir() else []
    old = []
    for path in found:
        with suppress(FileNotFoundError):  # given its place, or deleted, meanwhile
            if path.stat().st_mtime < before:
                old.append(str(path.relative_to(place)))
    return old


def _made(place: Path) -> Path:
    try:
        place.mkdir(PRIVATE, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"建不了目录 {place}（{system_reason(error)}）", fix="检查 state_dir 与权限") from error
    return place
