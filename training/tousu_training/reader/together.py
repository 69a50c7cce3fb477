"""Both readings judged together: what the encoder weighs beside the n-grams, and the reader's directory written."""

from __future__ import annotations

import importlib.metadata
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import log_softmax

from tousu.classifier.reader import files, words
from tousu.classifier.reader.careful import summed
from tousu.errors import ModelError
from tousu_training.calibrate import calibrate
from tousu_training.corpus import corpus_hash
from tousu_training.evaluate import compared, evaluate
from tousu_training.train import judged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tousu.classifier.decisions import Calibration
    from tousu_training.corpus import LabelledRow
    from tousu_training.labels import Labels
    from tousu_training.reader.train import Tuned
    from tousu_training.reader.weights import Encoder
    from tousu_training.train import Trained

LIBRARIES = ("numpy", "jax", "optax", "onnx", "onnxruntime", "tokenizers")
TRIED = np.arange(0.0, 2.01, 0.05)  # of what the encoder weighs in units of the n-grams' own calibration
CALIBRATION = ("slope", "offset", "thresholds", "accept", "facet")


def save_reader(
    model: Path, version: str, rows: Sequence[LabelledRow], labels: Labels, trained: Trained, encoder: Encoder,
    tuned: Tuned,
) -> dict[str, Any]:  # fmt: skip
    """Write the reader of a model into its directory and return the metrics of both readings together.

    Args:
        model: The model's directory.
        version: The model's version.
        rows: The rows both were trained on.
        labels: The label set.
        trained: The model.
        encoder: The encoder as it was.
        tuned: The encoder tuned.

    Raises:
        FileError: It cannot be written.
    """
    steps, scales = words.pack(encoder.words)
    arrays = {
        "words": steps, "scales": scales, "positions": encoder.positions[: tuned.settings.most],
        "held_out": tuned.held_out,
    }  # fmt: skip
    told = {
        "domains": list(labels.domains),
        "tokens": tuned.settings.most,
        "prefix": encoder.prefix,
        "encoder": {"name": encoder.name, "licence": encoder.licence, "sha256": encoder.sha256,
                    "layers": len(encoder.layers), "pieces": len(encoder.words)},
        "settings": asdict(tuned.settings),
        "corpus": {"rows": len(rows), "sha256": corpus_hash(rows)},
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }  # fmt: skip
    contents = tuned.contents | {files.LICENCE: licence(encoder).encode()}
    return _save(model, version, rows, labels, trained, told, arrays, contents)


def carried(path: Path, corpus: str, domains: Sequence[str]) -> files.ReaderFiles | None:
    """Return the reader in a model's directory if it was tuned on this corpus for these domains; None elsewhere."""
    try:
        found = files.load(files.folder_of(path))
    except ModelError:
        return None
    same = found.manifest["corpus"].get("sha256") == corpus and tuple(found.manifest["domains"]) == tuple(domains)
    return found if same else None


def carry(
    model: Path, version: str, rows: Sequence[LabelledRow], labels: Labels, trained: Trained,
    reader: files.ReaderFiles,
) -> dict[str, Any]:  # fmt: skip
    """Judge a tuned reader anew beside a newly trained model, write it there, and return the metrics.

    Raises:
        FileError: It cannot be written.
    """
    arrays = {name: reader.arrays[name] for name in ("words", "scales", "positions", "held_out")}
    told = {
        name: reader.manifest[name]
        for name in ("domains", "tokens", "prefix", "encoder", "settings", "corpus", "libraries")
    }
    return _save(model, version, rows, labels, trained, told, arrays, reader.contents)


def _save(
    model: Path, version: str, rows: Sequence[LabelledRow], labels: Labels, trained: Trained, told: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]], contents: Mapping[str, bytes],
) -> dict[str, Any]:  # fmt: skip
    logits = arrays["held_out"].astype(np.float64)
    weights = weights_of(trained.held_out, logits, trained.known, rows, labels, trained.calibration)
    both = summed(trained.held_out, logits, weights)
    calibration = calibrate(both, trained.known, rows, labels.domains, labels.fallback)
    said = compared(judged(both, trained.known, labels, calibration), rows)
    metrics = evaluate(rows, said, outside=labels.outside)
    metrics = {key: metrics[key] for key in metrics if key not in ("domains", "confusions")}
    judging = {name: np.asarray(getattr(calibration, name), dtype=np.float64) for name in CALIBRATION}
    judging["strangeness"] = np.array([calibration.background_rate])
    whole = dict(told) | {"beside": version, "weights": list(weights), "metrics": metrics}
    files.save(files.folder_of(model), whole, dict(arrays) | judging, contents)
    return metrics


def weights_of(
    scores: NDArray[np.float64], logits: NDArray[np.float64], known: NDArray[np.bool_], rows: Sequence[LabelledRow],
    labels: Labels, calibration: Calibration,
) -> tuple[float, float]:  # fmt: skip
    """Return what the encoder weighs beside the n-grams' scores: where the held-out labels are likeliest.

    Args:
        scores: The n-grams' held-out scores, the facet's last, shape (rows, domains + 1).
        logits: The encoder's held-out logits, the facet's last.
        known: Whether the n-grams knew any term of each row.
        rows: The rows.
        labels: The label set.
        calibration: The n-grams' own.
    """
    primary = np.array([labels.domains.index(row.primary) for row in rows])[known]
    own = (calibration.slope * scores[:, :-1] + calibration.offset)[known]
    told = log_softmax(logits[:, :-1], axis=1)[known]
    at = np.arange(primary.size)

    def likely(weight: float) -> float:
        # Both together are surer than either; a common factor takes that back, as the calibration will.
        sums = own + weight * told
        return max(float(log_softmax(factor * sums, axis=1)[at, primary].mean()) for factor in (0.6, 0.8, 1.0))

    weight = float(max(TRIED, key=likely)) / float(calibration.slope.mean())
    asked = np.array([row.online is not None for row in rows])
    truth = np.array([bool(row.online) for row in rows])[asked]
    slope, offset, _ = (float(x) for x in calibration.facet)

    def likely_facet(weight: float) -> float:
        sums = slope * scores[asked, -1] + offset + weight * logits[asked, -1]
        return -float(np.logaddexp(0, np.where(truth, -sums, sums)).mean())

    facet = float(max(TRIED, key=likely_facet)) / slope if truth.any() and not truth.all() else 0.0
    return round(weight, 4), round(facet, 4)


def licence(encoder: Encoder) -> str:
    """Return what stands beside the weights about where they come from."""
    if encoder.licence == "MIT":
        return MIT.format(name=encoder.name)
    return f"Made from the encoder {encoder.name}; its licence holds for these files too.\n"


MIT = """The weights in this directory are made from {name} (Microsoft Corporation, MIT License): the lower layers and
the pieces' embeddings as they were, in fewer bits; the upper layers as they were and tuned on this project's corpus.

MIT License

Copyright (c) Microsoft Corporation.

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
