"""Single texts on their way to the classifier: those that arrive together are tagged together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tousu.classifier.model import Classifier
    from tousu.classifier.tagging import Tagging
    from tousu_service.classify.off_loop import OffLoop
    from tousu_service.registry.live_model import LiveModel
    from tousu_service.telemetry.metrics import Metrics

MOST_AT_ONCE = 64


class MicroBatcher:
    """Collects the texts of one turn of the event loop and tags them in one call.

    A call costs as much for one text as for ten. Nothing ever waits for company: the call is made as soon
    as the loop has taken in what had already arrived. The result is the same to the last bit either way.
    Careful reading gains nothing by company and would hold up the loop: each text goes to a thread by itself.

    Args:
        live: The model.
        metrics: Where texts are counted.
        off_loop: Where careful reading is done.
    """

    def __init__(self, live: LiveModel, metrics: Metrics, off_loop: OffLoop) -> None:
        self._live, self._metrics, self._off_loop = live, metrics, off_loop
        self._waiting: list[tuple[str, asyncio.Future[Tagging]]] = []

    def tag(self, text: str) -> asyncio.Future[Tagging]:
        """Return the tagging of one text, to be awaited."""
        loop = asyncio.get_running_loop()
        model = self._live.current()
        if model.reading == "careful":
            return loop.create_task(self._read_carefully(model, text))
        future: asyncio.Future[Tagging] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._tag_waiting)
        self._waiting.append((text, future))
        return future

    async def _read_carefully(self, model: Classifier, text: str) -> Tagging:
        tagging = await self._off_loop.run(model, 1, lambda: model.tag(text))
        self._metrics.tagged([tagging], "single")
        return tagging

    def _tag_waiting(self) -> None:
        waiting, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._tag_waiting)
        try:
            taggings = list(self._live.current().tag_many([text for text, _ in waiting]))
        except Exception as error:  # noqa: BLE001 -- each of those waiting has to hear of it
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), tagging in zip(waiting, taggings, strict=True):
            if not future.done():  # its client may have left
                future.set_result(tagging)
        self._metrics.tagged(taggings, "single")
