"""Numbers out of addresses and forms, where anything may stand."""

from __future__ import annotations


def whole_number(value: str) -> int | None:
    """Return a number of plain digits that every column can hold; None for anything else."""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None
