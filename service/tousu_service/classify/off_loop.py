"""Work that would hold up the event loop: in a thread, and careful reading in few threads with a bounded queue."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from anyio import to_thread

from tousu.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tousu.classifier.model import Classifier

T = TypeVar("T")
MOST_WAITING = 256  # texts read carefully or waiting for it: some dozen seconds of work


class OffLoop:
    """Where texts are tagged when not on the event loop itself.

    Args:
        threads: How many threads read carefully.
    """

    def __init__(self, threads: int) -> None:
        self._readers = ThreadPoolExecutor(threads, thread_name_prefix="careful")
        self._waiting = 0

    async def run(self, model: Classifier, texts: int, work: Callable[[], T], *, patient: bool = False) -> T:
        """Return what ``work`` returns, which tags so many texts with the model.

        Args:
            model: The model.
            texts: How many.
            work: What tags them.
            patient: Whether to wait however many are before it, as a stream does, which sends no more meanwhile.

        Raises:
            Busy: Too many texts are being read carefully already; where none are, any number is taken.
        """
        if model.reading == "fast":
            return await to_thread.run_sync(work)
        if not patient and self._waiting and self._waiting + texts > MOST_WAITING:
            raise Busy("等着精读的投诉太多", fix="稍后重试，或改用快读（设置 reading = fast）")
        self._waiting += texts
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, work)
        finally:
            self._waiting -= texts

    def close(self) -> None:
        """Let the threads go; work that has begun is finished."""
        self._readers.shutdown(wait=False, cancel_futures=True)
