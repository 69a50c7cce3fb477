"""Both readings together: the n-grams' scores and the encoder's logits added up, and judged by one calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tousu.classifier.cases import HEADS, CaseCalibration
from tousu.classifier.decisions import Calibration
from tousu.classifier.reader import files
from tousu.classifier.reader.encoder import Encoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


class CarefulReader:
    """The encoder of a model and how both are judged together.

    Attributes:
        version: Version of the reader.
        calibration: How the sums become probabilities and decisions.
        case_calibration: The same of kinds, signals and routes; None for a reader that says nothing of them.
    """

    def __init__(self, checked: files.ReaderFiles, path: Path) -> None:
        self.version = checked.version
        self.calibration = Calibration.of_arrays(checked.arrays)
        self.encoder = Encoder(checked, path)
        self._weights = tuple(float(weight) for weight in checked.manifest["weights"])
        self.case_calibration = CaseCalibration.of_arrays(checked.arrays)
        self._shares = checked.arrays.get("head_shares")

    @classmethod
    def load(cls, model: Path, *, version: str, domains: Sequence[str]) -> CarefulReader:
        """Load the reader of the model in a directory.

        Args:
            model: The model's directory.
            version: The model's version.
            domains: Its domains.

        Raises:
            ModelMissing: The model has none.
            ModelProtocol: It was written under another protocol.
            ModelCorrupt: A byte of it is not the recorded one.
            ModelMismatch: It was made for another model.
        """
        path = files.folder_of(model)
        files.check_beside(files.read_manifest(path), version, domains)
        names = (files.LOWER, files.TAGS, files.TOKENIZER, files.LICENCE)
        return cls(files.load(path, names=names), path)

    def scores(
        self, texts: Sequence[str], scores: NDArray[np.float64], routes: NDArray[np.float64], threads: int = 1
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return the scores of both readings together.

        Args:
            texts: The texts.
            scores: The n-grams' scores of domains, facet and heads, shape (texts, columns).
            routes: And of routes, shape (texts, routes).
            threads: How many threads to read on.

        Returns:
            Scores of domains and facet, of kinds and signals, and of routes; those of a reader that says nothing of the
            latter are the n-grams' own.
        """
        logits, first = self.encoder.logits(texts, threads), self.calibration.slope.size + 1
        both = summed(np.ascontiguousarray(scores[:, :first]), logits[:, :first], self._weights)
        heads = np.ascontiguousarray(scores[:, first:])
        if self._shares is None or not heads.shape[1]:
            return both, heads, routes
        return both, *with_heads(heads, routes, logits[:, first:], self._shares)


def with_heads(
    heads: NDArray[np.float64], routes: NDArray[np.float64], logits: NDArray[np.float64], shares: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the scores of kinds and signals, and of routes, with what the encoder says of them added.

    Args:
        heads: The n-grams' scores of kinds and signals, shape (texts, kinds + signals).
        routes: And of routes, shape (texts, routes).
        logits: The encoder's of all of them, shape (texts, kinds + signals + routes).
        shares: What each of them weighs, shape (kinds + signals + routes,).
    """
    told = logits * shares
    return np.round(heads + told[:, : len(HEADS)], 6), np.round(routes + told[:, len(HEADS) :], 6)


def summed(scores: NDArray[np.float64], logits: NDArray[np.float64], weights: Sequence[float]) -> NDArray[np.float64]:
    """Return scores with the encoder's logarithmic probabilities added, shape (texts, domains + 1).

    Args:
        scores: The n-grams' scores, the facet's in the last column.
        logits: The encoder's logits, the facet's in the last column.
        weights: What the encoder weighs, for the domains and for the facet.
    """
    highest = logits[:, :-1].max(axis=1, keepdims=True)
    spread = np.log(np.exp(logits[:, :-1] - highest).sum(axis=1, keepdims=True))
    told = np.concatenate([(logits[:, :-1] - highest - spread) * weights[0], logits[:, -1:] * weights[1]], axis=1)
    return np.asarray(np.round(scores + told, 6))
