"""The application: its parts put together, opened at start and closed at the end."""

from __future__ import annotations

import asyncio
import functools
import gc
import signal
import threading
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from tousu.acceptance import load_acceptance
from tousu.attention import load_attention
from tousu.errors import StoreError, TousuError
from tousu.messages import system_reason
from tousu.signals import load_authorities, load_signals
from tousu.taxonomy import load_taxonomy
from tousu_service import openapi
from tousu_service.auth.access import Access, refuse_open_access
from tousu_service.auth.open_streams import OpenStreams
from tousu_service.auth.rate_limit import RateLimit
from tousu_service.classify.micro_batch import MicroBatcher
from tousu_service.classify.off_loop import OffLoop
from tousu_service.deps import known_parameters
from tousu_service.desk import routes as desk
from tousu_service.desk.store import masks, uploads
from tousu_service.http import error_handlers
from tousu_service.http.middleware import RequestMiddleware
from tousu_service.jobs import retention
from tousu_service.parts import Parts
from tousu_service.registry import live_model
from tousu_service.registry.live_model import LiveModel
from tousu_service.routes import (
    audit,
    cases,
    classify,
    corrections,
    docs,
    files,
    health,
    jobs,
    kserve,
    metrics,
    models,
    taxonomy,
)  # fmt: skip
from tousu_service.server import memory
from tousu_service.server.limits import KEY, Limits
from tousu_service.settings import load_settings, use_tables
from tousu_service.store import Store
from tousu_service.telemetry import logs
from tousu_service.telemetry.metrics import Metrics
from tousu_service.telemetry.traces import tracer_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tousu_service.settings import Settings

DAY_SECONDS = 24 * 3600
TITLE = "投诉分类 tousu"
DESCRIPTION = (
    "把一段中文投诉归入市场监管的领域：食品、电梯、价格、广告……给出校准过的概率，以及能否直接分派。时刻都带时区。"
)


def create_app(settings: Settings) -> FastAPI:
    """Return the application; its parts are opened when it starts, on ``app.state.parts``, and closed when it ends."""
    lines, counted, provider = logs.configure(settings), Metrics(), tracer_provider(settings)
    app = FastAPI(
        title=TITLE, description=DESCRIPTION, version=version("tousu"), root_path=settings.root_path,
        docs_url=None, redoc_url=None, redirect_slashes=False,
        lifespan=functools.partial(_lifespan, settings=settings, counted=counted, lines=lines, provider=provider),
        telemetry={"tracing": provider is not None, "metrics": False, "tracer_provider": provider},
        responses=openapi.REFUSALS, generate_unique_id_function=openapi.operation_id,
    )  # fmt: skip
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=[origin.strip() for origin in settings.cors_origins.split(",")],
            allow_methods=["GET", "POST", "DELETE"],
            expose_headers=["X-Request-ID", "Tousu-Until", "Tousu-Rows", "Retry-After", "Location", "Content-Disposition"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type", "Idempotency-Key", "X-Request-ID"],
        )  # fmt: skip
    app.add_middleware(RequestMiddleware, settings=settings, metrics=counted, lines=lines)
    error_handlers.install(app)
    # The routes asked most come first and without a router between: routes are tried in order.
    app.router.routes[:0] = classify.quick(app.router.responses).routes
    for room in (
        classify.router, taxonomy.router, cases.router, corrections.router, files.router, jobs.router,
        models.router, audit.router, kserve.router,
    ):  # fmt: skip
        app.include_router(room, dependencies=[Depends(known_parameters)])
    for room in (health.router, metrics.router, docs.router):
        app.include_router(room)
    for room in desk.routers:
        app.include_router(room)
    openapi.describe(app, settings)
    return app


def from_environment() -> FastAPI:
    """Return the application for the settings of the environment; what each worker process calls."""
    gc.disable()  # until all is built: nearly nothing of it is garbage
    return create_app(load_settings())


@asynccontextmanager
async def _lifespan(
    app: FastAPI, *, settings: Settings, counted: Metrics, lines: logs.Gathered, provider: Any
) -> AsyncIterator[dict[str, Any]]:
    """Open the parts, follow the ledger meanwhile, close all at the end."""
    log = logs.logger()
    try:
        parts = app.state.parts = _opened(settings, counted)
    except TousuError as error:
        log.critical("start_refused", code=error.code, reason=str(error))
        lines.drain()
        raise
    now = asyncio.Event()
    if threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, now.set)
    chores = asyncio.create_task(_do_chores(parts))
    following = asyncio.create_task(
        live_model.watch(
            parts.live_model, parts.access, state_dir=settings.state_dir, seconds=settings.poll_seconds, now=now
        )
    )
    memory.settle()
    log.info("ready", model=parts.live_model.current().version, problem=parts.live_model.problem)
    try:
        yield {
            KEY: Limits(
                head=settings.header_seconds, body=settings.body_seconds, write=settings.write_seconds,
                most_connections=settings.max_connections_per_address, proxies=settings.proxies,
            )
        }  # fmt: skip
    finally:
        for task in (following, chores):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        counted.publish()
        parts.off_loop.close()
        parts.rate_limit.close()
        parts.access.quota.close()
        parts.store.close()
        if provider is not None:
            await to_thread.run_sync(provider.shutdown)
        log.info("stopped")
        lines.drain()


async def _do_chores(parts: Parts) -> None:
    """At the start and once a day: end what ended halfway, read what lists count by, let go of what is past its time.

    One chore that fails keeps none of the others from being done.
    """
    store, settings = parts.store, parts.settings
    chores: list[tuple[str, str, Callable[[], int | None]]] = [
        ("uploads_mended", "uploads", functools.partial(uploads.mend, store)),
        ("desk_warmed", "cases", functools.partial(masks.warm, store)),
        ("files_trimmed", "jobs", functools.partial(retention.trim_files, store, settings)),
        ("desk_purged", "uploads", functools.partial(retention.purge_desk, store, settings)),
    ]
    if settings.audit_days:
        trim = functools.partial(retention.trim_audit, store, days=settings.audit_days, actor="service")
        chores.append(("audit_trimmed", "rows", trim))
    while True:
        for event, counted, step in chores:
            try:
                count = await to_thread.run_sync(step)
            except StoreError as error:
                logs.logger().error("chore_failed", chore=event, code=error.code, reason=str(error))
            except OSError as error:
                code = type(error).__name__
                logs.logger().error("chore_failed", chore=event, code=code, reason=system_reason(error))
            except Exception as error:  # noqa: BLE001 -- the others are done all the same, and the place is told
                logs.logger().error("chore_failed", chore=event, code=type(error).__name__, frames=logs.frames(error))
            else:
                if count:
                    logs.logger().info(event, **{counted: count})
        await asyncio.sleep(DAY_SECONDS)


def _opened(settings: Settings, counted: Metrics) -> Parts:
    """Open the store, load the model, and put the parts together.

    Raises:
        TousuError: Something needed is missing or broken, or the service would stand open to other machines.
    """
    domains = load_taxonomy()
    use_tables(settings)
    for load in (load_signals, load_authorities, load_attention, load_acceptance):
        load()  # what is wrong in a table is told at the start
    store = Store.open(settings.database_url)
    store.migrate()
    refuse_open_access(settings, store)
    first = live_model.first(store, settings.model, taxonomy=domains, reading=settings.reading)
    live = LiveModel(first, store=store, taxonomy=domains, metrics=counted)
    rate_limit = RateLimit(settings.run_dir, per_second=settings.rate_per_second, burst=settings.rate_burst)
    off_loop = OffLoop(settings.reading_threads)
    access = Access(store, settings, rate_limit)
    access.refresh()
    return Parts(
        settings=settings, metrics=counted, store=store, taxonomy=domains, live_model=live,
        micro_batcher=MicroBatcher(live, counted, off_loop), off_loop=off_loop, rate_limit=rate_limit, access=access,
        open_streams=OpenStreams(settings.max_streams_per_key),
    )  # fmt: skip
