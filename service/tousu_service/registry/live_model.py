"""The model that answers now, and how another takes its place without a request noticing."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from anyio import to_thread

from tousu.classifier.model import Classifier, Reading
from tousu.errors import ModelError, StoreError
from tousu_service.registry import activation
from tousu_service.store import ledger
from tousu_service.telemetry import logs
from tousu_service.telemetry.disk import disk_state

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.taxonomy import Taxonomy
    from tousu_service.auth.access import Access
    from tousu_service.registry.activation import Live
    from tousu_service.store import Store
    from tousu_service.telemetry.metrics import Metrics


class LiveModel:
    """Holds the current classifier. A reply takes it once and keeps to it, so none mixes two versions.

    Args:
        live: The model to start with.
        store: Where the ledger is.
        taxonomy: What every model must have been trained for.
        metrics: Where changes are counted.
    """

    def __init__(self, live: Live, *, store: Store, taxonomy: Taxonomy, metrics: Metrics) -> None:
        self._live, self._store, self._taxonomy, self._metrics = live, store, taxonomy, metrics
        self._changing = threading.Lock()
        self._refused = 0
        self.problem = live.problem
        metrics.serving(live.classifier.version)

    def current(self) -> Classifier:
        """Return the classifier that answers now."""
        return self._live.classifier

    @property
    def entry(self) -> ledger.Activation:
        """The ledger's entry by which it is live."""
        return self._live.activation

    def follow(self, *, again: bool = False) -> None:
        """Take over the model the ledger names, once it is fully loaded and checked.

        A broken one leaves the old in place; it is tried again only when ``again`` says so or the ledger
        changes.

        Raises:
            ModelError: The new one cannot be used.
            StoreError: The ledger cannot be read.
        """
        with self._changing:
            number = ledger.revision(self._store)
            if number == self._live.activation.seq or (number == self._refused and not again):
                return
            try:
                self._take(activation.follow(self._store, self._live, taxonomy=self._taxonomy))
            except ModelError as error:
                self._refused = number
                self.problem = f"新模型不能用，原来的 {self.current().version} 继续服务：{error}"
                self._metrics.swap_failed()
                raise

    def swap(self, path: Path) -> None:
        """Make the model in a directory the live one, here and by the ledger in every worker.

        Raises:
            ModelError: It cannot be used; the old one stays.
            StoreError: It could not be entered.
        """
        activation.activate(
            self._store, path, by=activation.SERVICE, why="", taxonomy=self._taxonomy, reading=self.current().reading
        )
        self.follow(again=True)

    def _take(self, live: Live) -> None:
        self._live, self.problem = live, live.problem
        self._metrics.serving(live.classifier.version)


def first(store: Store, path: Path | None, *, taxonomy: Taxonomy, reading: Reading) -> Live:
    """Return the model to start with: the one in ``path`` if given, which is entered into the ledger, else the ledger's.

    Raises:
        ModelError: There is no model that can be used.
        StoreError: The ledger cannot be used.
    """
    if path is not None:
        entry = ledger.current(store)
        classifier = Classifier.load(path, taxonomy=taxonomy, reading=reading)
        place = str(path.resolve())
        if entry is None or (entry.path, entry.version) != (place, classifier.model_version):
            entry = ledger.append_if_current(
                store, entry.seq if entry else 0, "start",
                path=place, version=classifier.model_version, by=activation.SERVICE, why="启动时由设置 model 指定",
            )  # fmt: skip
        if entry is not None:
            return activation.Live(classifier, entry)
    return activation.start(store, taxonomy=taxonomy, reading=reading)  # also when another worker has just entered it


async def watch(live: LiveModel, access: Access, *, state_dir: Path, seconds: float, now: asyncio.Event) -> None:
    """Follow the ledger, the keys and the disk for ever, every so often and at once when ``now`` is set."""
    log = logs.logger()
    troubled, disk = "", "ok"
    while True:
        try:
            async with asyncio.timeout(seconds):
                await now.wait()
        except TimeoutError:
            pass
        again = now.is_set()
        now.clear()
        state = await to_thread.run_sync(disk_state, state_dir)
        if state != disk:
            (log.info if state == "ok" else log.error)("disk", state=state)
            disk = state
        before = live.current().version
        try:
            await to_thread.run_sync(access.refresh)
            await to_thread.run_sync(lambda again=again: live.follow(again=again))  # type: ignore[misc]
        except (ModelError, StoreError) as error:
            if str(error) != troubled:
                log.error("follow_failed", code=error.code, reason=str(error), model=before)
            troubled = str(error)
            continue
        troubled = ""
        if live.current().version != before:
            log.info("model_changed", was=before, model=live.current().version)
