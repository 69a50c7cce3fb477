"""What operators see in Prometheus; right with several workers, who share their numbers through files."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tousu.classifier.tagging import Tagging

SHARED = "PROMETHEUS_MULTIPROC_DIR"  # set before the first import by `tousu serve` when there are several workers
PUBLISH_SECONDS = 0.25
SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def _forget_dead(directory: Path) -> None:
    """Leave out the present state of workers that are no more: one that was killed could not take it back."""
    for file in directory.glob("gauge_live*_*.db"):
        number = file.stem.rpartition("_")[2]
        if number.isdigit() and not _lives(int(number)):
            file.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    """Return whether a process of ours runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


class Metrics:
    """The service's metrics, in a registry of their own.

    The series of a metric are looked up once and kept: a look-up by label costs more than the counting. Counts
    are gathered here and published together, at the latest ``PUBLISH_SECONDS`` after the first: with several workers
    each step of a published number is a write to a shared file, which for six numbers a request was a tenth of it.
    All methods but ``page`` belong to the event loop's thread.
    """

    def __init__(self) -> None:
        own = self._registry = CollectorRegistry()
        self._requests = Counter("tousu_requests", "Requests answered", ["route", "method", "status"], registry=own)
        self._latency = Histogram("tousu_request_seconds", "Time to answer", ["route"], buckets=SECONDS, registry=own)
        self._texts = Counter("tousu_texts", "Texts tagged, by the way they came", ["way"], registry=own)
        self._decisions = Counter("tousu_decisions", "Taggings by decision", ["decision"], registry=own)
        self._domains = Counter("tousu_domains", "Taggings by primary domain", ["domain"], registry=own)
        self._model = Gauge(
            "tousu_model_workers", "Workers serving a model version", ["version"],
            multiprocess_mode="livesum", registry=own,
        )  # fmt: skip
        self._swaps = Counter("tousu_model_changes", "Changes of the live model", ["result"], registry=own)
        self._in_flight = Gauge(
            "tousu_requests_in_flight", "Requests being answered", multiprocess_mode="livesum", registry=own
        )
        self.waiting = Gauge(
            "tousu_texts_waiting", "Texts of batches and streams waiting for a thread",
            multiprocess_mode="livesum", registry=own,
        )  # fmt: skip
        self._version = ""
        self._counted: dict[Counter | Gauge, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._answered: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._said: dict[tuple[str, str], tuple[Counter, Counter]] = {}

    def publish(self) -> None:
        """Add what was counted to the numbers that are shown."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        counted, self._counted = self._counted, {}
        for series, number in counted.items():
            series.inc(number)

    def _count(self, series: Counter | Gauge, number: float = 1) -> None:
        """Count, and see to it that it is published soon."""
        self._counted[series] = self._counted.get(series, 0) + number
        if self._timer is None:
            try:
                self._timer = asyncio.get_running_loop().call_later(PUBLISH_SECONDS, self.publish)
            except RuntimeError:
                self.publish()

    def begun(self) -> None:
        """Count one request more in flight."""
        self._count(self._in_flight)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request, no longer in flight."""
        key = (route, method, status)
        found = self._answered.get(key)
        if found is None:
            found = self._requests.labels(route, method, str(status)), self._latency.labels(route)
            self._answered[key] = found
        self._count(self._in_flight, -1)
        self._count(found[0])
        found[1].observe(seconds)

    def tagged(self, taggings: Iterable[Tagging], way: str) -> None:
        """Count taggings that came by one way (``single``, ``batch``, ``stream``)."""
        count = 0
        for tagging in taggings:
            key = (tagging.primary, tagging.decision)
            found = self._said.get(key)
            if found is None:
                found = self._domains.labels(tagging.primary), self._decisions.labels(tagging.decision)
                self._said[key] = found
            self._count(found[0])
            self._count(found[1])
            count += 1
        self._count(self._texts.labels(way), count)

    def serving(self, version: str) -> None:
        """Say which model version this worker serves."""
        if version == self._version:
            return
        if self._version:
            self._model.labels(self._version).set(0)
            self._swaps.labels("done").inc()
        self._model.labels(version).set(1)
        self._version = version

    def swap_failed(self) -> None:
        """Count a change of model that was refused."""
        self._swaps.labels("refused").inc()

    def page(self) -> bytes:
        """Return all workers' published numbers in Prometheus' text format."""
        registry = CollectorRegistry()
        if shared := os.environ.get(SHARED):
            _forget_dead(Path(shared))
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        return generate_latest(self._registry) + generate_latest(registry)
