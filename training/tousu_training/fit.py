"""Linear models from encoded texts: one against the rest for every domain, and one for the facet.

The same rows give the same weights to the last bit on any x86-64 processor with the locked packages. numpy and the
BLAS choose their loops by the processor, and those differ in the last digits, which the machines' many steps magnify.
So nothing of them comes into a fit: liblinear's coordinate descent and scipy's sparse products are plain loops, sums
that are no whole numbers are exact (``math.fsum``), and logarithms and powers are rounded to ``PLACES`` before the fit.
What it gives is rounded to a grid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from joblib import Parallel, delayed
from sklearn.svm import LinearSVC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tousu_training.corpus import LabelledRow
    from tousu_training.labels import Labels
    from tousu_training.vocabulary import Vocabulary

WORKERS = 2
SEED = 20211
PLACES = 4  # of a term's trust, of a class's weight
GRID = 2.0**-13  # of weights; a text's score moves by less than 0.0001
BIAS_PLACES = 5
LEAST_RATIO = 0.3
SMALL_CLASS = 200


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How the linear models are fitted; what each was chosen by stands in bench/QUALITY.md.

    Attributes:
        cost: C of the support vector machines.
        facet_cost: C of the facet's.
        balance: Exponent of the inverse class frequency that weighs a class's rows: 0 none, 1 "balanced".
        contrast: Exponent by which terms that tell a class from the rest are trusted more, see ``_contrast``.
        word_classes: What a word class's column weighs beside the words themselves; 0 turns them off.
        least: In how many texts a term must occur.
    """

    cost: float = 1.0
    facet_cost: float = 1.0
    balance: float = 0.5
    contrast: float = 0.0
    word_classes: float = 1.0
    least: int = 2


TAXONOMY = FitSettings(cost=1.0, facet_cost=1.0, balance=0.5, contrast=0.5, word_classes=1.0, least=2)
OWN_LABELS = FitSettings(cost=2.0, facet_cost=1.0, balance=0.25, contrast=1.0, word_classes=0.0, least=2)


def settings_for(labels: Labels) -> FitSettings:
    """Return the settings for our taxonomy's labels or for labels taken from data."""
    return TAXONOMY if labels.taxonomy is not None else OWN_LABELS


@dataclass(frozen=True, slots=True)
class Linear:
    """Fitted weights.

    Attributes:
        weights: Weight of each term's TF-IDF value, shape (terms, domains + 1), the facet last; multiples of ``GRID``.
        bias: Shape (domains + 1,).
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def scores(self, matrix: sp.csr_matrix) -> NDArray[np.float64]:
        """Return the scores of encoded texts, shape (texts, domains + 1)."""
        return np.asarray(matrix @ self.weights) + self.bias


def fit_linear(
    matrix: sp.csr_matrix, rows: Sequence[LabelledRow], domains: Sequence[str], vocabulary: Vocabulary,
    settings: FitSettings, weigh: NDArray[np.float64] | None = None,
) -> Linear:  # fmt: skip
    """Fit one support vector machine a domain (primary against the rest) and one for the facet.

    What an error on a row costs is ``weigh``, shape (rows,); without, 1 for each. A row whose second code is
    the domain is left out of that domain's machine: it is neither. Weights of the word-class columns are folded
    into the weights of the words, so that tagging never knows of them.
    """
    targets = [_domain_target(rows, domain) for domain in domains] + [_facet_target(rows)]
    costs = [settings.cost] * len(domains) + [settings.facet_cost]
    return fit_machines(matrix, targets, vocabulary, settings, costs=costs, weigh=weigh)


def fit_machines(
    matrix: sp.csr_matrix, targets: Sequence[NDArray[np.int8]], vocabulary: Vocabulary, settings: FitSettings, *,
    costs: Sequence[float] | None = None, weigh: NDArray[np.float64] | None = None,
) -> Linear:  # fmt: skip
    """Fit one support vector machine a target.

    Args:
        matrix: Encoded texts.
        targets: Of each machine, int8, shape (rows,): 1 for its own rows, -1 for the others, 0 for rows left out.
        vocabulary: The terms.
        settings: How to fit.
        costs: C of each machine; without, that of the settings for all.
        weigh: What an error on each row costs, shape (rows,); without, 1 for each.
    """
    classes = vocabulary.classes
    grouped = matrix @ classes * settings.word_classes if settings.word_classes and classes.shape[1] else None
    weigh = np.ones(matrix.shape[0]) if weigh is None else weigh
    costs = [settings.cost] * len(targets) if costs is None else costs
    # Processes, not threads: liblinear draws from one random generator per process, so threads would race for it.
    jobs = (
        delayed(_fit_one)(matrix, grouped, target, weigh, cost, settings)
        for target, cost in zip(targets, costs, strict=True)
    )
    fitted = Parallel(n_jobs=WORKERS)(jobs)
    weights = np.array([own for own, _, _ in fitted]).T
    if grouped is not None:
        shared = np.array([group for _, group, _ in fitted]).T
        weights = weights + settings.word_classes * np.asarray(classes @ shared)
    return Linear(on_grid(weights), np.round([bias for _, _, bias in fitted], BIAS_PLACES))


def on_grid(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights rounded to ``GRID``; none is a negative zero."""
    return np.asarray(np.rint(weights / GRID) * GRID + 0.0)


def _domain_target(rows: Sequence[LabelledRow], domain: str) -> NDArray[np.int8]:
    """Return 1 where the domain is primary, 0 where it is a further code, -1 elsewhere."""
    return np.array([1 if row.primary == domain else 0 if domain in row.codes else -1 for row in rows], dtype=np.int8)


def _facet_target(rows: Sequence[LabelledRow]) -> NDArray[np.int8]:
    """Return 1 where the facet holds, -1 where not, 0 where nobody said."""
    return np.array([0 if row.online is None else 1 if row.online else -1 for row in rows], dtype=np.int8)


def _fit_one(
    matrix: sp.csr_matrix, grouped: sp.csr_matrix | None, target: NDArray[np.int8], weigh: NDArray[np.float64],
    cost: float, settings: FitSettings,
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:  # fmt: skip
    """Fit one machine on the rows whose target is not 0; without both sides it is a constant.

    Returns:
        The weights of the terms, those of the word classes (empty without), and the bias.
    """
    kept = target != 0
    positive, negative = math.fsum(weigh[target == 1]), math.fsum(weigh[target == -1])
    if not positive or not negative:
        groups = grouped.shape[1] if grouped is not None else 0
        return np.zeros(matrix.shape[1]), np.zeros(groups), 1.0 if positive else -1.0
    own, answers = matrix[kept], target[kept]
    trust = _contrast(own, answers == 1, settings.contrast)
    wide = own @ sp.diags(trust)
    if grouped is not None:
        wide = sp.hstack([wide, grouped[kept]])
    ratio = round((negative / positive) ** settings.balance, PLACES)
    machine = LinearSVC(C=cost, class_weight={1: ratio, -1: 1.0}, random_state=SEED, max_iter=5000, dual=True)
    machine.fit(wide.tocsr(), answers, sample_weight=weigh[kept])
    weights = machine.coef_[0]
    terms = matrix.shape[1]
    return weights[:terms] * trust, weights[terms:], float(machine.intercept_[0])


def _contrast(own: sp.csr_matrix, positive: NDArray[np.bool_], exponent: float) -> NDArray[np.float64]:
    """Return a factor a term: how unlike its frequencies inside and outside a class are.

    The idea of log-count ratios as feature weights is Wang & Manning's (2012, ACL P12-2018); here a factor
    on the same features, with an exponent that falls for small classes, whose ratios are mostly noise, and
    scaled so that rows keep their mean length. Being a factor, it folds into the weights.
    """
    if not exponent:
        return np.ones(own.shape[1])
    count, rest = int(positive.sum()), int((~positive).sum())
    occurs = own > 0
    inside = np.asarray(occurs[positive].sum(axis=0)).ravel()
    outside = np.asarray(occurs.sum(axis=0)).ravel() - inside
    ratio = np.abs(np.log((inside + 1) / (count + 2) / ((outside + 1) / (rest + 2))))
    factor = (ratio + LEAST_RATIO) ** (exponent * count / (count + SMALL_CLASS))
    squares = own.multiply(own)
    return np.asarray(np.round(factor / np.sqrt((squares @ (factor * factor)).mean()), PLACES))
