"""Memory over 200,000 requests: after the warm-up it stays where it is."""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from typing import TYPE_CHECKING

from tests.harness.server import ChaosError, Server, Wire, load, request, resident, told

if TYPE_CHECKING:
    from pathlib import Path

CLIENTS = 4
WARM_UP = 0.2
ALLOWED_MB = 10.0
PIECES = "电梯困人物业不修健身房退费年卡预付食品过期变质发霉网购假货虚假宣传停车收费价格公示，。0123"


def messages(count: int, seed: int) -> list[bytes]:
    """Return requests of many kinds: short and long texts, evidence, batches, wrong ones."""
    chance = random.Random(seed)

    def text(most: int) -> str:
        return "".join(chance.choices(PIECES, k=chance.randint(5, most)))

    made = []
    for n in range(count):
        body: object = {"text": text(300)}
        path = "/v1/classify"
        if n % 50 == 7:
            body = {"text": text(300), "evidence": True}
        elif n % 50 == 17:
            path, body = "/v1/classify/batch", {"items": [{"id": str(i), "text": text(100)} for i in range(20)]}
        elif n % 50 == 27:
            body = {"text": text(20_000)}
        elif n % 50 == 37:
            body = {"text": n}
        made.append(request("POST", path, json.dumps(body).encode(), {}))
    return made


def run(*, requests: int, home: Path) -> str:
    """Send ``requests`` requests; return the figures."""
    server = Server(home)
    server.start()
    done, lock, wrong = [0], threading.Lock(), [0]

    def work(number: int, over: threading.Event) -> None:
        mine = messages(2000, number)
        with Wire(server.port) as wire:
            while not over.is_set():
                for message in mine:
                    status, _ = wire.send(message)
                    with lock:
                        done[0] += 1
                        wrong[0] += status not in {200, 422}
                    if over.is_set():
                        return

    marks: list[tuple[int, float]] = []
    begun = time.monotonic()
    try:
        with load(work, CLIENTS):
            for step in range(1, 11):
                goal = requests * step // 10
                while done[0] < goal:
                    time.sleep(0.02)
                    if time.monotonic() - begun > 900:
                        raise ChaosError(f"memory: only {done[0]} requests in 15 minutes")
                marks.append((done[0], resident(server.pids())))
            seconds = time.monotonic() - begun
    finally:
        server.stop()
    warm = [size for count, size in marks if count >= requests * WARM_UP]
    grown = warm[-1] - warm[0]
    line = (
        f"memory: {marks[-1][0]} requests in {seconds:.0f} s, {wrong[0]} failed, resident {warm[0]:.1f} MB after "
        f"{marks[1][0]}, {warm[-1]:.1f} MB at the end ({grown:+.1f} MB), highest {max(warm):.1f} MB"
    )
    if grown > ALLOWED_MB or wrong[0]:
        raise ChaosError(line)
    return line


def main() -> int:
    """Run it as a command."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--requests", type=int, default=200_000)
    given = options.parse_args()
    return told(lambda home: run(requests=given.requests, home=home))


if __name__ == "__main__":
    sys.exit(main())
