"""A job as the API shows it and a webhook tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tousu.timezone import local

if TYPE_CHECKING:
    from datetime import datetime

    from tousu_service.store.jobs import Job

COUNTS = ("model", "rows", "tagged", "rejects", "auto", "review", "online", "domains", "seconds", "notes", "incomplete")


def shown(job: Job, *, root_path: str = "") -> dict[str, Any]:
    """Return a job's fields as JSON has them."""
    here = f"{root_path}/v1/jobs/{job.id}"
    result = job.result if job.state == "done" and job.result else None
    told = None
    if result is not None:
        told = {name: result[name] for name in COUNTS if name in result}
        told["result"] = f"{here}/result" if result.get("file") else None
        told["rejects_list"] = f"{here}/rejects" if result.get("rejects_file") else None
    error = {"code": job.error_code, "message": job.error} if job.error else None
    return {
        "id": job.id, "kind": job.kind, "state": job.state, "step": job.step, "name": job.args.get("name"),
        "progress": _share(job), "rows": job.rows, "created_at": shown_moment(job.created_at),
        "started_at": shown_moment(job.started_at), "finished_at": shown_moment(job.finished_at), "error": error,
        "outcome": told, "webhook": job.webhook_state,
    }  # fmt: skip


def _share(job: Job) -> float | None:
    """Return how much of the work is done, 0 to 1; None while nobody knows."""
    if job.state == "done":
        return 1.0
    return round(min(job.progress / job.total, 1.0), 4) if job.total else None


def shown_moment(moment: datetime | None) -> str | None:
    """Return a moment as JSON has it, with its offset."""
    return None if moment is None else local(moment).isoformat(timespec="microseconds")
