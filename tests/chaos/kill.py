"""kill -9 in the middle of corrections, ten times: every acknowledged one is there, none twice."""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import threading
import time
from typing import TYPE_CHECKING

from tests.harness.server import ChaosError, Server, Wire, load, told

if TYPE_CHECKING:
    from pathlib import Path

CLIENTS = 4


class Sent:
    """What the clients sent, and what was acknowledged."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.pending: dict[str, dict[str, object]] = {}
        self.acknowledged: dict[str, int] = {}

    def one(self, wire: Wire, key: str, body: dict[str, object]) -> None:
        """Send a correction and note what became of it."""
        with self.lock:
            self.pending[key] = body
        status, answer = wire.post("/v1/corrections", body, {"Idempotency-Key": key})
        if status != 201:
            raise ChaosError(f"a correction got {status}: {answer[:200]!r}")
        with self.lock:
            self.pending.pop(key)
            self.acknowledged[key] = json.loads(answer)["id"]


def run(*, kills: int, seconds: float, home: Path, seed: int = 1) -> str:
    """Kill the server ``kills`` times, each after up to ``seconds`` of corrections; return the figures."""
    chance, sent, server, starts = random.Random(seed), Sent(), Server(home), []
    for kill in range(kills):
        starts.append(server.start())

        def work(number: int, over: threading.Event, round_: int = kill) -> None:
            count = 0
            try:
                with Wire(server.port) as wire:
                    while not over.is_set():
                        text_id = f"{round_}-{number}-{count}"
                        body = {
                            "text": f"第{text_id}号投诉，电梯困人",
                            "text_id": text_id,
                            "codes": ["elevator"],
                            "by": "chaos",
                        }
                        sent.one(wire, f"key-{text_id}", body)
                        count += 1
            except OSError:
                over.wait()  # the server is dead, as it should be

        with load(work, CLIENTS):
            time.sleep(chance.uniform(0.2, 1.0) * seconds)
            server.kill()
    starts.append(server.start())
    try:
        uncertain = dict(sent.pending)
        with Wire(server.port) as wire:
            for key, body in uncertain.items():
                sent.one(wire, key, body)
            stored = listed(wire)
    finally:
        server.stop()
    lost = [key for key, number in sent.acknowledged.items() if stored.get(f"{number}") != key.removeprefix("key-")]
    doubled = len(stored) - len(set(stored.values()))
    if lost or doubled or len(stored) != len(sent.acknowledged):
        raise ChaosError(f"kill: {len(lost)} lost, {doubled} doubled, {len(stored)} stored of {len(sent.acknowledged)}")
    return (
        f"kill: {kills} kills, {len(sent.acknowledged)} corrections acknowledged, 0 lost, 0 doubled, "
        f"{len(uncertain)} unacknowledged ones retried, ready again in {statistics.median(starts):.2f} s (median)"
    )


def listed(wire: Wire) -> dict[str, str]:
    """Return the text ids of all stored corrections by their numbers."""
    found: dict[str, str] = {}
    cursor: int | None = 0
    while cursor is not None:
        _, answer = wire.get(f"/v1/corrections?limit=1000&cursor={cursor}")
        page = json.loads(answer)
        found |= {str(item["id"]): item["text_id"] for item in page["items"]}
        cursor = page["next"]
    return found


def main() -> int:
    """Run it as a command."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=10)
    options.add_argument("--seconds", type=float, default=3.0)
    given = options.parse_args()
    return told(lambda home: run(kills=given.kills, seconds=given.seconds, home=home))


if __name__ == "__main__":
    sys.exit(main())
