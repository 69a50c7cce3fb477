"""Models switched under load: no request fails, no reply mixes two models, a broken one changes nothing."""

from __future__ import annotations

import argparse
import collections
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

from tests.harness.server import ROOT, ChaosError, Server, Wire, load, told
from tousu.classifier import Classifier, artifact
from tousu.resources import shipped_path

TEXTS = [
    "小区电梯困人，物业不修",
    "健身房关门，年卡不退",
    "饭店厨房有老鼠",
    "网购手机是假货",
    "停车收费没有公示",
    "邻居半夜装修扰民",
]
CLIENTS = 4
FOLLOW_SECONDS = 2.0


def variant(model: Path, place: Path, release: str, shift: float) -> Path:
    """Save the model again under another release, with its biases shifted, so that its probabilities differ."""
    checked = artifact.load(model)
    manifest = {key: value for key, value in checked.manifest.items() if key not in {"protocol", "version", "files"}}
    arrays = dict(checked.arrays)
    arrays["bias"] = arrays["bias"] + shift * np.linspace(-1, 1, arrays["bias"].size)
    artifact.save(place / release, manifest | {"release": release}, arrays, {})
    return place / release


def tousu(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a ``tousu`` command with the server's settings."""
    command = [str(Path(sys.executable).with_name("tousu")), *arguments]
    return subprocess.run(command, cwd=ROOT, env=server.env, capture_output=True, text=True, timeout=60, check=False)


class Replies:
    """What each model says of each text, and the replies held against it."""

    def __init__(self, places: list[Path]) -> None:
        self.seen: collections.Counter[str] = collections.Counter()
        self.last: dict[str, float] = {}
        self._lock = threading.Lock()
        self._expected: dict[str, dict[str, dict[str, object]]] = {}
        for place in places:
            classifier = Classifier.load(place)
            self._expected[classifier.version] = {text: classifier.tag(text).to_dict() for text in TEXTS}

    def check(self, answers: list[tuple[str, dict[str, object]]]) -> None:
        """Count one reply's taggings, or fail."""
        versions = {str(tagging["model"]) for _, tagging in answers}
        if len(versions) != 1:
            raise ChaosError(f"switch: one reply mixes {versions}")
        for text, tagging in answers:
            wanted = self._expected[str(tagging["model"])][text]
            if any(tagging[name] != value for name, value in wanted.items()):
                raise ChaosError(f"switch: a tagging is not its model's: {tagging} != {wanted}")
        with self._lock:
            self.seen.update(versions)
            self.last |= dict.fromkeys(versions, time.monotonic())

    def late(self, version: str, since: float) -> float:
        """Return for how many seconds after ``since`` any version but this one still answered; fail if too long."""
        with self._lock:
            late = max([0.0, *(last - since for old, last in self.last.items() if old != version)])
        if late > FOLLOW_SECONDS:
            raise ChaosError(f"switch: an old model still answered {late:.1f} s after {version} was activated")
        return late

    def ask(self, wire: Wire, *, batch: bool) -> None:
        """Send one request and check the reply."""
        if batch:
            texts = TEXTS * 30
            status, answer = wire.post(
                "/v1/classify/batch", {"items": [{"id": str(n), "text": text} for n, text in enumerate(texts)]}
            )
        else:
            texts = [TEXTS[self.seen.total() % len(TEXTS)]]
            status, answer = wire.post("/v1/classify", {"text": texts[0]})
        if status != 200:
            raise ChaosError(f"switch: a request failed with {status}: {answer[:300]!r}")
        reply = json.loads(answer)
        self.check(list(zip(texts, reply["items"] if batch else [reply], strict=True)))


def run(*, switches: int, seconds: float, home: Path, model: Path | None = None, workers: int = 2) -> str:
    """Switch models ``switches`` times in ``seconds`` under load; return the figures."""
    source = shipped_path() if model is None else model
    places = [variant(source, home / "models", f"v{n}", 0.1 * (n + 1)) for n in range(3)]
    broken = variant(source, home / "models", "broken", 0.9)
    damage(broken / artifact.ARRAYS)
    replies, server = Replies(places), Server(home, workers=workers)
    activate(server, places[0])
    server.start()

    def work(number: int, over: threading.Event) -> None:
        with Wire(server.port) as wire:
            while not over.is_set():
                replies.ask(wire, batch=number == 0)

    refused, late = 0, 0.0
    try:
        begun = time.monotonic()
        with load(work, CLIENTS):
            for switch in range(1, switches + 1):
                if switch % 5 == 1:
                    refuse(server, broken)
                    refused += 1
                version, since = activate(server, places[switch % 3]), time.monotonic()
                time.sleep(max(FOLLOW_SECONDS, begun + seconds * switch / switches - since))
                late = max(late, replies.late(version, since))
    finally:
        server.stop()
    return (
        f"switch: {switches} switches, {replies.seen.total()} replies by {len(replies.seen)} versions, 0 failed, "
        f"0 mixed, {refused} broken models refused by name, the last of {workers} workers followed after {late:.2f} s"
    )


def damage(file: Path) -> None:
    """Change one byte in the middle of a file."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def activate(server: Server, place: Path) -> str:
    """Activate a model by the command; return its version."""
    done = tousu(server, "models", "activate", str(place), "--why", "chaos", "--json")
    if done.returncode:
        raise ChaosError(f"switch: activation failed: {done.stderr}")
    return str(json.loads(done.stdout)["version"])


def refuse(server: Server, broken: Path) -> None:
    """Try to activate a broken model; it must be refused by the name of its broken file."""
    done = tousu(server, "models", "activate", str(broken))
    if done.returncode == 0 or str(broken / artifact.ARRAYS) not in done.stderr.replace("\n", ""):
        raise ChaosError(f"switch: a broken model was not refused by name: {done.stderr}")


def main() -> int:
    """Run it as a command."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--switches", type=int, default=20)
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--model", type=Path)
    options.add_argument("--workers", type=int, default=2)
    given = options.parse_args()
    return told(
        lambda home: run(
            switches=given.switches, seconds=given.seconds, home=home, model=given.model, workers=given.workers
        )
    )


if __name__ == "__main__":
    sys.exit(main())
