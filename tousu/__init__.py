"""tousu: a classifier of Chinese complaint texts, and the typed client of its service.

>>> from tousu import Classifier
>>> Classifier.load().tag("小区电梯困人，物业一直不修").primary
'elevator'

>>> from tousu import Client
>>> with Client("http://127.0.0.1:8000") as client:
...     client.classify("小区电梯困人，物业一直不修").primary
'elevator'

Each name is imported when it is first asked for: the client needs nothing of the classifier, nor this of that.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tousu.classifier.model import Classifier
    from tousu.classifier.tagging import Evidence, Tagging, Taggings
    from tousu.client import AsyncClient, Client, ServiceError
    from tousu.errors import TousuError

_HOMES = {
    "AsyncClient": "tousu.client",
    "Classifier": "tousu.classifier.model",
    "Client": "tousu.client",
    "Evidence": "tousu.classifier.tagging",
    "ServiceError": "tousu.client",
    "Tagging": "tousu.classifier.tagging",
    "Taggings": "tousu.classifier.tagging",
    "TousuError": "tousu.errors",
}

__all__ = ["AsyncClient", "Classifier", "Client", "Evidence", "ServiceError", "Tagging", "Taggings", "TousuError"]


def __getattr__(name: str) -> Any:
    """Import one of the public names.

    Raises:
        ExtraMissing: What it needs is not installed; the message names the extra.
    """
    if name not in _HOMES:
        raise AttributeError(f"module 'tousu' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        from tousu.extras import extra_missing

        raise extra_missing(error) or error from error


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
