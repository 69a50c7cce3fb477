"""The worker process: takes jobs from the store until there are none, and ends.

``tousu serve`` starts it when there is something to do. It runs at low priority, so that answering requests goes first.
Files are tagged in the main thread, where signals arrive; training runs in a process of its own, watched by a thread.
"""

from __future__ import annotations

import functools
import gc
import os
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tousu.errors import ModelError, StoreError, TousuError
from tousu.taxonomy import load_taxonomy
from tousu_service.auth.quota import Quota
from tousu_service.desk.store import uploads
from tousu_service.jobs import desk_rows, places, reminders, webhook
from tousu_service.jobs.held import HeldJob, JobStopped, is_dead, owner_name
from tousu_service.jobs.tag import tag_upload
from tousu_service.jobs.train import train_model
from tousu_service.jobs.vectors import VectorMaker
from tousu_service.registry import activation, shadow
from tousu_service.settings import use_tables
from tousu_service.store import Store, jobs, ledger
from tousu_service.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from tousu.classifier import Classifier
    from tousu_service.settings import Settings
    from tousu_service.store.jobs import Job, Kind

POLL_SECONDS = 0.2
NICE = 10
SHADOW_SECONDS = 5.0
REMIND_SECONDS = 20.0
VECTORS_SECONDS, BROKEN_SECONDS = 2.0, 600.0
COLLECT_AFTER = 100_000  # new objects between two searches for garbage: rows hold no circles


class Worker:
    """Takes jobs and does them.

    Args:
        store: The store, migrated.
        settings: The settings.
        idle_seconds: After how long without anything to do ``run`` returns; None: never.
    """

    def __init__(self, store: Store, settings: Settings, *, idle_seconds: float | None) -> None:
        self._store, self._settings, self._idle_seconds = store, settings, idle_seconds
        self._quota = Quota(settings.run_dir, requests=settings.requests_per_day, texts=settings.texts_per_day)
        self._is_here = functools.partial(places.is_here, settings)
        self._classifier: tuple[int, Classifier] | None = None
        self._shadows: dict[str, Classifier] = {}
        self._parent = os.getppid()
        self._stop = threading.Event()
        self._tagging, self._training, self._reminding = threading.Event(), threading.Event(), threading.Event()
        self._vectors = VectorMaker(store, settings)
        self._last_work = time.monotonic()

    def run(self) -> None:
        """Work until told to stop, or idle for long enough."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stopped)
        steps = (self._deliver, self._watch_parent, self._train, self._shadow, self._remind, self._make_vectors)
        beside = [threading.Thread(target=self._repeat, args=(step,), daemon=True) for step in steps]
        for thread in beside:
            thread.start()
        while not self._stop.is_set():
            if self.step(("tag",), self._tag):
                continue
            if self._training.is_set() or self._reminding.is_set() or self._vectors.busy.is_set():
                self._last_work = time.monotonic()
            if self._idle_seconds is not None and time.monotonic() - self._last_work > self._idle_seconds:
                break
            self._stop.wait(POLL_SECONDS)
        self._stop.set()
        self._vectors.close()
        for thread in beside:
            thread.join(jobs.LEASE.total_seconds())

    def step(self, kinds: Sequence[Kind], work: Callable[[HeldJob], dict[str, Any]]) -> bool:
        """Do one job of some kinds, if there is one; return whether there was."""
        try:
            job = jobs.claim(self._store, owner_name(), kinds, is_dead=is_dead, is_here=self._is_here)
        except StoreError as error:
            logs.logger().error("jobs_unreachable", code=error.code)
            self._stop.wait(1.0)
            return False
        if job is None:
            return False
        logs.logger().info("job_taken", job=job.id, kind=job.kind, attempt=job.attempt)
        begun = time.monotonic()
        with HeldJob(self._store, job, self._stop) as held:
            outcome = self._done(held, work)
        self._last_work = time.monotonic()
        logs.logger().info(
            "job_over", job=job.id, kind=job.kind, how=outcome, seconds=round(self._last_work - begun, 2)
        )
        return True

    def _done(self, held: HeldJob, work: Callable[[HeldJob], dict[str, Any]]) -> str:
        """Do a job and write what came of it; return how it ended."""
        job = held.job
        try:
            result = work(held)
        except JobStopped as stopped:
            return "lost" if stopped.lost else self._end(job, "cancelled")
        except KeyboardInterrupt:
            self._stop.set()
            self._persist(lambda: jobs.release(self._store, job, rows=held.rows))
            return "released"
        except TousuError as error:
            return self._end(job, "failed", error_code=error.code, error=str(error))
        except Exception as error:  # noqa: BLE001 -- whatever it was, the job gets an end and the log its place
            logs.logger().error("job_crashed", job=job.id, exception=type(error).__name__, frames=logs.frames(error))
            return self._end(
                job, "failed", error_code="internal", error="内部出错，已记入日志；请把任务编号告诉运维人员"
            )
        return self._end(job, "done", result=result, rows=result.get("rows"))

    def _end(self, job: Job, state: jobs.State, **fields: Any) -> str:
        self._persist(lambda: jobs.finish(self._store, job, state, **fields))
        return state

    def _persist(self, write: Callable[[], object]) -> None:
        """Write to the store; while it fails, again and again within the lease, for the work is done."""
        until = time.monotonic() + jobs.LEASE.total_seconds()
        while True:
            try:
                write()
                return
            except StoreError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.5)

    def _tag(self, held: HeldJob) -> dict[str, Any]:
        """Tag a file, and let nothing else that can wait be done meanwhile."""
        self._tagging.set()
        try:
            return self._tagged(held)
        finally:
            self._tagging.clear()

    def _tagged(self, held: HeldJob) -> dict[str, Any]:
        quota = self._quota if self._quota.active and held.job.client != "local" else None
        upload = held.job.args.get("upload")
        if upload is None:
            return tag_upload(held, self._settings, self._live(), quota)
        path = places.folder_of(self._settings, held.job) / str(held.job.args["file"])
        try:
            return desk_rows.store_rows(held, self._store, self._settings, self._live(), int(upload), path)
        except TousuError as error:
            self._persist(functools.partial(uploads.fail, self._store, int(upload), str(error)))
            raise
        except JobStopped as stopped:
            if not stopped.lost:
                self._persist(functools.partial(uploads.fail, self._store, int(upload), "已取消"))
            raise

    def _train(self) -> None:
        """Do a training, if there is one."""

        def work(held: HeldJob) -> dict[str, Any]:
            self._training.set()
            return train_model(held, self._store, self._settings)

        try:
            self.step(("train",), work)
        finally:
            self._training.clear()

    def _shadow(self) -> None:
        """Let the model in the shadow tag some more."""
        try:
            done = shadow.go_on(self._store, self._shadows, taxonomy=load_taxonomy(), reading=self._settings.reading)
        except TousuError as error:
            logs.logger().error("shadow_failed", code=error.code)
            self._stop.wait(60.0)
            return
        if done:
            self._last_work = time.monotonic()
        else:
            self._stop.wait(SHADOW_SECONDS)

    def _remind(self) -> None:
        """Send the day's reminders when it is time; then, however that went, wait before looking again."""
        try:
            if reminders.is_due(self._store, self._settings):
                self._reminding.set()
                told = reminders.send(self._store, self._settings)
                logs.logger().info("reminders_run", **told)
        except StoreError as error:
            logs.logger().error("reminders_unreachable", code=error.code)
        finally:
            self._reminding.clear()
            self._stop.wait(REMIND_SECONDS)

    def _make_vectors(self) -> None:
        """Make some more vectors of cases, unless a file is being tagged."""
        if self._tagging.is_set():
            return
        try:
            done = self._vectors.go_on()
        except TousuError as error:
            self._vectors.close()
            if not self._stop.is_set():
                logs.logger().error("vectors_failed", code=error.code, reason=str(error))
                self._stop.wait(BROKEN_SECONDS if isinstance(error, ModelError) else VECTORS_SECONDS)
            return
        if done:
            self._last_work = time.monotonic()
        else:
            self._stop.wait(VECTORS_SECONDS)

    def _live(self) -> Classifier:
        """Return the model that answers now by the ledger, or the last good one before it.

        What was live is for the service to enter into the ledger, not for a worker.

        Raises:
            ModelError: Not even the shipped model can be loaded.
            StoreError: The ledger cannot be read.
        """
        number = ledger.revision(self._store)
        if self._classifier is None or self._classifier[0] != number:
            entries = ledger.history(self._store, limit=activation.LONGEST_WAY_BACK)
            classifier, _, problem = activation.last_good(
                entries, taxonomy=load_taxonomy(), reading=self._settings.reading
            )
            if problem:
                logs.logger().error("model_broken", model=entries[0].version, instead=classifier.version)
            self._classifier = number, classifier
            gc.freeze()  # what has been built stays
        return self._classifier[1]

    def _deliver(self) -> None:
        """Call the webhooks that are due; let uploads know whose job was given up."""
        try:
            webhook.deliver_due(self._store, self._settings)
            uploads.mend(self._store)
        except StoreError as error:
            logs.logger().error("deliveries_failed", code=error.code)
            self._stop.wait(1.0)

    def _watch_parent(self) -> None:
        """End at once when the service that started this process is gone: its jobs are taken by the next one."""
        if self._idle_seconds is not None and os.getppid() != self._parent:
            os._exit(1)

    def _repeat(self, step: Callable[[], None]) -> None:
        """Take a step again and again until the end, whatever becomes of one."""
        while not self._stop.wait(POLL_SECONDS):
            try:
                step()
            except Exception as error:  # noqa: BLE001 -- without its thread a worker would be half of one
                logs.logger().error("step_failed", exception=type(error).__name__, frames=logs.frames(error))
                self._stop.wait(1.0)

    def _stopped(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stop.set()


def work(settings: Settings, *, idle_seconds: float | None) -> None:
    """Open the store and work at low priority until there is nothing to do.

    Raises:
        SettingsError: The database's address is none.
        StoreError: The store cannot be opened.
    """
    with suppress(OSError):
        os.nice(NICE)
    os.umask(0o077)  # what is made of complaints is nobody else's business
    gc.set_threshold(COLLECT_AFTER)
    use_tables(settings)
    lines = logs.configure(settings)
    store = Store.open(settings.database_url)
    try:
        store.migrate()
        Worker(store, settings, idle_seconds=idle_seconds).run()
    finally:
        store.close()
        lines.drain()
