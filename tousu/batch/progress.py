"""How far a run has come: whoever wants to know is told by the run."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Takes note of how far a run has come."""

    def start(self, name: str, total: int | None) -> None:
        """Begin a file of ``total`` units of work (bytes or rows), None if nobody knows."""

    def advance(self, done: int, rows: int) -> None:
        """Take note that ``done`` units and ``rows`` rows lie behind."""

    def stop(self) -> None:
        """End the file."""


class Silent:
    """Says nothing."""

    def start(self, name: str, total: int | None) -> None:
        """Begin a file."""

    def advance(self, done: int, rows: int) -> None:
        """Take note."""

    def stop(self) -> None:
        """End the file."""
