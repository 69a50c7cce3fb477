"""Where the data and the models lie that come with the program."""

from __future__ import annotations

import importlib.resources
import os
from pathlib import Path

from tousu.errors import SettingsError

SHIPPED = "tousu-zh"
TABLES_DIR = "TOUSU_TABLES_DIR"  # the environment's name for a station's own tables


def data_root() -> Path:
    """Return the directory that holds ``data/`` and ``models/``: the installed package's, else the checkout's."""
    package = Path(str(importlib.resources.files("tousu")))
    return package if (package / "data" / "taxonomy.toml").is_file() else package.parent


def table_path(name: str) -> Path:
    """Return the file of a table: the station's own where ``TOUSU_TABLES_DIR`` names a directory with one, else the shipped one.

    Raises:
        SettingsError: There is no such directory.
    """
    own = _own_tables()
    if own is not None and (own / name).is_file():
        return own / name
    return data_root() / "data" / name


def written_table_path(name: str) -> Path:
    """Return where a command writes a table: in the directory ``TOUSU_TABLES_DIR`` names, else over the shipped one.

    Raises:
        SettingsError: There is no such directory.
    """
    own = _own_tables()
    return data_root() / "data" / name if own is None else own / name


def own_folder(name: str) -> Path | None:
    """Return a directory within the station's own tables, such as ``examples``; None where there is none.

    Raises:
        SettingsError: There is no such directory of own tables.
    """
    own = _own_tables()
    return own / name if own is not None and (own / name).is_dir() else None


def _own_tables() -> Path | None:
    """Return the directory of the station's own tables, None where it has none.

    Raises:
        SettingsError: There is no such directory.
    """
    own = os.environ.get(TABLES_DIR)
    if own and not Path(own).is_dir():
        raise SettingsError(
            f"没有这个目录：{own}", expected="放着本站的表的目录", fix=f"改正 {TABLES_DIR}（设置 tables_dir）"
        )
    return Path(own) if own else None


def shipped_path() -> Path:
    """Return the directory of the shipped model."""
    return data_root() / "models" / SHIPPED
