"""The fit's settings for each kind of label set; bench/QUALITY.md has the measurements behind them."""

from __future__ import annotations

from typing import Protocol

from tousu_training.fit import FitSettings

TAXONOMY = FitSettings(cost=1.0, facet_cost=1.0, balance=0.5, contrast=0.5, word_classes=1.0, least=2)
OWN_LABELS = FitSettings(cost=2.0, facet_cost=1.0, balance=0.25, contrast=1.0, word_classes=0.0, least=2)


class LabelSet(Protocol):
    """What the settings ask of a label set."""

    @property
    def taxonomy(self) -> str | None:
        """Hash of the taxonomy it comes from; None where it was taken from data."""


def settings_for(labels: LabelSet) -> FitSettings:
    """Return the settings for our taxonomy's labels or for labels taken from data."""
    return TAXONOMY if labels.taxonomy is not None else OWN_LABELS
