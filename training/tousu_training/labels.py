"""The label set a model is trained for: the taxonomy's, or what occurs in the data."""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.taxonomy import Taxonomy
    from tousu_training.corpus import LabelledRow


@dataclass(frozen=True, slots=True)
class Labels:
    """The label set a model is trained for.

    Attributes:
        domains: Codes in the order of the model's columns.
        fallback: Code of a text that says nothing.
        taxonomy: Hash of the taxonomy they come from; None when they come from the data.
        outside: The code outside the remit, where there is one.
        names: Name by code, for reports; a code without one stands for itself.
    """

    domains: tuple[str, ...]
    fallback: str
    taxonomy: str | None = None
    outside: str | None = None
    names: dict[str, str] = field(default_factory=dict)


def labels_of_taxonomy(taxonomy: Taxonomy) -> Labels:
    """Return the label set of a taxonomy; its fallback is what lies outside the remit."""
    fallback = taxonomy.fallback
    return Labels(taxonomy.codes, fallback, taxonomy.sha256, fallback, taxonomy.names)


def labels_from_data(rows: Sequence[LabelledRow]) -> Labels:
    """Return the label set that occurs in the rows; the most frequent primary is the fallback."""
    counts = collections.Counter(row.primary for row in rows)
    codes = sorted({code for row in rows for code in row.codes})
    return Labels(tuple(codes), min(counts, key=lambda code: (-counts[code], code)))
