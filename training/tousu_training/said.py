"""What is said of labelled rows, as columns for the evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tousu_training.evaluate import Predictions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.classifier import Classifier, Taggings
    from tousu_training.corpus import LabelledRow


def said_by(classifier: Classifier, rows: Sequence[LabelledRow]) -> Predictions:
    """Tag the rows with ``classifier``, by the same code as everybody, and return the answers."""
    return compared(classifier.tag_many([row.text for row in rows]), rows)


def compared(taggings: Taggings, rows: Sequence[LabelledRow]) -> Predictions:
    """Return the rows' taggings beside their answers."""
    known = {code: number for number, code in enumerate(taggings.domains)}
    return Predictions(
        taggings.domains,
        np.array([known.get(row.primary, -1) for row in rows]),
        taggings.primary.astype(np.int64),
        taggings.probabilities[np.arange(len(rows)), taggings.primary],
        taggings.auto,
        taggings.online,
        [frozenset(tagging.codes) for tagging in taggings],
    )
