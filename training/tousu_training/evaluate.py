"""How good taggings are against labelled rows, every figure with its sample size and interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import beta

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tousu.classifier import Classifier, Taggings
    from tousu_training.corpus import LabelledRow

LEVEL = 0.95
RESAMPLES = 1000
BINS = 10
SEED = 20211
COMMON = 10


@dataclass(frozen=True, slots=True)
class Predictions:
    """What was said of labelled rows, as columns.

    Attributes:
        domains: Codes of the columns.
        truth: Column of each row's primary; -1 where the model does not know the code.
        primary: Column said.
        sure: Probability of the primary said.
        auto: Whether the decision was ``auto``.
        online: Whether the facet was said.
        codes: The further codes said, as sets of codes.
    """

    domains: tuple[str, ...]
    truth: NDArray[np.int64]
    primary: NDArray[np.int64]
    sure: NDArray[np.float64]
    auto: NDArray[np.bool_]
    online: NDArray[np.bool_]
    codes: list[frozenset[str]]


def predicted_by(classifier: Classifier, rows: Sequence[LabelledRow]) -> Predictions:
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


def evaluate(rows: Sequence[LabelledRow], said: Predictions, *, outside: str | None = None) -> dict[str, Any]:
    """Return the scores of ``said`` on ``rows``.

    Args:
        rows: The labelled rows.
        said: What the model said of them.
        outside: The domain outside the remit; without it the in-remit figure is left out.

    Returns:
        ``rows``, and figures as ``{"value", "low", "high", "n"}`` with 95 % intervals (Clopper-Pearson for
        shares, percentile bootstrap over rows for the others), plus ``domains`` (precision, recall, F1,
        support of each) and ``confusions`` (the most frequent wrong pairs).
    """
    right = said.truth == said.primary
    known = np.array([row.online is not None for row in rows])
    facet = np.array([bool(row.online) for row in rows])
    supports = np.bincount(said.truth[said.truth >= 0], minlength=len(said.domains))
    common = np.flatnonzero(supports >= COMMON)
    result: dict[str, Any] = {"rows": len(rows)}
    result["accuracy"] = share(int(right.sum()), right.size)
    every = np.flatnonzero(supports > 0)
    result["macro_f1"] = (
        bootstrap(lambda at: macro_f1(said.truth[at], said.primary[at], every), right.size)
        if every.size
        else share(0, 0)  # no row's primary is one the model knows
    )
    if common.size:
        result["macro_f1_common"] = bootstrap(lambda at: macro_f1(said.truth[at], said.primary[at], common), right.size)
        result["macro_f1_common"]["domains"] = int(common.size)
    if outside in said.domains:
        column = said.domains.index(outside)
        result["in_remit_balanced_accuracy"] = bootstrap(
            lambda at: balanced_accuracy(said.truth[at] != column, said.primary[at] != column), right.size
        )
    result["auto_coverage"] = share(int(said.auto.sum()), said.auto.size)
    result["auto_precision"] = share(int((right & said.auto).sum()), int(said.auto.sum()))
    result["calibration_error"] = bootstrap(lambda at: calibration_error(said.sure[at], right[at]), right.size)
    if known.any():
        result["online_f1"] = bootstrap(
            lambda at: binary_f1(facet[known][at], said.online[known][at]), int(known.sum())
        )
    pairs = [(frozenset(row.codes), codes) for row, codes in zip(rows, said.codes, strict=True)]
    result["codes_micro_f1"] = bootstrap(lambda at: set_f1([pairs[i] for i in at]), len(pairs))
    result["domains"] = _per_domain(said, supports)
    result["confusions"] = _confusions(said)
    return result


def share(hits: int, count: int) -> dict[str, Any]:
    """Return a share with its Clopper-Pearson interval; all None where there is nothing to count."""
    if count == 0:
        return {"value": None, "low": None, "high": None, "n": 0}
    tail = (1 - LEVEL) / 2
    low = float(beta.ppf(tail, hits, count - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, count - hits)) if hits < count else 1.0
    return {"value": round(hits / count, 4), "low": round(low, 4), "high": round(high, 4), "n": count}


def macro_f1(truth: NDArray[np.int64], said: NDArray[np.int64], columns: NDArray[np.int64]) -> float:
    """Return the mean F1 over the given columns."""
    return float(np.mean([binary_f1(truth == column, said == column) for column in columns]))


def binary_f1(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    """Return the F1 of a yes/no answer; 1 where nothing was to be found and nothing was said."""
    total = int(truth.sum() + said.sum())
    return 2 * int((truth & said).sum()) / total if total else 1.0


def balanced_accuracy(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    """Return the mean of the two sides' recalls; a side that does not occur counts as found."""
    sides = [float((said[truth == side] == side).mean()) if (truth == side).any() else 1.0 for side in (True, False)]
    return sum(sides) / 2


def calibration_error(sure: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error over ten equal-width bins (Naeini et al. 2015)."""
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    return float(sum(gaps))


def set_f1(pairs: Sequence[tuple[frozenset[str], frozenset[str]]]) -> float:
    """Return the micro F1 of sets of codes."""
    total = sum(len(truth) + len(said) for truth, said in pairs)
    return 2 * sum(len(truth & said) for truth, said in pairs) / total if total else 1.0


def bootstrap(figure: Callable[[NDArray[np.int64]], float], count: int) -> dict[str, Any]:
    """Return a figure over all rows with its percentile bootstrap interval."""
    random = np.random.default_rng(SEED)
    rounds = RESAMPLES if count <= 5000 else 200
    drawn = [figure(random.integers(0, count, count)) for _ in range(rounds)] if count else []
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if drawn else (0.0, 0.0)
    value = figure(np.arange(count)) if count else 0.0
    return {"value": round(value, 4), "low": round(float(low), 4), "high": round(float(high), 4), "n": count}


def _per_domain(said: Predictions, supports: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return precision, recall, F1 and support of each domain that occurs or was said."""
    table = []
    for column, code in enumerate(said.domains):
        truth, answer = said.truth == column, said.primary == column
        if not truth.any() and not answer.any():
            continue
        hits = int((truth & answer).sum())
        table.append({
            "code": code, "support": int(supports[column]), "said": int(answer.sum()),
            "precision": round(hits / int(answer.sum()), 4) if answer.any() else None,
            "recall": round(hits / int(truth.sum()), 4) if truth.any() else None,
            "f1": round(binary_f1(truth, answer), 4),
        })  # fmt: skip
    return table


def _confusions(said: Predictions) -> list[dict[str, Any]]:
    """Return the pairs (true, said) that were confused, most frequent first."""
    wrong = (said.truth != said.primary) & (said.truth >= 0)
    pairs, counts = np.unique(np.stack([said.truth[wrong], said.primary[wrong]]), axis=1, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [
        {"true": said.domains[pairs[0, i]], "said": said.domains[pairs[1, i]], "rows": int(counts[i])} for i in order
    ]
