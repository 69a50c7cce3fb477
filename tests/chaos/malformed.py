"""Ten thousand malformed bodies: only 4xx come back, and the server is well after."""

from __future__ import annotations

import collections
import gzip
import json
import random
import sys
from typing import TYPE_CHECKING

from tests.harness.server import ChaosError, Server, Wire, request, resident, told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SEED = 20260415
COUNT = 10_000
PATHS = ("/v1/classify", "/v1/classify/batch", "/v1/corrections", "/v1/models/activate")
LONG_FIELD = b'{"text":"' + b"a" * 10 * 1024 * 1024 + b'"}'
BOMB = gzip.compress(b"\0" * 50 * 1024 * 1024)
SOUND = {"text": "电梯困人，物业不修", "id": "1"}
MOST_GROWN_MB = 80

Made = tuple[bytes, dict[str, str]]


def broken(chance: random.Random) -> Made:
    """JSON cut off, or with a byte put wrong."""
    whole = json.dumps(SOUND, ensure_ascii=False).encode()
    cut = whole[: chance.randrange(len(whole))]
    return chance.choice([cut, cut + b"\x00", whole + b"}", b"'" + whole, whole.replace(b'"', b"'"), b"//" + whole]), {}


def wrong_type(chance: random.Random) -> Made:
    """JSON whose values are of the wrong kind."""
    odd = chance.choice([1, -1.5, None, True, [], {}, ["a"], {"a": 1}, [[[]]]])
    made = chance.choice(
        [{"text": odd}, {"items": odd} if not isinstance(odd, list) else {}, odd, {}, {"text": "a", "id": odd or 0}]
    )
    return json.dumps(made).encode(), {}


def huge_number(chance: random.Random) -> Made:
    """Numbers no machine can hold."""
    number = chance.choice([b"9" * chance.randrange(5000, 50_000), b"1e999999", b"-1e-999999", b"1" + b"0" * 400])
    return b'{"text":' + number + b"}", {}


def surrogate(chance: random.Random) -> Made:
    """Half characters, escaped and raw."""
    return chance.choice(
        [b'{"text":"\\ud800"}', b'{"text":"\\udfff\\ud800"}', b'{"text":"\xed\xa0\x80"}', b'{"\\ud8ff":1}']
    ), {}


def other_encoding(chance: random.Random) -> Made:
    """Sound JSON in another encoding, rare characters among it."""
    whole = json.dumps(SOUND | {"text": "㐀䶮电梯困人"}, ensure_ascii=False)
    return whole.encode(chance.choice(["gb18030", "utf-16", "utf-32", "utf-16-be"])), {}


def bomb(chance: random.Random) -> Made:
    """Fifty megabytes of zeros in fifty kilobytes, told or untold."""
    return BOMB, chance.choice([{"Content-Encoding": "gzip"}, {"Content-Encoding": "deflate, gzip"}, {}])


def long_field(chance: random.Random) -> Made:
    """A field of ten megabytes."""
    del chance
    return LONG_FIELD, {}


def deep(chance: random.Random) -> Made:
    """Nesting without end."""
    depth = chance.randrange(1000, 100_000)
    return chance.choice([b"[" * depth, b'{"text":' * depth, b"[" * depth + b"]" * depth]), {}


def noise(chance: random.Random) -> Made:
    """Any bytes."""
    return b"\xff" + chance.randbytes(chance.randrange(2000)), {}


KINDS: list[tuple[Callable[[random.Random], Made], int]] = [
    (broken, 20), (wrong_type, 20), (huge_number, 10), (surrogate, 10), (other_encoding, 15), (bomb, 3),
    (long_field, 1), (deep, 6), (noise, 15),
]  # fmt: skip


def bombard(server: Server, count: int) -> collections.Counter[int]:
    """Send malformed bodies; return how often each status came back.

    Raises:
        ChaosError: A request got no answer, or the server is not well afterwards.
    """
    chance = random.Random(SEED)
    makers, weights = zip(*KINDS, strict=True)
    statuses: collections.Counter[int] = collections.Counter()
    before = resident(server.pids())
    with Wire(server.port) as wire:
        for number in range(count):
            maker = chance.choices(makers, weights)[0]
            body, headers = maker(chance)
            try:
                status, _ = wire.send(request("POST", chance.choice(PATHS), body, headers))
            except OSError as error:
                raise ChaosError(f"body {number} ({maker.__name__}) got no answer: {error!r}") from error
            if not 400 <= status < 500:
                raise ChaosError(f"body {number} ({maker.__name__}) got {status}")
            statuses[status] += 1
        status, answer = wire.post("/v1/classify", SOUND)
    if status != 200 or json.loads(answer)["primary"] != "elevator" or server.status("/readyz") != 200:
        raise ChaosError("the server is not well afterwards")
    grown = resident(server.pids()) - before
    if grown > MOST_GROWN_MB:
        raise ChaosError(f"the server has grown by {grown:.0f} MB")
    return statuses


def run(home: Path) -> str:
    """Bombard a server of its own."""
    server = Server(home)
    server.start()
    try:
        statuses = bombard(server, COUNT)
    finally:
        server.stop()
    shares = ", ".join(f"{status}: {number}" for status, number in sorted(statuses.items()))
    return f"malformed  {COUNT} bodies, only 4xx ({shares}); well after"


def main() -> int:
    """Run it and say the figures."""
    return told(run)


if __name__ == "__main__":
    sys.exit(main())
