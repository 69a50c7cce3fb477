"""What a loaded model says of labelled rows, as columns for the evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tousu_training.evaluate import Predictions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.classifier import Classifier
    from tousu_training.corpus import LabelledRow


def said_by(classifier: Classifier, rows: Sequence[LabelledRow]) -> Predictions:
    """Tag the rows with ``classifier``, by the same code as everybody, and return the answers."""
    taggings = classifier.tag_many([row.text for row in rows])
    known = {code: number for number, code in enumerate(classifier.domains)}
    return Predictions(
        classifier.domains,
        np.array([known.get(row.primary, -1) for row in rows]),
        taggings.primary.astype(np.int64),
        taggings.probabilities[np.arange(len(rows)), taggings.primary],
        taggings.auto,
        taggings.online,
        [frozenset(tagging.codes) for tagging in taggings],
    )
