"""What the operator's commands share: who is at the keyboard, and the service's store."""

from __future__ import annotations

import getpass
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tousu_service.settings import Settings
    from tousu_service.store import Store


def operator() -> str:
    """Return who runs the command, for the audit: the person behind sudo, else the account."""
    try:
        return f"user:{os.environ.get('SUDO_USER') or getpass.getuser()}"
    except (KeyError, OSError):  # an account without a name, as in some containers
        return f"user:{os.getuid()}"


def shown(moment: datetime, *, seconds: bool = False) -> str:
    """Return a moment as people write it, in Beijing time."""
    from tousu.timezone import local

    return local(moment).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


@contextmanager
def opened() -> Iterator[tuple[Store, Settings]]:
    """Give the service's store, migrated, and its settings.

    Raises:
        SettingsError: A setting is wrong.
        StoreError: The database cannot be reached or written.
    """
    from tousu_service.settings import load_settings
    from tousu_service.store import Store

    settings = load_settings()
    store = Store.open(settings.database_url)
    try:
        store.migrate()
        yield store, settings
    finally:
        store.close()
