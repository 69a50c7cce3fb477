"""How sending a notice can end otherwise than well."""

from __future__ import annotations


class NotSent(Exception):
    """Nothing was delivered: it may be tried again. The message says why, in Chinese."""


class Unclear(Exception):
    """It may have been delivered: it must not be tried again. The message says why, in Chinese."""
