"""Labelled rows → a model directory: held-out scores, calibration, final fit, report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tousu.case_codes import AUTHORITIES, SIGNALS
from tousu.classifier.cases import HEADS, Cases
from tousu.classifier.signal_words import SignalWords
from tousu.classifier.tagging import Taggings
from tousu.classifier.text import PlainText
from tousu.errors import CorpusError
from tousu_training.calibrate import calibrate
from tousu_training.evaluate import Predictions, compared, evaluate
from tousu_training.evaluate_cases import evaluate_cases
from tousu_training.fit import FitSettings, Linear, fit_linear
from tousu_training.folds import Folds, assign_folds
from tousu_training.heads import Heads, calibrate_heads, damped, fit_heads, have_heads
from tousu_training.search import search as searched
from tousu_training.vocabulary import Encoder, Vocabulary, build_vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import scipy.sparse as sp
    from numpy.typing import NDArray

    from tousu.classifier.cases import CaseCalibration
    from tousu.classifier.decisions import Calibration
    from tousu_training.corpus import LabelledRow
    from tousu_training.labels import Labels

LEAST_ROWS = 10


@dataclass(frozen=True, slots=True)
class Trained:
    """What training made.

    Attributes:
        linear: Weights from all rows.
        calibration: From the held-out scores.
        vocabulary: The terms.
        folds: How rows were held out.
        held_out: Scores of every row by the model that has not seen it, shape (rows, domains + 1).
        known: Whether that model knew any term of the row, shape (rows,).
        metrics: Scores on the held-out rows.
        doubtful: Places of the rows the held-out models doubted most, with what they said instead.
        settings: How it was fitted.
        tried: What other settings came to on held-out folds, where they were looked for.
        heads: The heads beside the domains; None where the rows do not say what kind of case they are.
        case_calibration: Of the heads.
        held_heads: Held-out scores of kinds and signals, shape (rows, kinds + signals); empty without heads.
        held_routes: And of routes, shape (rows, routes).
        possible: Whether a row holds the words a signal needs, shape (rows, signals).
        adapted: How many unlabelled texts it was adapted to.
    """

    linear: Linear
    calibration: Calibration
    vocabulary: Vocabulary
    folds: Folds
    held_out: NDArray[np.float64]
    known: NDArray[np.bool_]
    metrics: dict[str, Any]
    doubtful: list[dict[str, Any]]
    settings: FitSettings
    tried: list[dict[str, Any]]
    heads: Heads | None = None
    case_calibration: CaseCalibration | None = None
    held_heads: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    held_routes: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    possible: NDArray[np.bool_] = field(default_factory=lambda: np.empty((0, 0), dtype=np.bool_))
    adapted: int = 0

    def judged(self, matrix: sp.csr_matrix, labels: Labels) -> Taggings:
        """Return what the model says of texts encoded with its vocabulary, as tagging would."""
        return judged(self.linear.scores(matrix), known_terms(matrix), labels, self.calibration)


def train(
    rows: Sequence[LabelledRow],
    labels: Labels,
    *,
    encoder: Encoder,
    settings: FitSettings,
    progress: Callable[[str, int, int], None],
    search: bool = False,
) -> Trained:
    """Train on labelled rows.

    Args:
        rows: At least ten, of at least two domains.
        labels: The label set.
        encoder: What turns texts into terms.
        settings: How to fit.
        progress: Called with a step's name, how much of it is done, and its size.
        search: Whether to look for better settings than those on held-out folds first.

    Raises:
        CorpusError: Too few rows or domains, or texts without words or all alike.
    """
    primaries = {row.primary for row in rows}
    if len(rows) < LEAST_ROWS or len(primaries) < 2:
        raise CorpusError(
            f"只有 {len(rows)} 行、{len(primaries)} 个领域",
            expected=f"至少 {LEAST_ROWS} 行、2 个领域",
            fix="补充标注行",
        )
    progress("读取特征", 0, 1)
    found = encoder.keys([row.text for row in rows])
    if not any(keys.size for keys, _ in found):
        raise CorpusError("标注行的文本里没有一个可用的字词", expected="中文投诉文本", fix="检查内容列是否选对")
    folds = assign_folds(rows)
    if folds.count < 2:
        raise CorpusError(
            f"{len(rows)} 行的文本几乎全都相同，没法留出一部分来检验", expected="内容各不相同的投诉",
            fix="去掉重复的行，补充别的投诉",
        )  # fmt: skip
    tried: list[dict[str, Any]] = []
    if search:
        settings, tried = searched(rows, labels.domains, found, folds.numbers, encoder, settings, progress)
    headed = have_heads(rows)
    held_heads, held_routes = np.zeros((len(rows), len(HEADS))), np.zeros((len(rows), len(AUTHORITIES)))
    held_out, known = np.zeros((len(rows), len(labels.domains) + 1)), np.zeros(len(rows), dtype=np.bool_)
    for fold in range(folds.count):
        progress(f"交叉验证（{folds.how}）", fold, folds.count)
        inside, outside = np.flatnonzero(folds.numbers != fold).tolist(), np.flatnonzero(folds.numbers == fold).tolist()
        vocabulary = build_vocabulary(encoder, [found[i] for i in inside], least=settings.least)
        own, other = [found[i] for i in inside], [found[i] for i in outside]
        matrix, others = vocabulary.matrix(own), vocabulary.matrix(other)
        taught = [rows[i] for i in inside]
        linear = fit_linear(matrix, taught, labels.domains, vocabulary, settings)
        held_out[outside], known[outside] = linear.scores(others), known_terms(others)
        if headed:
            heads = fit_heads(damped(matrix, vocabulary.lengths(own)), taught, vocabulary)
            others = damped(others, vocabulary.lengths(other))
            held_heads[outside], held_routes[outside] = heads.linear.scores(others), heads.routes.scores(others)
    progress("校准", 0, 1)
    calibration = calibrate(held_out, known, rows, labels.domains, labels.fallback)
    taggings = judged(held_out, known, labels, calibration)
    said = compared(taggings, rows)
    possible = np.ones((len(rows), len(SIGNALS)), dtype=np.bool_)
    if headed:
        SignalWords(PlainText(encoder.chars)).keep(possible, [row.text for row in rows])
    case_calibration = calibrate_heads(held_heads, held_routes, rows, possible) if headed else None
    progress("用全部数据训练", 0, 1)
    vocabulary = build_vocabulary(encoder, found, least=settings.least)
    matrix = vocabulary.matrix(found)
    linear = fit_linear(matrix, rows, labels.domains, vocabulary, settings)
    final = fit_heads(damped(matrix, vocabulary.lengths(found)), rows, vocabulary) if headed else None
    progress("评估", 0, 1)
    metrics = evaluate(rows, said, outside=labels.outside)
    if case_calibration is not None:
        outside_remit = taggings.primary == (labels.domains.index(labels.outside) if labels.outside else -1)
        cases = Cases.judged(
            held_heads, 0, held_routes, known, outside_remit, np.full(len(rows), np.nan), case_calibration
        )
        cases.signals[~possible] = False
        metrics |= evaluate_cases(rows, cases)
    doubtful = _doubtful(rows, said)
    return Trained(
        linear, calibration, vocabulary, folds, held_out, known, metrics, doubtful, settings, tried,
        heads=final, case_calibration=case_calibration, held_heads=held_heads, held_routes=held_routes, possible=possible,
    )  # fmt: skip


def judged(scores: NDArray[np.float64], known: NDArray[np.bool_], labels: Labels, calibration: Calibration) -> Taggings:
    """Return what a calibrated model says of texts by their scores, by the very code that tags."""
    return Taggings.judged(
        scores, known, calibration, domains=labels.domains, fallback=labels.fallback, model="held out"
    )


def known_terms(matrix: sp.csr_matrix) -> NDArray[np.bool_]:
    """Return whether any known term is in each encoded text, shape (texts,)."""
    return np.asarray(np.diff(matrix.indptr) > 0)


def _doubtful(rows: Sequence[LabelledRow], said: Predictions, most: int = 100) -> list[dict[str, Any]]:
    """Return the rows whose label the held-out models doubted most: surest of another primary first.

    The idea of ranking by out-of-sample self-confidence is confident learning's (Northcutt et al. 2021,
    doi:10.1613/jair.1.12125). Only places are kept, no text.
    """
    wrong = [i for i in np.argsort(-said.sure, kind="stable") if said.truth[i] != said.primary[i]]
    return [
        {"place": rows[i].place.rsplit("/", 1)[-1], "label": rows[i].primary, "said": said.domains[said.primary[i]],
         "probability": round(float(said.sure[i]), 4)}
        for i in wrong[:most]
    ]  # fmt: skip
