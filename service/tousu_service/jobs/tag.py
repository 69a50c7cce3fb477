"""Jobs of kind ``tag``: an uploaded file tagged by the very code of ``tousu tag``, its result and rejects beside it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tousu.batch.outputs import rejects_path
from tousu.errors import FileError, RateExceeded, ResumeRefused
from tousu_service.jobs import places
from tousu_service.jobs.held import JobStopped

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.batch.options import TagSummary
    from tousu.classifier import Classifier
    from tousu_service.auth.quota import Quota
    from tousu_service.jobs.held import HeldJob
    from tousu_service.settings import Settings


class Told:
    """Tells a job how far its file is, counts its texts, and ends the run when the job is to stop.

    Args:
        held: The job.
        quota: How much its key may still have tagged today; None where that is no matter.
    """

    def __init__(self, held: HeldJob, quota: Quota | None) -> None:
        self._held, self._quota = held, quota
        self._before, self._now = 0, 0  # rows of the files before, of this one

    def start(self, name: str, total: int | None) -> None:
        """Begin a file."""
        del name
        self._held.total, self._held.progress = total, 0
        self._before, self._now = self._before + self._now, 0

    def advance(self, done: int, rows: int) -> None:
        """Take note that ``done`` units and ``rows`` rows lie behind; rows that an earlier attempt had count once.

        Raises:
            JobStopped: The job is to stop.
            RateExceeded: The key may have no more texts tagged today.
        """
        held = self._held
        held.progress, self._now = done, max(rows, self._now)
        new = self._before + self._now - held.rows
        held.rows += max(new, 0)
        if self._quota is not None and new > 0 and self._quota.take(held.job.client, texts=new):
            raise RateExceeded("今天的用量已满，这份文件没有标完", fix="明天再交，或请运维人员放宽 texts_per_day")
        held.check()

    def stop(self) -> None:
        """End the file."""


def tag_upload(held: HeldJob, settings: Settings, classifier: Classifier, quota: Quota | None) -> dict[str, Any]:
    """Tag a job's file; return what came of it.

    Line formats go on where an earlier attempt with the same model was cut off; others begin anew. A result that was
    complete is written once more, the same bytes.

    Raises:
        TousuError: The file cannot be tagged.
        JobStopped: The job is to stop; what was written of it is gone if it was cancelled.
        KeyboardInterrupt: The worker is to end; what was written stays, to be gone on with.
    """
    from tousu.batch.folder import is_folder, tag_folder
    from tousu.batch.options import TagOptions
    from tousu.batch.tag import tag_file

    args = held.job.args
    source = places.folder_of(settings, held.job) / args["file"]
    if not source.is_file():
        raise FileError("原文件不在这台机器的数据目录里", fix="重新交这份文件")
    output = source.with_name(places.result_name(source.name))
    options = TagOptions(
        text_columns=tuple(args.get("text_columns", ())), language=args.get("columns"), encoding=args.get("encoding"),
        no_header=bool(args.get("no_header")), evidence=args.get("evidence", True),
        resume=any(path != source for path in source.parent.iterdir()),  # an earlier attempt left something
    )  # fmt: skip
    held.step = "标注"
    reporter = Told(held, quota)
    try:
        if is_folder(str(source)):
            folder = tag_folder(str(source), str(output), classifier, options, reporter=reporter)
            summary = folder.total(args["name"], output.name, classifier.version)
            failed = bool(folder.failed or folder.unread)
        else:
            try:
                summary = tag_file(str(source), str(output), classifier, options, reporter=reporter)
            except ResumeRefused:  # another model began it, or an unreadable record was left
                anew = dataclasses.replace(options, resume=False)
                summary = tag_file(str(source), str(output), classifier, anew, reporter=reporter)
            failed = False
    except JobStopped as stopped:
        if not stopped.lost:
            remove_results(source)
        raise
    return _result(summary, output, failed=failed)


def remove_results(source: Path) -> None:
    """Delete what was made of an uploaded file, finished or not; the file itself stays."""
    for path in source.parent.iterdir():
        if path != source and path.is_file():
            path.unlink(missing_ok=True)


def _result(summary: TagSummary, output: Path, *, failed: bool) -> dict[str, Any]:
    """Return what came of a run, for the store: counts and names of files, no texts."""
    tally = summary.tally
    rejects = rejects_path(output)
    return {
        "model": summary.model, "rows": tally.rows, "tagged": tally.rows - tally.rejects, "rejects": tally.rejects,
        "auto": tally.decisions["auto"], "review": tally.decisions["review"], "online": tally.online,
        "domains": dict(sorted(tally.domains.items())), "seconds": round(summary.seconds, 3),
        "notes": summary.notes, "incomplete": failed, "file": output.name,
        "rejects_file": rejects.name if rejects.is_file() else None,
    }  # fmt: skip
