"""Where the data and the models lie that come with the program."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

SHIPPED = "tousu-zh"


def data_root() -> Path:
    """Return the directory that holds ``data/`` and ``models/``: the installed package's, else the checkout's."""
    package = Path(str(importlib.resources.files("tousu")))
    return package if (package / "data" / "taxonomy.toml").is_file() else package.parent


def shipped_path() -> Path:
    """Return the directory of the shipped model."""
    return data_root() / "models" / SHIPPED
