"""Logs: one JSON object a line on standard error, with request ids, never with a complaint's text."""

from __future__ import annotations

import asyncio
import logging
import logging.config
import sys
import traceback
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import orjson
import structlog

from tousu.timezone import now

if TYPE_CHECKING:
    from structlog.typing import EventDict, FilteringBoundLogger

    from tousu_service.settings import Settings

LOGGER = "tousu"
FLUSH_SECONDS = 0.05


class Gathered:
    """A stream for log lines that are written together, at the latest ``FLUSH_SECONDS`` after the first.

    A system call for every line would cost a twelfth of a request. Lines from outside the event loop
    (start, end, other threads) are written at once, after those gathered.

    Args:
        stream: Where the lines go.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._lines = stream, list[bytes]()
        self._timer: asyncio.TimerHandle | None = None

    def write(self, line: bytes) -> None:
        """Take a line."""
        self._lines.append(line)

    def flush(self) -> None:
        """See to it that what was taken is written soon."""
        if self._timer is not None:
            return
        try:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.drain)
        except RuntimeError:
            self.drain()

    def drain(self) -> None:
        """Write what was taken."""
        self._timer = None
        lines, self._lines = self._lines, []
        self._stream.write(b"".join(lines))
        self._stream.flush()


class Requests:
    """Writes the line of each request: what structlog would write, in a fifth of the time.

    Args:
        lines: Where lines go.
        settings: Say whether there are to be such lines.
    """

    def __init__(self, lines: Gathered, settings: Settings) -> None:
        self._lines, self._wanted = lines, settings.log_requests and settings.log_level in {"debug", "info"}

    def told(self, **fields: str | float) -> None:
        """Write a line."""
        if self._wanted:
            event = {"event": "request", "level": "info", "at": now(), **fields}
            self._lines.write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))
            self._lines.flush()


def configure(settings: Settings) -> Gathered:
    """Send structlog's and the standard library's logs to standard error in one form. Called once per process.

    Returns:
        The stream, to be drained when the event loop ends.
    """
    stream = Gathered(sys.stderr.buffer)
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared = [structlog.stdlib.add_log_level, _stamp, _bare_exception]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_dumps)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", stream)),
        cache_logger_on_first_use=True,
    )
    chain = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(serializer=lambda event, **_: _dumps(event).decode()),
        ],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": chain},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": level},
            # Every start and stop of its parts is not for operators; what goes wrong is.
            # And what is wrong in a form is told to whoever sent it: these lines would hold pieces of it.
            "loggers": {
                name: {"level": max(level, logging.WARNING)} for name in ("uvicorn", "alembic", "asyncio", "httpx")
            }
            | {"python_multipart": {"level": logging.CRITICAL}},
        }
    )
    return stream


def logger() -> FilteringBoundLogger:
    """Return the service's logger; ``configure`` must have been called."""
    made: FilteringBoundLogger = structlog.get_logger(LOGGER)
    return made


def frames(error: BaseException) -> list[str]:
    """Return where an error was raised, innermost last, without its message, which may hold what a client sent."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]


def _dumps(event: EventDict, **_: Any) -> bytes:
    return orjson.dumps(event, default=str)


def _stamp(_: Any, __: str, event: EventDict) -> EventDict:
    """Add the time with its offset."""
    event["at"] = now().isoformat(timespec="milliseconds")
    return event


def _bare_exception(_: Any, __: str, event: EventDict) -> EventDict:
    """Replace an exception by its type and place."""
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"], event["frames"] = type(error).__name__, frames(error)
    return event
