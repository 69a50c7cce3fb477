"""The words that decided, for people who read a sheet: the heaviest spans of each text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.classifier import Classifier, Taggings

Words = list[str]
SHOWN = 3
LONGEST_WORD = 20


def words_of(classifier: Classifier, texts: Sequence[str], taggings: Taggings) -> Words:
    """Return for each text the spans that spoke most for its primary, ``；`` between them."""
    codes = [taggings.domains[column] for column in taggings.primary.tolist()]
    found = classifier.explain_many(texts, codes, most=SHOWN)
    return ["；".join(_shown(span.text) for span in spans) for spans in found]


def _shown(span: str) -> str:
    """Return a span on one line, cut where it is long."""
    plain = " ".join(span.split())
    return plain if len(plain) <= LONGEST_WORD else f"{plain[: LONGEST_WORD - 1]}…"
