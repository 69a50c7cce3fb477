"""Keys within keys of JSON objects, called by all of them with dots between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 3  # keys within keys


def value_at(value: Any, path: str) -> Any:
    """Return what stands in a JSON object under a key, or under keys with dots between; None if nothing does."""
    if not isinstance(value, dict):
        return None
    if path in value:
        return value[path]
    head, dot, rest = path.partition(".")
    return value_at(value.get(head), rest) if dot else None


def key_paths(value: dict[str, Any], depth: int = DEEPEST) -> Iterator[str]:
    """Yield the keys of a JSON object, keys within keys with dots between."""
    for key, inner in value.items():
        yield key
        if isinstance(inner, dict) and depth > 1:
            yield from (f"{key}.{path}" for path in key_paths(inner, depth - 1))


def has_path(value: Any, path: str) -> bool:
    """Return whether a JSON object has something, be it null, under a key or under keys with dots between."""
    if not isinstance(value, dict):
        return False
    if path in value:
        return True
    head, dot, rest = path.partition(".")
    return bool(dot) and has_path(value.get(head), rest)
