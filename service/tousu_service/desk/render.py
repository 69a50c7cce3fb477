"""Templates into pages, and what all of them may use."""

from __future__ import annotations

import functools
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tousu.files.added_columns import LEVEL_NAMES
from tousu.signals import load_authorities, load_signals
from tousu.taxonomy import load_taxonomy
from tousu.timezone import local
from tousu_service.desk.people import ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment

ROOT = Path(__file__).resolve().parent
ATTENTION = LEVEL_NAMES["zh"]
DECISIONS = {"auto": "直接分派", "review": "人工复核"}
STATES = {
    "open": "待复核",
    "auto": "直接分派",
    "answered": "已复核",
    "asked": "待会商",
    "same": "与前件相同",
    "void": "已作废",
}
UPLOAD_STATES = {"looking": "待确认", "tagging": "处理中", "ready": "可复核", "failed": "失败", "void": "已作废"}
ACTIONS = {"confirm": "确认", "correct": "更正", "ask": "拿不准", "undo": "撤销"}
SOURCES = {"review": "复核", "sample": "抽检", "bulk": "批量", "group": "同组"}


@functools.cache
def environment() -> Environment:
    """Return the environment of the templates, which escapes everything."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(ROOT / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.globals |= names() | {
        "states": STATES, "upload_states": UPLOAD_STATES, "attentions": ATTENTION, "decisions": DECISIONS,
        "actions": ACTIONS, "sources": SOURCES, "person_roles": ROLES,
    }  # fmt: skip
    made.filters |= {"moment": moment, "percent": percent, "query": query, "size": size}
    return made


@functools.cache
def names() -> dict[str, Any]:
    """Return the Chinese names of every code."""
    return {
        "domains": load_taxonomy().names,
        "kinds": load_signals().kind_names,
        "signals": load_signals().signal_names,
        "authorities": load_authorities().names,
    }


def moment(value: datetime | None) -> str:
    """Return a moment as people write it, in Beijing time, to the minute."""
    return local(value).strftime("%Y-%m-%d %H:%M") if value else ""


def percent(value: float | None) -> str:
    """Return a share in whole per cent; what is nearly all or nothing is not shown as all or nothing."""
    return "" if value is None else f"{min(99, max(1, round(value * 100)))}%"


def query(values: Mapping[str, Any]) -> str:
    """Return the query part of an address, without what is empty."""
    filled = {name: value for name, value in values.items() if value not in (None, "", [], ())}
    return f"?{urlencode(filled, doseq=True)}" if filled else ""


def size(count: int) -> str:
    """Return a number of bytes for people."""
    return f"{count / 1024 / 1024:.1f} MB" if count >= 1024 * 1024 else f"{max(1, count // 1024)} KB"
