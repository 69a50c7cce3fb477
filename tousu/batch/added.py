"""The added cells of flat formats, column by column: what each row shows of its tagging."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from tousu.case_codes import AUTHORITIES, KINDS, LEVELS
from tousu.classifier.rounding import PLACES
from tousu.classifier.tagging import SIGNAL_SETS, shown_amount, signal_sets
from tousu.files.added_columns import CODES_BETWEEN, DECISIONS, LEVEL_NAMES, ONLINE, added_columns
from tousu.signals import load_authorities, load_signals
from tousu.taxonomy import load_taxonomy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.batch.asked import Asked
    from tousu.classifier import Classifier, Taggings
    from tousu.files.added_columns import Language


Words = list[str]
SHOWN = 3
LONGEST_WORD = 20


def domain_names(domains: tuple[str, ...]) -> dict[str, str]:
    """Return the Chinese name by code; a code of somebody else's taxonomy is its own name."""
    known = load_taxonomy().names
    return {code: known.get(code, code) for code in domains}


class FlatColumns:
    """Turns taggings into columns of values, in the order of ``added_columns``.

    Args:
        language: Of names and values.
        asked: Keys of the columns that are added on demand.
    """

    def __init__(self, language: Language, asked: tuple[str, ...] = ()) -> None:
        self._language = language
        self._keys = tuple(added_columns(language, asked))
        self._names: dict[str, str] = {}

    def values(
        self, taggings: Taggings, words: Words | None, asked: Asked | None = None
    ) -> dict[str, list[str] | list[float]]:
        """Return the columns by key: text, but for ``probability``, a number with 4 decimals, and ``amount``, one or ""."""
        language, domains = self._language, taggings.domains
        if not self._names:
            self._names = domain_names(domains)
        shown = [self._names[code] for code in domains] if language == "zh" else list(domains)
        between, decisions, online = CODES_BETWEEN[language], DECISIONS[language], ONLINE[language]
        primary = taggings.primary.tolist()
        rows = np.arange(len(taggings))
        shares = taggings.probabilities[rows, taggings.primary].tolist() if len(taggings) else []
        columns: dict[str, list[str] | list[float]] = {
            "primary": [domains[column] for column in primary],
            "name": [self._names[domains[column]] for column in primary],
            "codes": [between.join([shown[code] for code in codes if code >= 0]) for codes in taggings.codes.tolist()],
            "probability": [round(share, PLACES) for share in shares],
            "decision": [decisions["auto" if auto else "review"] for auto in taggings.auto.tolist()],
            "online": [online[on] for on in taggings.online.tolist()],
            **self._case_columns(taggings),
            "evidence": list(words) if words is not None else [""] * len(taggings),
            "model": [taggings.model] * len(taggings),
            "error": [""] * len(taggings),
        }
        if asked is not None:
            signals = [str(cell) for cell in columns["signals"]]
            columns |= {"signals": asked.signals(signals, language), **asked.cells(language)}
        return {key: columns[key] for key in self._keys}

    def _case_columns(self, taggings: Taggings) -> dict[str, list[Any]]:
        """Return kinds, routes, signals, amounts and levels; Chinese ones by name, the level with its reasons."""
        language = self._language
        cases, between, levels = taggings.cases, CODES_BETWEEN[language], LEVEL_NAMES[language]
        names = _case_names() if language == "zh" else {}
        signals = [between.join(names.get(code, code) for code in codes) for codes in SIGNAL_SETS]
        kinds = [*(names.get(code, code) for code in KINDS), ""]  # -1 is for what is not said
        routes = [*(names.get(code, code) for code in AUTHORITIES), ""]
        shown = map(shown_amount, cases.amounts.tolist())
        attention = [levels[LEVELS[level]] for level in taggings.attention().tolist()]
        if language == "zh":
            reasons = taggings.attention_reasons()
            attention = [
                f"{level}：{'；'.join(why)}" if why else level for level, why in zip(attention, reasons, strict=True)
            ]
        return {
            "kind": [kinds[kind] for kind in cases.kinds.tolist()],
            "route": [routes[route] for route in cases.routes.tolist()],
            "signals": [signals[place] for place in signal_sets(cases.signals).tolist()],
            "amount": ["" if amount is None else amount for amount in shown],
            "attention": attention,
        }


@functools.cache
def _case_names() -> dict[str, str]:
    """Return the Chinese name of every kind, signal and authority by code; no code is in two of them."""
    signals = load_signals()
    return signals.kind_names | signals.signal_names | load_authorities().names


def words_of(classifier: Classifier, texts: Sequence[str], taggings: Taggings) -> Words:
    """Return for each text the spans that spoke most for its primary, ``；`` between them."""
    codes = [taggings.domains[column] for column in taggings.primary.tolist()]
    found = classifier.explain_many(texts, codes, most=SHOWN)
    return ["；".join(_shown(span.text) for span in spans) for spans in found]


def _shown(span: str) -> str:
    """Return a span on one line, cut where it is long."""
    plain = " ".join(span.split())
    return plain if len(plain) <= LONGEST_WORD else f"{plain[: LONGEST_WORD - 1]}…"
