"""The added cells of flat formats, column by column: what each row shows of its tagging."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tousu.classifier.rounding import PLACES
from tousu.files.added_columns import ADDED, CODES_BETWEEN, DECISIONS, ONLINE
from tousu.taxonomy import load_taxonomy

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """Turns taggings into columns of values, in the order of ``ADDED``."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._names: dict[str, str] = {}

    def values(self, taggings: Taggings, words: Words | None) -> dict[str, list[str] | list[float]]:
        """Return the columns by key: text, but for ``probability``, which is a number with 4 decimals."""
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
            "evidence": list(words) if words is not None else [""] * len(taggings),
            "model": [taggings.model] * len(taggings),
            "error": [""] * len(taggings),
        }
        return {key: columns[key] for key in ADDED[language]}


def words_of(classifier: Classifier, texts: Sequence[str], taggings: Taggings) -> Words:
    """Return for each text the spans that spoke most for its primary, ``；`` between them."""
    codes = [taggings.domains[column] for column in taggings.primary.tolist()]
    found = classifier.explain_many(texts, codes, most=SHOWN)
    return ["；".join(_shown(span.text) for span in spans) for spans in found]


def _shown(span: str) -> str:
    """Return a span on one line, cut where it is long."""
    plain = " ".join(span.split())
    return plain if len(plain) <= LONGEST_WORD else f"{plain[: LONGEST_WORD - 1]}…"
