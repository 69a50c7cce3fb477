"""Which worked examples are like a text: by the classifier's own terms, and by the domain it sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.classifier import Classifier
    from tousu.examples.read import WorkedExample

DOMAIN_WEIGHT = 0.3  # of the probability of an example's domains, beside the cosine of the terms


class Alike(NamedTuple):
    """An example and how alike it is.

    Attributes:
        example: The example.
        likeness: Cosine of the terms, 0 to 1, plus ``DOMAIN_WEIGHT`` times the probability of its domains.
    """

    example: WorkedExample
    likeness: float


class ExampleIndex:
    """Examples ready to be searched; thread-safe.

    Args:
        examples: The examples.
        classifier: Whose terms and domains are used.
    """

    def __init__(self, examples: Sequence[WorkedExample], classifier: Classifier) -> None:
        self._examples, self._classifier = tuple(examples), classifier
        told = [f"{example.head.title}。{example.situation}" for example in self._examples]
        vectors = classifier.term_vectors(told)
        # Only the examples' own terms can match: columns for these.
        self._terms = np.unique(np.concatenate([ids for ids, _ in vectors])) if vectors else np.empty(0, dtype=np.int32)
        self._weights = np.zeros((len(vectors), self._terms.size), dtype=np.float32)
        for row, (ids, weights) in enumerate(vectors):
            self._weights[row, np.searchsorted(self._terms, ids)] = weights

    def alike(self, text: str, most: int = 3) -> list[Alike]:
        """Return the examples most like a text, the likest first; none for a text without any known term.

        Args:
            text: What is complained of.
            most: How many at most.

        Raises:
            TextError: ``text`` is no string.
        """
        ((ids, weights),) = self._classifier.term_vectors([text])
        if not ids.size or not self._examples:
            return []
        shared = np.isin(ids, self._terms)
        cosines = self._weights[:, np.searchsorted(self._terms, ids[shared])] @ weights[shared]
        probable = self._classifier.tag(text).probabilities
        told = [
            float(cosine) + DOMAIN_WEIGHT * sum(probable.get(code, 0.0) for code in example.head.domains)
            for example, cosine in zip(self._examples, cosines, strict=True)
        ]
        order = sorted(range(len(told)), key=lambda place: (-told[place], self._examples[place].id))
        return [Alike(self._examples[place], told[place]) for place in order[:most]]
