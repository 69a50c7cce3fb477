"""How alike a text is to things told in one or more texts: by the classifier's own terms, and by the domain it sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from tousu.classifier import Classifier

DOMAIN_WEIGHT = 0.3  # of the probability of a thing's domains, beside the cosine of the terms


class LikenessIndex:
    """Things ready to be compared with a text; thread-safe.

    Args:
        told: The texts of each thing, at least one.
        domains: The codes of each thing's domains.
        classifier: Whose terms and domains are used.
    """

    def __init__(
        self, told: Sequence[Sequence[str]], domains: Sequence[Collection[str]], classifier: Classifier
    ) -> None:
        self._classifier, self._domains = classifier, tuple(frozenset(codes) for codes in domains)
        vectors = classifier.term_vectors([text for texts in told for text in texts])
        # All texts' terms one behind the other: a station's things may have far too many for a table of texts by terms.
        self._terms = np.concatenate([ids for ids, _ in vectors]) if vectors else np.empty(0, dtype=np.int32)
        self._weights = (
            np.concatenate([weights for _, weights in vectors]) if vectors else np.empty(0, dtype=np.float32)
        )
        self._text = np.repeat(np.arange(len(vectors)), [ids.size for ids, _ in vectors])
        self._thing = np.repeat(np.arange(len(told)), [len(texts) for texts in told])

    def likeness(self, text: str) -> NDArray[np.float64] | None:
        """Return how alike a text is to each thing: None for a text without any known term.

        Args:
            text: What is complained of.

        Returns:
            The cosine of its terms and those of the thing's likest text, 0 to 1, plus ``DOMAIN_WEIGHT`` times the
            probability of the thing's domains; shape (things,).

        Raises:
            TextError: ``text`` is no string.
        """
        ((ids, weights),) = self._classifier.term_vectors([text])
        if not ids.size:
            return None
        place = np.minimum(np.searchsorted(ids, self._terms), ids.size - 1)
        products = np.where(ids[place] == self._terms, self._weights * weights[place], 0.0)
        cosines = np.bincount(self._text, products, minlength=self._thing.size)
        likest = np.zeros(len(self._domains))
        np.maximum.at(likest, self._thing, cosines)
        probable = self._classifier.tag(text).probabilities
        return likest + DOMAIN_WEIGHT * np.array(
            [sum(probable.get(code, 0.0) for code in codes) for codes in self._domains]
        )
