"""PostgreSQL stopped and crashed under load: nothing acknowledged lost, the service stays up, errors are 503."""

from __future__ import annotations

import argparse
import collections
import json
import sys
import threading
import time
from typing import TYPE_CHECKING

from tests.chaos.kill import listed
from tests.harness.postgres import Postgres
from tests.harness.server import ChaosError, Server, Wire, load, told

if TYPE_CHECKING:
    from pathlib import Path

CORRECTORS = 3
UNAVAILABLE = 503


class Counts:
    """What the clients got."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.statuses: collections.Counter[tuple[str, int]] = collections.Counter()
        self.acknowledged: dict[str, int] = {}
        self.slowest = 0.0

    def note(self, path: str, status: int, seconds: float) -> None:
        """Count an answer."""
        with self.lock:
            self.statuses[path, status] += 1
            self.slowest = max(self.slowest, seconds)


def run(*, stops: int, seconds: float, home: Path) -> str:
    """Stop the database ``stops`` times for ``seconds`` under load; return the figures."""
    postgres, counts = Postgres(home / "data"), Counts()
    server = Server(home, database_url=postgres.database("tousu_chaos"))

    def correct(number: int, over: threading.Event) -> None:
        count = 0
        with Wire(server.port) as wire:
            while not over.is_set():
                text_id = f"{number}-{count}"
                body = {
                    "text": f"第{text_id}号投诉，电梯困人",
                    "text_id": text_id,
                    "codes": ["elevator"],
                    "by": "chaos",
                }
                status = 0
                while status != 201 and not over.is_set():  # the same one again until it is taken
                    begun = time.monotonic()
                    status, answer = wire.post("/v1/corrections", body, {"Idempotency-Key": f"key-{text_id}"})
                    counts.note("correct", status, time.monotonic() - begun)
                    if status == 201:
                        counts.acknowledged[text_id] = json.loads(answer)["id"]
                    else:
                        time.sleep(0.05)
                count += 1

    def classify(number: int, over: threading.Event) -> None:
        with Wire(server.port) as wire:
            while not over.is_set():
                begun = time.monotonic()
                status, _ = wire.post("/v1/classify", {"text": "小区电梯困人，物业不修"})
                counts.note("classify", status, time.monotonic() - begun)
                time.sleep(0.01)

    def work(number: int, over: threading.Event) -> None:
        (correct if number < CORRECTORS else classify)(number, over)

    ready: collections.Counter[int | None] = collections.Counter()
    try:
        server.start()
        with load(work, CORRECTORS + 1):
            for stop in range(stops):
                time.sleep(seconds)
                postgres.stop("immediate" if stop % 2 else "fast")
                time.sleep(seconds / 2)
                ready[server.status("/readyz")] += 1
                time.sleep(seconds / 2)
                postgres.start()
            time.sleep(seconds)
        _wait_ready(server)
        with Wire(server.port) as wire:
            stored = listed(wire)
    finally:
        server.stop()
        postgres.stop()
    return _judge(counts, stored, ready, stops)


def _wait_ready(server: Server) -> None:
    """Wait until the service is ready again by itself."""
    for _ in range(100):
        if server.status("/readyz") == 200:
            return
        time.sleep(0.1)
    raise ChaosError("the service did not get ready again")


def _judge(counts: Counts, stored: dict[str, str], ready: collections.Counter[int | None], stops: int) -> str:
    """Return the figures, or fail."""
    lost = [text_id for text_id, number in counts.acknowledged.items() if stored.get(str(number)) != text_id]
    doubled = len(stored) - len(set(stored.values()))
    other = {
        f"{path} {status}": n for (path, status), n in counts.statuses.items() if status not in {200, 201, UNAVAILABLE}
    }
    refused = counts.statuses["correct", UNAVAILABLE]
    tagged, untagged = counts.statuses["classify", 200], counts.statuses["classify", UNAVAILABLE]
    if lost or doubled or other or not refused or untagged or set(ready) != {UNAVAILABLE}:
        raise ChaosError(
            f"database: {len(lost)} lost, {doubled} doubled, answers {dict(counts.statuses)}, readyz {dict(ready)}"
        )
    return (
        f"database: {stops} stops, {len(counts.acknowledged)} corrections acknowledged, 0 lost, 0 doubled, "
        f"{refused} refused with 503, {tagged} taggings meanwhile with 0 failed, slowest answer {counts.slowest:.2f} s"
    )


def main() -> int:
    """Run it as a command."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--stops", type=int, default=6)
    options.add_argument("--seconds", type=float, default=3.0)
    given = options.parse_args()
    return told(lambda home: run(stops=given.stops, seconds=given.seconds, home=home))


if __name__ == "__main__":
    sys.exit(main())
