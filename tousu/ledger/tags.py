"""Tags of a ledger's rows: those its own columns hold from ``tousu tag``, the classifier's where they hold none."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import polars as pl

from tousu.files.added_columns import ADDED, DECISIONS, LEVEL_NAMES, ONLINE
from tousu.signals import load_authorities, load_signals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tousu.classifier import Classifier

TAGGING = "tagging"
FACTORS_TITLE = "第17条因素"  # what earlier ledgers add to a cell of signals
REVIEW = {words["review"] for words in DECISIONS.values()}
YES = {words[True].lower() for words in ONLINE.values()} | {"1"}
LEVELS = {name: level for words in LEVEL_NAMES.values() for level, name in words.items()}
BLOCK = 8192  # texts tagged at a time
SCHEMA: dict[str, Any] = {
    "tousu_primary": pl.String, "tousu_name": pl.String, "tousu_decision": pl.String, "tousu_online": pl.Boolean,
    "tousu_kind": pl.String, "tousu_route": pl.String, "tousu_signals": pl.List(pl.String), "tousu_amount": pl.Float64,
    "tousu_attention": pl.String, "tousu_model": pl.String,
}  # fmt: skip


def tag_places(names: Sequence[str]) -> dict[str, int]:
    """Return where the columns added by tagging are, by their keys; of several of one name, the one added last; none if none are."""
    for added in reversed(ADDED.values()):
        if added["primary"] in names:
            places = {}
            for key, name in added.items():
                found = [at for at, there in enumerate(names) if re.fullmatch(re.escape(name) + r"(_\d+)?", str(there))]
                if found:
                    places[key] = found[-1]
            return places
    return {}


def json_tag(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the value of the key ``tagging`` of a JSON row; of several, the one added last; None if there is none."""
    for name in reversed(row):
        tag = row[name]
        if name.startswith(TAGGING) and isinstance(tag, dict) and isinstance(tag.get("primary"), str):
            return tag
    return None


def nested_values(row: object) -> list[Any]:
    """Return the tags of a JSON row in the order of ``SCHEMA``; None wherever it has none."""
    tag = json_tag(row) if isinstance(row, dict) else None
    if tag is None:
        return [None] * len(SCHEMA)
    signals, amount = tag.get("signals"), tag.get("amount")
    return [
        tag["primary"], None, tag.get("decision"), bool(tag.get("online")), tag.get("kind"), tag.get("route"),
        [str(code) for code in signals] if isinstance(signals, list) else None,
        float(amount) if isinstance(amount, (int, float)) else None, tag.get("attention"), tag.get("model"),
    ]  # fmt: skip


def flat_values(row: Sequence[Any], places: Mapping[str, int]) -> list[Any]:
    """Return the tags of a flat row in the order of ``SCHEMA``; None wherever it has none."""
    cells = {
        key: str(row[place] if row[place] is not None else "").strip()
        for key, place in places.items()
        if place < len(row)
    }
    primary = cells.get("primary", "")
    if primary in ("", "None"):
        return [None] * len(SCHEMA)
    codes = _codes()
    parts = re.split("[;、]", cells.get("signals", ""))
    signals = [codes.get(name, name) for name in parts if name and not name.startswith(FACTORS_TITLE)]
    return [
        primary, cells.get("name") or None, "review" if cells.get("decision") in REVIEW else "auto",
        cells.get("online", "").lower() in YES, codes.get(cells.get("kind", ""), cells.get("kind")) or None,
        codes.get(cells.get("route", ""), cells.get("route")) or None, signals if "signals" in cells else None,
        _number(cells.get("amount", "")), LEVELS.get(cells.get("attention", "").partition("：")[0]), cells.get("model") or None,
    ]  # fmt: skip


def with_tags(rows: pl.DataFrame, classifier: Classifier | None = None) -> pl.DataFrame:
    """Return the rows, those without tags tagged by the classifier where they have a text.

    Args:
        rows: A ledger's rows.
        classifier: The classifier; ``shipped_classifier`` by default, loaded only when a row needs it.
    """
    open_rows = rows.with_row_index("_at").filter(
        (pl.col("tousu_primary").is_null() | pl.col("tousu_kind").is_null()) & (pl.col("text").str.len_chars() > 0)
    )
    if open_rows.is_empty():
        return rows
    classifier = classifier or shipped_classifier()
    places, texts = open_rows["_at"].to_list(), open_rows["text"].to_list()
    made: list[list[Any]] = []
    for start in range(0, len(texts), BLOCK):
        for tag in classifier.tag_many(texts[start : start + BLOCK]):
            made.append([
                tag.primary, None, tag.decision, tag.online, tag.kind, tag.route, list(tag.signals),
                None if tag.amount is None else float(tag.amount), tag.attention, tag.model,
            ])  # fmt: skip
    told = pl.DataFrame(made, schema=SCHEMA, orient="row").with_columns(pl.Series("_at", places, dtype=pl.UInt32))
    joined = rows.with_row_index("_at").join(told, on="_at", how="left", suffix="_made").sort("_at")
    # What the ledger says stands: a person may have changed it.
    return joined.with_columns(pl.coalesce(name, f"{name}_made") for name in SCHEMA).select(rows.columns)


@functools.cache
def shipped_classifier() -> Classifier:
    """Return the shipped classifier, loaded once."""
    from tousu.classifier import Classifier

    return Classifier.load()


@functools.cache
def _codes() -> dict[str, str]:
    """Return the code of each kind, signal and authority by its Chinese name."""
    signals = load_signals()
    names = signals.kind_names | signals.signal_names | load_authorities().names
    return {name: code for code, name in names.items()}


def _number(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
