"""Labelled rows → a model directory: held-out scores, calibration, final fit, report."""

from __future__ import annotations

import collections
import importlib.metadata
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tousu.classifier import artifact
from tousu.classifier.tagging import Taggings
from tousu.errors import CorpusError, TousuError
from tousu.resources import data_root
from tousu.taxonomy import load_taxonomy
from tousu_training.calibrate import calibrate
from tousu_training.corpus import corpus_hash, read_rows
from tousu_training.evaluate import Predictions, evaluate
from tousu_training.fit import FitSettings, Linear, fit_linear
from tousu_training.folds import Folds, assign_folds
from tousu_training.said import compared
from tousu_training.search import search as searched
from tousu_training.settings import TAXONOMY
from tousu_training.vocabulary import Encoder, Vocabulary, build_vocabulary, load_encoder, load_lexicon

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import scipy.sparse as sp
    from numpy.typing import NDArray

    from tousu.classifier.decisions import Calibration
    from tousu.taxonomy import Taxonomy
    from tousu_training.corpus import LabelledRow

RELEASE = "2026.11"  # of the shipped model alone
OWN = "own"
LIBRARIES = ("numpy", "scipy", "scikit-learn", "numba", "OpenCC", "jieba")
LEAST_ROWS = 10


@dataclass(frozen=True, slots=True)
class Labels:
    """The label set a model is trained for.

    Attributes:
        domains: Codes in the order of the model's columns.
        fallback: Code of a text that says nothing.
        taxonomy: Hash of the taxonomy they come from; None when they come from the data.
        outside: The code outside the remit, where there is one.
        names: Name by code, for reports; a code without one stands for itself.
    """

    domains: tuple[str, ...]
    fallback: str
    taxonomy: str | None = None
    outside: str | None = None
    names: dict[str, str] = field(default_factory=dict)


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
    adapted: int = 0

    def judged(self, matrix: sp.csr_matrix, labels: Labels) -> Taggings:
        """Return what the model says of texts encoded with its vocabulary, as tagging would."""
        return judged(self.linear.scores(matrix), known_terms(matrix), labels, self.calibration)


def labels_of_taxonomy(taxonomy: Taxonomy) -> Labels:
    """Return the label set of a taxonomy; its fallback is what lies outside the remit."""
    fallback = taxonomy.fallback
    return Labels(taxonomy.codes, fallback, taxonomy.sha256, fallback, taxonomy.names)


def labels_from_data(rows: Sequence[LabelledRow]) -> Labels:
    """Return the label set that occurs in the rows; the most frequent primary is the fallback."""
    counts = collections.Counter(row.primary for row in rows)
    codes = sorted({code for row in rows for code in row.codes})
    return Labels(tuple(codes), min(counts, key=lambda code: (-counts[code], code)))


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
    held_out, known = np.zeros((len(rows), len(labels.domains) + 1)), np.zeros(len(rows), dtype=np.bool_)
    for fold in range(folds.count):
        progress(f"交叉验证（{folds.how}）", fold, folds.count)
        inside, outside = np.flatnonzero(folds.numbers != fold).tolist(), np.flatnonzero(folds.numbers == fold).tolist()
        vocabulary = build_vocabulary(encoder, [found[i] for i in inside], least=settings.least)
        matrix = vocabulary.matrix([found[i] for i in inside])
        linear = fit_linear(matrix, [rows[i] for i in inside], labels.domains, vocabulary, settings)
        matrix = vocabulary.matrix([found[i] for i in outside])
        held_out[outside], known[outside] = linear.scores(matrix), known_terms(matrix)
    progress("校准", 0, 1)
    calibration = calibrate(held_out, known, rows, labels.domains, labels.fallback)
    said = compared(judged(held_out, known, labels, calibration), rows)
    progress("用全部数据训练", 0, 1)
    vocabulary = build_vocabulary(encoder, found, least=settings.least)
    linear = fit_linear(vocabulary.matrix(found), rows, labels.domains, vocabulary, settings)
    progress("评估", 0, 1)
    metrics = evaluate(rows, said, outside=labels.outside)
    return Trained(
        linear, calibration, vocabulary, folds, held_out, known, metrics, _doubtful(rows, said), settings, tried
    )


def judged(scores: NDArray[np.float64], known: NDArray[np.bool_], labels: Labels, calibration: Calibration) -> Taggings:
    """Return what a calibrated model says of texts by their scores, by the very code that tags."""
    return Taggings.judged(
        scores, known, calibration, domains=labels.domains, fallback=labels.fallback, model="held out"
    )


def known_terms(matrix: sp.csr_matrix) -> NDArray[np.bool_]:
    """Return whether any known term is in each encoded text, shape (texts,)."""
    return np.asarray(np.diff(matrix.indptr) > 0)


def save_model(
    path: Path, rows: Sequence[LabelledRow], labels: Labels, trained: Trained, encoder: Encoder, settings: FitSettings
) -> artifact.Artifact:
    """Write the model directory of a training, its report beside it."""
    from tousu_training.report import render_report

    corpus = corpus_hash(rows)
    shipped = not trained.adapted and _is_shipped(labels, corpus, encoder, settings)
    chars, calibration = encoder.chars, trained.calibration
    manifest = {
        "release": RELEASE if shipped else OWN,
        "domains": list(labels.domains),
        "fallback": labels.fallback,
        "taxonomy": labels.taxonomy,
        "corpus": {"rows": len(rows), "sha256": corpus},
        "held_out": trained.folds.to_dict(),
        "features": asdict(settings)
        | {"terms": int(trained.vocabulary.keys.size)}
        | {"dictionary": encoder.dictionary_sha256, "lexicon": encoder.lexicon.sha256},
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "metrics": {key: trained.metrics[key] for key in trained.metrics if key not in ("domains", "confusions")},
    }
    arrays: dict[str, NDArray[Any]] = {
        "char_table": chars.table, "expand_from": chars.expand_from, "expand_at": chars.expand_at,
        "expand_codes": chars.expand_codes, "keys": trained.vocabulary.keys, "idf": trained.vocabulary.idf,
        "weights": trained.linear.weights, "bias": trained.linear.bias,
        "slope": calibration.slope, "offset": calibration.offset, "strangeness": np.array([calibration.strangeness]),
        "thresholds": calibration.thresholds, "accept": calibration.accept, "facet": calibration.facet,
    }  # fmt: skip
    report = {
        "labels": asdict(labels),
        "corpus": manifest["corpus"],
        "folds": trained.folds.to_dict() | {"how": trained.folds.how},
        "held_out": trained.metrics,
        "settings": {"chosen": asdict(settings), "tried": trained.tried},
        "doubtful": trained.doubtful,
    }
    extras = {
        "report.json": (json.dumps(report, ensure_ascii=False, indent=1) + "\n").encode(),
        "report.html": render_report(report, labels.names).encode(),
    }
    return artifact.save(path, manifest, arrays, extras)


def _is_shipped(labels: Labels, corpus: str, encoder: Encoder, settings: FitSettings) -> bool:
    """Return whether a model comes from the shipped corpus, taxonomy, word lists and settings: the release itself."""
    data = data_root() / "data"
    taxonomy = load_taxonomy()
    if (labels.taxonomy, settings) != (taxonomy.sha256, TAXONOMY):
        return False
    try:
        rows, lexicon = read_rows([data / "corpus"]), load_lexicon(data / "lexicon", encoder.chars)
    except TousuError:  # somebody has changed what was shipped
        return False
    return (corpus, encoder.lexicon.sha256) == (corpus_hash(rows), lexicon.sha256)


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


def default_encoder(lexicon: Path | None) -> Encoder:
    """Return the encoder of jieba's dictionary and the given word lists, the shipped ones by default."""
    return load_encoder(data_root() / "data" / "lexicon" if lexicon is None else lexicon)
