"""Adapting a model to a station's own way of writing with its unlabelled backlog.

Self-training with class-balanced pseudo-labels (Zou et al. 2018, arXiv:1810.07911): the rows the model is
surest of, the same share of every domain, join the labelled ones, with inverse document frequencies
counted over both.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from training.corpus import LabelledRow
from training.fit import FitSettings, fit_linear
from training.vocabulary import build_vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from training.train import Labels, Trained
    from training.vocabulary import Encoder

ROUNDS = 1
SHARE = 0.3
LEAST_SURE = 0.6
FACET_SURE = (0.1, 0.9)


def adapt(
    trained: Trained,
    rows: Sequence[LabelledRow],
    texts: Sequence[str],
    labels: Labels,
    *,
    encoder: Encoder,
    settings: FitSettings,
    progress: Callable[[str, int, int], None],
) -> Trained:
    """Return ``trained`` fitted again with the surest of the unlabelled ``texts`` beside the rows.

    The calibration and the held-out figures stay those of the labelled rows: pseudo-labels are no truth.
    """
    if not texts:
        return trained
    own, foreign = encoder.keys([row.text for row in rows]), encoder.keys(texts)
    vocabulary = build_vocabulary(encoder, [*own, *foreign], least=settings.least)
    matrix, strange = vocabulary.matrix(own), vocabulary.matrix(foreign)
    linear, calibration = trained.linear, trained.calibration
    scores = linear.scores(trained.vocabulary.matrix(foreign))
    for step in range(ROUNDS):
        progress("适应未标注文本", step, ROUNDS)
        probabilities = calibration.probabilities(scores)
        slope, offset, _ = calibration.facet
        online = 1 / (1 + np.exp(-(slope * scores[:, -1] + offset)))
        chosen = surest(probabilities, share=SHARE * (step + 1) / ROUNDS)
        added = [
            _pseudo_row(texts[i], labels.domains[int(probabilities[i].argmax())], float(online[i])) for i in chosen
        ]
        both = _stack(matrix, strange, chosen)
        linear = fit_linear(both, [*rows, *added], labels.domains, vocabulary, settings)
        scores = linear.scores(strange)
    return dataclasses.replace(trained, linear=linear, vocabulary=vocabulary)


def surest(probabilities: NDArray[np.float64], *, share: float) -> NDArray[np.int64]:
    """Return the rows the model is surest of: the given share of those said to be each domain, none below 0.6."""
    said, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    chosen = []
    for domain in np.unique(said):
        own = np.flatnonzero(said == domain)
        best = own[np.argsort(-sure[own], kind="stable")][: max(1, int(own.size * share))]
        chosen.append(best[sure[best] >= LEAST_SURE])
    return np.sort(np.concatenate(chosen))


def _pseudo_row(text: str, code: str, online: float) -> LabelledRow:
    """Return a row with what the model said of a text; the facet only where it was sure."""
    low, high = FACET_SURE
    return LabelledRow(text, (code,), True if online >= high else False if online <= low else None)


def _stack(matrix: object, strange: object, chosen: NDArray[np.int64]) -> object:
    """Return the labelled rows' matrix with the chosen unlabelled rows below."""
    import scipy.sparse as sp

    return sp.vstack([matrix, strange[chosen]], format="csr")  # type: ignore[index]
