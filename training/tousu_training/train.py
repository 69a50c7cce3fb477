"""Labelled rows → a model directory: held-out scores, calibration, final fit, report."""

from __future__ import annotations

import collections
import importlib.metadata
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tousu.classifier import artifact
from tousu.errors import CorpusError
from tousu.resources import data_root
from tousu_training.calibrate import Calibration, calibrate
from tousu_training.corpus import corpus_hash
from tousu_training.evaluate import Predictions, evaluate
from tousu_training.fit import FitSettings, Linear, fit_linear
from tousu_training.folds import assign_folds
from tousu_training.vocabulary import Encoder, Vocabulary, build_vocabulary, load_encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tousu.taxonomy import Taxonomy
    from tousu_training.corpus import LabelledRow

RELEASE = "2026.11"
LIBRARIES = ("numpy", "scipy", "scikit-learn", "numba", "OpenCC", "jieba")
LEAST_ROWS = 10
FACET_MOST = 3


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
        metrics: Scores on the held-out rows.
        doubtful: Places of the rows the held-out models doubted most, with what they said instead.
    """

    linear: Linear
    calibration: Calibration
    vocabulary: Vocabulary
    metrics: dict[str, Any]
    doubtful: list[dict[str, Any]]


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
) -> Trained:
    """Train on labelled rows.

    Args:
        rows: At least ten, of at least two domains.
        labels: The label set.
        encoder: What turns texts into terms.
        settings: How to fit.
        progress: Called with a step's name, how much of it is done, and its size.

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
    if np.unique(folds).size < 2:
        raise CorpusError(
            f"{len(rows)} 行的文本几乎全都相同，没法留出一部分来检验", expected="内容各不相同的投诉",
            fix="去掉重复的行，补充别的投诉",
        )  # fmt: skip
    held_out = np.zeros((len(rows), len(labels.domains) + 1))
    present = np.unique(folds)
    for step, fold in enumerate(present):
        progress("交叉验证", step, present.size)
        inside, outside = np.flatnonzero(folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
        vocabulary = build_vocabulary(encoder, [found[i] for i in inside], least=settings.least)
        matrix = vocabulary.matrix([found[i] for i in inside])
        linear = fit_linear(matrix, [rows[i] for i in inside], labels.domains, vocabulary, settings)
        held_out[outside] = linear.scores(vocabulary.matrix([found[i] for i in outside]))
    progress("校准", 0, 1)
    calibration = calibrate(held_out, rows, labels.domains)
    said = predictions(held_out, rows, labels, calibration)
    progress("用全部数据训练", 0, 1)
    vocabulary = build_vocabulary(encoder, found, least=settings.least)
    linear = fit_linear(vocabulary.matrix(found), rows, labels.domains, vocabulary, settings)
    progress("评估", 0, 1)
    metrics = evaluate(rows, said, outside=labels.outside)
    return Trained(linear, calibration, vocabulary, metrics, _doubtful(rows, said))


def predictions(
    scores: NDArray[np.float64], rows: Sequence[LabelledRow], labels: Labels, calibration: Calibration
) -> Predictions:
    """Return what a calibrated model says of rows by their scores, as tagging would."""
    domains = labels.domains
    probabilities = calibration.probabilities(scores)
    primary = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1)
    slope, offset, threshold = calibration.facet
    known = {code: number for number, code in enumerate(domains)}
    codes = []
    for number, row in enumerate(calibration.standing(scores)):
        further = [
            c for c in np.argsort(-row, kind="stable") if c != primary[number] and row[c] >= calibration.thresholds[c]
        ]
        codes.append(frozenset(domains[c] for c in [primary[number], *further[: FACET_MOST - 1]]))
    truth = np.array([known.get(row.primary, -1) for row in rows])
    online = 1 / (1 + np.exp(-(slope * scores[:, -1] + offset))) >= threshold
    return Predictions(domains, truth, primary, sure, sure >= calibration.accept[primary], online, codes)


def save_model(
    path: Path, rows: Sequence[LabelledRow], labels: Labels, trained: Trained, encoder: Encoder, settings: FitSettings
) -> artifact.Artifact:
    """Write the model directory of a training, its report beside it."""
    from tousu_training.report import render_report

    chars, calibration = encoder.chars, trained.calibration
    manifest = {
        "release": RELEASE,
        "domains": list(labels.domains),
        "fallback": labels.fallback,
        "taxonomy": labels.taxonomy,
        "corpus": {"rows": len(rows), "sha256": corpus_hash(rows)},
        "features": asdict(settings)
        | {"terms": int(trained.vocabulary.keys.size)}
        | {"dictionary": encoder.dictionary_sha256, "lexicon": encoder.lexicon.sha256},
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "metrics": {key: trained.metrics[key] for key in trained.metrics if key not in ("domains", "confusions")},
    }
    arrays: dict[str, NDArray[Any]] = {
        "char_table": chars.table, "expand_from": chars.expand_from, "expand_at": chars.expand_at,
        "expand_codes": chars.expand_codes, "keys": trained.vocabulary.keys, "idf": trained.vocabulary.idf,
        "weights": trained.linear.weights, "bias": np.round(trained.linear.bias, 5),
        "slope": calibration.slope, "offset": calibration.offset, "strangeness": np.array([calibration.strangeness]),
        "thresholds": calibration.thresholds, "accept": calibration.accept, "facet": calibration.facet,
    }  # fmt: skip
    report = {
        "labels": asdict(labels),
        "corpus": manifest["corpus"],
        "held_out": trained.metrics,
        "doubtful": trained.doubtful,
    }
    extras = {
        "report.json": (json.dumps(report, ensure_ascii=False, indent=1) + "\n").encode(),
        "report.html": render_report(report, labels.names).encode(),
    }
    return artifact.save(path, manifest, arrays, extras)


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
