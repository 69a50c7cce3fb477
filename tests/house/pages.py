"""The generated pages: ``python -m tests.house.pages`` (``make docs``) writes them, a test holds them current."""

from __future__ import annotations

import inspect
import sys
import textwrap
from pathlib import Path
from typing import Any

import tousu
import tousu_service.settings
import tousu_training.describe
from tests.house import ten_texts

ROOT = Path(__file__).resolve().parents[2]
HEAD = """# tousu in Python

Made from the docstrings by `make docs`; do not edit. `from tousu import …` gives these names and no others; what is
not here may change from one release to the next.
"""
CALLS = (staticmethod, classmethod)


def python_page() -> str:
    """Return the page of the public names."""
    return "\n".join([HEAD, *(_described(name, getattr(tousu, name)) for name in tousu.__all__)])


def _described(name: str, thing: type) -> str:
    """Return a class: its docstring, and each public method's."""
    parts = [f"## {name}\n\n{_text(thing)}\n"]
    for key, value in vars(thing).items():
        call = value.__func__ if isinstance(value, CALLS) else value
        if not key.startswith("_") and (inspect.isfunction(call) or isinstance(value, property)):
            parts.append(f"### {name}.{key}{_signature(call)}\n\n{_text(call)}\n")
    return "\n".join(parts)


def _signature(call: Any) -> str:
    return "" if isinstance(call, property) else str(inspect.signature(call)).replace("'", "")


def _text(thing: Any) -> str:
    """Return a docstring; its sections of names become code, so that their layout stays."""
    lines = inspect.cleandoc(thing.__doc__ or "").splitlines()
    begins = next((n for n, line in enumerate(lines) if line in ("Args:", "Attributes:", "Raises:", "Returns:")), None)
    if begins is None:
        return "\n".join(lines)
    return "\n".join([*lines[:begins], textwrap.indent("\n".join(lines[begins:]), "    ")])


# What writes each page, by its place.
PAGES = {
    "docs/python.md": python_page,
    "docs/settings.md": tousu_service.settings.page,
    "data/CORPUS.md": tousu_training.describe.page,
    "docs/ten-texts.md": ten_texts.page,
}

if __name__ == "__main__":
    for place, page in PAGES.items():
        (ROOT / place).write_text(page(), "utf-8")
        sys.stdout.write(f"{place}\n")
