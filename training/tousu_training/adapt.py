"""Adapting a model to a station's own way of writing with its unlabelled backlog.

Self-training with class-balanced pseudo-labels (Zou et al. 2018, arXiv:1810.07911): the rows the model is
surest of, the same share of every domain, join the labelled ones and weigh less than they do. Terms and their
inverse document frequencies stay those of the labelled rows.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from tousu_training.corpus import LabelledRow
from tousu_training.fit import FitSettings, fit_linear

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tousu_training.labels import Labels
    from tousu_training.train import Trained
    from tousu_training.vocabulary import Encoder

# Chosen by bench/adapt.py: of each domain the surest of what is said to be it, and what such a row weighs beside a
# labelled one. A least probability on top only takes away small domains, and more rounds repeat errors.
SHARE = 0.7
WEIGHT = 0.3
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
    own, foreign = (trained.vocabulary.matrix(encoder.keys(part)) for part in ([row.text for row in rows], texts))
    progress("适应未标注文本", 0, 1)
    said = trained.judged(foreign, labels)
    chosen = surest(said.probabilities, share=SHARE)
    added = [_pseudo_row(texts[i], labels.domains[said.primary[i]], float(said.facet[i])) for i in chosen]
    both = sp.vstack([own, foreign[chosen]], format="csr")
    weigh = np.concatenate([np.ones(len(rows)), np.full(len(added), WEIGHT)])
    linear = fit_linear(both, [*rows, *added], labels.domains, trained.vocabulary, settings, weigh)
    return dataclasses.replace(trained, linear=linear, adapted=len(texts))


def surest(probabilities: NDArray[np.float64], *, share: float) -> NDArray[np.int64]:
    """Return the rows the model is surest of: the given share of those said to be each domain, one at least."""
    said, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    chosen = []
    for domain in np.unique(said):
        own = np.flatnonzero(said == domain)
        chosen.append(own[np.argsort(-sure[own], kind="stable")][: max(1, int(own.size * share))])
    return np.sort(np.concatenate(chosen))


def _pseudo_row(text: str, code: str, online: float) -> LabelledRow:
    """Return a row with what the model said of a text; the facet only where it was sure."""
    low, high = FACET_SURE
    return LabelledRow(text, (code,), True if online >= high else False if online <= low else None)
