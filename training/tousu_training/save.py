"""A training's outcome as a model directory: manifest, arrays, report."""

from __future__ import annotations

import importlib.metadata
import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from tousu.classifier import artifact, model_checks
from tousu.errors import TousuError
from tousu.resources import data_root
from tousu.taxonomy import load_taxonomy
from tousu_training.corpus import corpus_hash, read_rows
from tousu_training.fit import TAXONOMY, FitSettings
from tousu_training.heads import TYPICAL
from tousu_training.vocabulary import load_lexicon

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tousu.classifier.cases import CaseCalibration
    from tousu_training.corpus import LabelledRow
    from tousu_training.heads import Heads
    from tousu_training.labels import Labels
    from tousu_training.train import Trained
    from tousu_training.vocabulary import Encoder

RELEASE = "2026.11"  # of the shipped model alone
OWN = "own"
LIBRARIES = ("numpy", "scipy", "scikit-learn", "numba", "OpenCC", "jieba")


def save_model(
    path: Path, rows: Sequence[LabelledRow], labels: Labels, trained: Trained, encoder: Encoder, settings: FitSettings
) -> artifact.Artifact:
    """Write the model directory of a training, its report and its card beside it."""
    from tousu_training.card import CARD, render_card
    from tousu_training.report import render_report

    corpus = corpus_hash(rows)
    shipped = not trained.adapted and _is_shipped(labels, corpus, encoder, settings)
    chars, calibration = encoder.chars, trained.calibration
    manifest: dict[str, Any] = {
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
        "metrics": {
            key: trained.metrics[key] for key in trained.metrics if key not in ("domains", "confusions", "signals")
        },
    }
    arrays: dict[str, NDArray[Any]] = {
        "char_table": chars.table, "expand_from": chars.expand_from, "expand_at": chars.expand_at,
        "expand_codes": chars.expand_codes, "keys": trained.vocabulary.keys, "idf": trained.vocabulary.idf,
        "weights": trained.linear.weights, "bias": trained.linear.bias,
        "slope": calibration.slope, "offset": calibration.offset, "strangeness": np.array([calibration.background_rate]),
        "thresholds": calibration.thresholds, "accept": calibration.accept, "facet": calibration.facet,
    }  # fmt: skip
    if trained.heads is not None and trained.case_calibration is not None:
        manifest["heads"] = model_checks.CODES | {"outside": labels.outside}
        arrays |= _head_arrays(trained.heads, trained.case_calibration)
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
        CARD: render_card(manifest, trained.metrics, labels.names, release=shipped).encode(),
    }
    return artifact.save(path, manifest, arrays, extras)


def _head_arrays(heads: Heads, calibration: CaseCalibration) -> dict[str, NDArray[Any]]:
    """Return the arrays of a model's heads; the weights take the typical length into themselves."""
    root = math.sqrt(TYPICAL)
    return {
        "head_weights": heads.linear.weights / root, "head_bias": heads.linear.bias,
        "head_slope": calibration.slope, "head_offset": calibration.offset, "head_thresholds": calibration.thresholds,
        "head_background": calibration.background_rates,
        "route_weights": heads.routes.weights / root, "route_bias": heads.routes.bias,
        "route_slope": calibration.route_slope, "route_offset": calibration.route_offset,
    }  # fmt: skip


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
