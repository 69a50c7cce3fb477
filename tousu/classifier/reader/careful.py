"""Both readings together: the n-grams' scores and the encoder's logits added up, and judged by one calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
    """

    def __init__(self, checked: files.ReaderFiles, path: Path) -> None:
        self.version = checked.version
        self.calibration = Calibration.of_arrays(checked.arrays)
        self.encoder = Encoder(checked, path)
        self._weights = tuple(float(weight) for weight in checked.manifest["weights"])

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

    def scores(self, texts: Sequence[str], scores: NDArray[np.float64], threads: int = 1) -> NDArray[np.float64]:
        """Return the scores of both readings together.

        Args:
            texts: The texts.
            scores: The n-grams' scores, shape (texts, domains + 1).
            threads: How many threads to read on.
        """
        return summed(scores, self.encoder.logits(texts, threads), self._weights)


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
