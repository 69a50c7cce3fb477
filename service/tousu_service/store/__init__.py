"""What the service keeps: API keys, corrections, the ledger of models, the audit.

>>> store = Store.open("sqlite:///var/tousu.db")
>>> store.migrate()
"""

from tousu_service.store.base import Store

__all__ = ["Store"]
