"""The parts of a running service, put together once and handed to whoever answers a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

    from tousu.taxonomy import Taxonomy
    from tousu_service.auth.access import Access
    from tousu_service.auth.open_streams import OpenStreams
    from tousu_service.auth.rate_limit import RateLimit
    from tousu_service.classify.micro_batch import MicroBatcher
    from tousu_service.classify.off_loop import OffLoop
    from tousu_service.registry.live_model import LiveModel
    from tousu_service.settings import Settings
    from tousu_service.store import Store
    from tousu_service.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Parts:
    """What is opened at start and closed at the end; on ``app.state.parts`` in between.

    Attributes:
        settings: The settings.
        metrics: What is counted.
        store: Keys, corrections, ledger, audit.
        taxonomy: The domains.
        live_model: The model that answers.
        micro_batcher: The way of single texts to it.
        off_loop: The way of many texts to it, and of those read carefully.
        rate_limit: How fast each key may ask.
        access: Who may.
        open_streams: How many streams each holds open.
    """

    settings: Settings
    metrics: Metrics
    store: Store
    taxonomy: Taxonomy
    live_model: LiveModel
    micro_batcher: MicroBatcher
    off_loop: OffLoop
    rate_limit: RateLimit
    access: Access
    open_streams: OpenStreams


def parts_of(request: Request) -> Parts:
    """Return the parts of the service that a request came to."""
    found: Parts = request.app.state.parts
    return found
