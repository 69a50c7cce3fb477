"""The application: its parts put together, opened at start and closed at the end."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI

from tousu.errors import TousuError
from tousu.taxonomy import load_taxonomy
from tousu_service.auth.access import Access
from tousu_service.auth.guard import check_door
from tousu_service.auth.rate_limit import Rates
from tousu_service.classify.micro_batch import Tagger
from tousu_service.deps import known_parameters
from tousu_service.http import error_handlers as problems
from tousu_service.http.middleware import Edge
from tousu_service.registry import live_model
from tousu_service.registry.live_model import LiveModel
from tousu_service.routes import audit, classify, corrections, docs, health, metrics, models, taxonomy
from tousu_service.schemas import Problem
from tousu_service.server import memory
from tousu_service.server.protocol import LIMITS, Limits
from tousu_service.settings import load_settings
from tousu_service.store import Store
from tousu_service.telemetry import logs
from tousu_service.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tousu_service.settings import Settings

TITLE = "投诉分类 tousu"
DESCRIPTION = (
    "把一段中文投诉归入市场监管的领域：食品、电梯、价格、广告……给出校准过的概率，以及能否直接分派。时刻都带时区。"
)
REFUSALS = {
    400: "请求体不是合法的 JSON",
    401: "没有密钥、密钥不对或已吊销",
    403: "密钥没有这项权限",
    404: "没有所说的东西",
    408: "请求体没有及时收完",
    409: "同一幂等键用于不同内容",
    413: "请求体超过上限",
    415: "请求体不是 JSON 或是压缩过的",
    422: "字段不合要求，message 与 field 说明是哪一个",
    429: "请求过快，按 Retry-After 重试",
    503: "暂时不能服务，按 Retry-After 重试",
}


def create_app(settings: Settings) -> FastAPI:
    """Return the application; store and model are opened when it starts and closed when it ends.

    Everything it holds is on ``app.state``: ``settings``, ``store``, ``taxonomy``, ``metrics``,
    ``live_model``, ``tagger``, ``access``.
    """
    lines = logs.configure(settings)
    app = FastAPI(
        title=TITLE, description=DESCRIPTION, version=version("tousu"), root_path=settings.root_path,
        docs_url=None, redoc_url=None, lifespan=_lifespan, redirect_slashes=False,
        responses={code: {"model": Problem, "description": words} for code, words in REFUSALS.items()},
    )  # fmt: skip
    app.state.settings, app.state.metrics, app.state.lines = settings, Metrics(), lines
    app.add_middleware(Edge, settings=settings, metrics=app.state.metrics, lines=lines)
    problems.install(app)
    # The routes asked most come first and without a router between: routes are tried in order.
    app.router.routes[:0] = classify.quick(app.router.responses).routes
    for room in (classify.router, taxonomy.router, corrections.router, models.router, audit.router):
        app.include_router(room, dependencies=[Depends(known_parameters)])
    for room in (health.router, metrics.router, docs.router):
        app.include_router(room)
    return app


def from_environment() -> FastAPI:
    """Return the application for the settings of the environment; what each worker process calls."""
    gc.disable()  # until all is built: nearly nothing of it is garbage
    return create_app(load_settings())


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Open store and model, follow the ledger meanwhile, close all at the end."""
    state = app.state
    log = logs.logger()
    try:
        _open(state)
    except TousuError as error:
        log.critical("start_refused", code=error.code, reason=str(error))
        state.lines.drain()
        raise
    now = asyncio.Event()
    if threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, now.set)
    following = asyncio.create_task(
        live_model.watch(state.live_model, state.access, seconds=state.settings.poll_seconds, now=now)
    )
    memory.settle()
    log.info("ready", model=state.live_model.current().version, problem=state.live_model.problem)
    try:
        yield {LIMITS: Limits(state.settings.header_seconds, state.settings.body_seconds)}
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        state.metrics.publish()
        state.rates.close()
        state.store.close()
        log.info("stopped")
        state.lines.drain()


def _open(state: Any) -> None:
    """Open the store and load the model.

    Raises:
        TousuError: Something needed is missing or broken, or the door would stand open.
    """
    settings: Settings = state.settings
    state.taxonomy = load_taxonomy()
    state.store = Store.open(settings.database_url)
    state.store.migrate()
    check_door(settings, state.store)
    live = live_model.first(state.store, settings.model, taxonomy=state.taxonomy)
    state.live_model = LiveModel(live, store=state.store, taxonomy=state.taxonomy, metrics=state.metrics)
    state.tagger = Tagger(state.live_model, state.metrics)
    state.rates = Rates(settings.run_dir, per_second=settings.rate_per_second, burst=settings.rate_burst)
    state.access = Access(state.store, settings, state.rates)
    state.access.refresh()
