"""The desk's reminders: once a day, from the set time on, whoever handles a case is told by the code of ``tousu remind``.

What has gone out stands in that code's own log, which lets each case go once a day and stage whatever ends a run. The audit
says that a day's run was, so that nobody runs it again; one that failed is tried again for a while.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from tousu.errors import TousuError
from tousu.timezone import SHANGHAI
from tousu_service.store import audit
from tousu_service.telemetry import logs

if TYPE_CHECKING:
    from tousu_service.settings import Settings
    from tousu_service.store import Store
    from tousu_service.store.audit import Line

ACTION = "reminders_run"
AGAIN = timedelta(minutes=15)
TRIES = 8


def is_due(store: Store, settings: Settings, now: datetime | None = None) -> bool:
    """Return whether the reminders of today are still to be sent.

    Args:
        store: The store.
        settings: The settings.
        now: The moment, aware; the present by default.

    Raises:
        StoreError: The audit cannot be read.
    """
    now = (now or datetime.now(SHANGHAI)).astimezone(SHANGHAI)
    if settings.remind_settings is None or now.time() < time.fromisoformat(settings.remind_at):
        return False
    runs = runs_of_today(store, now)
    if not runs:
        return True
    return bool(runs[0].detail.get("failed")) and len(runs) < TRIES and now - runs[0].at >= AGAIN


def runs_of_today(store: Store, now: datetime | None = None) -> list[Line]:
    """Return what the audit says of today's runs, the latest first; see ``is_due``."""
    now = (now or datetime.now(SHANGHAI)).astimezone(SHANGHAI)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return audit.latest(store, action=ACTION, since=midnight, limit=TRIES)


def send(store: Store, settings: Settings, now: datetime | None = None) -> dict[str, Any]:
    """Send the reminders of today that have not gone out yet; return what the audit says of it.

    However it ends, it counts as one of the day's tries.

    Raises:
        StoreError: The audit cannot be written.
    """
    from tousu.clock.due import DueOptions, clocks_of
    from tousu.remind.run import remind
    from tousu.remind.settings import load_settings
    from tousu_service.desk.store.as_ledger import desk_ledger

    assert settings.remind_settings is not None
    today = (now or datetime.now(SHANGHAI)).astimezone(SHANGHAI).date()
    try:
        file = settings.remind_settings
        loaded = load_settings(file)
        with store.reading() as connection:
            ledger = desk_ledger(connection)
        told: dict[str, Any] = {"sent": 0, "failed": 0}
        if not ledger.rows.is_empty():
            done = remind(ledger, clocks_of(ledger, DueOptions(today=today)), loaded, file)
            told = {
                "sent": len(done.sent), "failed": len(done.failed), "unclear": len(done.unclear), "before": done.before,
                "nobody": sum(done.homeless.values()), "resting": done.resting,
            }  # fmt: skip
    except TousuError as error:
        logs.logger().error("reminders_failed", code=error.code)
        told = {"sent": 0, "failed": 1, "error": error.code}
    except Exception as error:  # noqa: BLE001 -- a try that was not counted would be made again every few seconds
        logs.logger().error("reminders_failed", exception=type(error).__name__, frames=logs.frames(error))
        told = {"sent": 0, "failed": 1, "error": "internal"}
    audit.append(store, ACTION, actor="service", detail={"day": today.isoformat()} | told)
    return told
