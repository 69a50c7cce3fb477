"""Makes vectors in a process of its own, at the lowest priority: ``python -m tousu_service.jobs.vectors_child MODEL``.

A line on standard input is a JSON array of texts; a line on standard output an object: ``vectors`` (float16, row by row,
in base64) or ``error``. It ends when its input does, so with the worker that started it, whatever became of that.
"""

from __future__ import annotations

import base64
import os
import sys
from contextlib import suppress
from typing import Any

import orjson

from tousu.classifier import Classifier
from tousu.errors import TousuError
from tousu_service.store.vectors import KIND

LOWEST = 19


def main(model: str) -> int:
    """Answer lines of texts until there are no more.

    Args:
        model: The model's directory.
    """
    _step_back()
    classifier: Classifier | None = None
    for line in sys.stdin.buffer:
        try:
            classifier = classifier or Classifier.load(model)
            found = classifier.vectors(orjson.loads(line))
            told: dict[str, Any] = {"vectors": base64.b64encode(found.astype(KIND).tobytes()).decode()}
        except TousuError as error:
            told = {"error": str(error)}
        sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
        sys.stdout.buffer.flush()
    return 0


def _step_back() -> None:
    """Let everybody else go first: take only what no other process wants of a core, where the system can do so."""
    with suppress(OSError):
        os.nice(LOWEST)
    if hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
