"""What came of trainings: their models found again and put to use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tousu.errors import ModelError
from tousu.taxonomy import load_taxonomy
from tousu_service.registry import activation
from tousu_service.store import jobs

if TYPE_CHECKING:
    from pathlib import Path

    from tousu_service.settings import Settings
    from tousu_service.store import Store
    from tousu_service.store.jobs import Job
    from tousu_service.store.ledger import Activation


def model_name(job_id: str) -> str:
    """Return what a training's model is called in the models directory."""
    return f"loop-{job_id.removeprefix('job_')}"


def model_of(store: Store, settings: Settings, job_id: str) -> Path:
    """Return the directory of the model that a training made.

    Raises:
        NotFound: There is no such training.
        ModelError: It made none, or that is gone.
    """
    return activation.within(settings.models_dir, _ended(store, job_id)["name"])


def put_to_use(store: Store, settings: Settings, job_id: str, *, by: str, why: str, force: bool = False) -> Activation:
    """Activate the model of a training that passed the gate, or with ``force`` of one that did not.

    Args:
        store: The store.
        settings: The settings.
        job_id: The training.
        by: Who.
        why: Reason; the ledger says so where it was forced.
        force: Whether to do so though the gate refused; who may, the caller checks.

    Raises:
        NotFound: There is no such training.
        ModelError: It made no model, the gate refused it, or it cannot be used any more.
        StoreError: It could not be entered.
    """
    verdict = _ended(store, job_id)
    if not verdict["passed"] and not force:
        told = "；".join(verdict["reasons"])
        raise ModelError(f"闸门没有通过：{told}", fix="多收一些答复再训练；确要启用须由管理员强制")
    path = activation.within(settings.models_dir, verdict["name"])
    words = why if verdict["passed"] else f"强制：{why}"
    return activation.activate(store, path, by=by, why=words, taxonomy=load_taxonomy(), reading=settings.reading)


def _ended(store: Store, job_id: str) -> dict[str, Any]:
    """Return the verdict of a training that came to its end."""
    job: Job = jobs.find(store, job_id)
    if job.kind != "train" or job.state != "done" or not job.result:
        raise ModelError("这次训练没有做成模型", fix="重新训练")
    return job.result
