"""Settings for somebody's own labels: tried on held-out folds, one knob after another."""

from __future__ import annotations

import dataclasses
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from tousu_training.evaluate import macro_f1
from tousu_training.fit import FitSettings, fit_linear
from tousu_training.vocabulary import build_vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tousu_training.corpus import LabelledRow
    from tousu_training.vocabulary import Encoder

# In the order in which they are tried: what moves the score most first. The first folds are asked alone: the spread
# of a setting's gain between folds is small beside that between label sets.
KNOBS: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("cost", (0.25, 0.5, 1.0, 2.0, 4.0)),
    ("contrast", (0.0, 0.5, 1.0)),
    ("balance", (0.0, 0.25, 0.5)),
    ("word_classes", (0.0, 1.0)),
    ("least", (1, 2)),
)
FOLDS = 2
MARGIN = 0.001  # a setting must gain so much to take the place of the one that stands


def search(
    rows: Sequence[LabelledRow], domains: Sequence[str], found: Sequence[tuple[NDArray[np.uint64], NDArray[np.int64]]],
    folds: NDArray[np.int64], encoder: Encoder, start: FitSettings, progress: Callable[[str, int, int], None],
) -> tuple[FitSettings, list[dict[str, Any]]]:  # fmt: skip
    """Return the settings that do best on held-out folds, and what each that was tried came to.

    The score is the mean of accuracy and macro-F1: the one alone forgets small domains, the other is mostly theirs.

    Args:
        rows: The labelled rows.
        domains: The domains.
        found: The terms of each row, from ``Encoder.keys``.
        folds: Fold of each row, shape (rows,); those of a group together.
        encoder: What encoded them.
        start: The settings to begin with.
        progress: Called with a step's name, how much of it is done, and its size.
    """
    total = sum(len(values) - 1 for _, values in KNOBS) + 1
    tried: list[dict[str, Any]] = []

    def score(settings: FitSettings) -> float:
        known = next((one for one in tried if one["settings"] == asdict(settings)), None)
        if known is not None:
            return float(known["score"])
        progress("挑选训练参数", len(tried), total)
        figures = [_held_out(rows, domains, found, folds, fold, encoder, settings) for fold in range(FOLDS)]
        accuracy, f1 = (float(np.mean(figure)) for figure in zip(*figures, strict=True))
        value = (accuracy + f1) / 2
        tried.append({
            "settings": asdict(settings), "accuracy": round(accuracy, 4), "macro_f1": round(f1, 4),
            "score": round(value, 4),
        })  # fmt: skip
        return value

    best, highest = start, score(start)
    for knob, values in KNOBS:
        standing = getattr(best, knob)
        for value in values:
            if value == standing:
                continue
            change: dict[str, Any] = {knob: value}
            settings = dataclasses.replace(best, **change)
            reached = score(settings)
            if reached > highest + MARGIN:
                best, highest = settings, reached
    return best, tried


def _held_out(
    rows: Sequence[LabelledRow], domains: Sequence[str], found: Sequence[tuple[NDArray[np.uint64], NDArray[np.int64]]],
    folds: NDArray[np.int64], fold: int, encoder: Encoder, settings: FitSettings,
) -> tuple[float, float]:  # fmt: skip
    """Return accuracy and macro-F1 on one fold of models fitted on the others."""
    inside, outside = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
    vocabulary = build_vocabulary(encoder, [found[i] for i in inside], least=settings.least)
    linear = fit_linear(
        vocabulary.matrix([found[i] for i in inside]), [rows[i] for i in inside], domains, vocabulary, settings
    )
    said = linear.scores(vocabulary.matrix([found[i] for i in outside]))[:, :-1].argmax(axis=1)
    truth = np.array([domains.index(rows[i].primary) for i in outside])
    return float((said == truth).mean()), macro_f1(truth, said, np.unique(truth))
