"""Both readings judged together: what the encoder weighs beside the n-grams, and the reader's directory written."""

from __future__ import annotations

import hashlib
import importlib.metadata
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from tousu.classifier.reader import files, words
from tousu.classifier.reader.careful import summed
from tousu.errors import ModelError
from tousu_training.calibrate import NEVER, PLACES, calibrate, lowest_safe
from tousu_training.corpus import corpus_hash
from tousu_training.evaluate import compared, evaluate
from tousu_training.reader.joined import join_heads, weights_of
from tousu_training.reader.prune import pruned
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
KEPT_SHARE = 0.9  # of the rows held out, to be found in a corpus for a reader to be judged on it
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
    slim = pruned(encoder, [row.text for row in rows])
    steps, scales = words.pack(slim.words)
    arrays = {
        "words": steps, "scales": scales, "positions": encoder.positions[: tuned.settings.most],
        "held_out": tuned.held_out, "held_marks": _marks([rows[row] for row in tuned.rows.tolist()]),
    }  # fmt: skip
    told = {
        "domains": list(labels.domains),
        "tokens": tuned.settings.most,
        "prefix": encoder.prefix,
        "encoder": {"name": encoder.name, "licence": encoder.licence, "sha256": encoder.sha256,
                    "layers": len(encoder.layers), "pieces": len(slim.words)},
        "settings": asdict(tuned.settings),
        "corpus": {"rows": len(rows), "sha256": corpus_hash(rows)},
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }  # fmt: skip
    slim.tokenizer.no_truncation()
    slim.tokenizer.no_padding()
    tokenizer = str(slim.tokenizer.to_str()).encode()
    contents = tuned.contents | {files.TOKENIZER: tokenizer, files.LICENCE: licence(encoder).encode()}
    return _save(model, version, tuned.rows, rows, labels, trained, told, arrays, contents)


def carried(path: Path, rows: Sequence[LabelledRow], domains: Sequence[str]) -> files.ReaderFiles | None:
    """Return the reader in a model's directory if it is for these domains and its held-out rows are still there."""
    try:
        found = files.load(files.folder_of(path))
    except ModelError:
        return None
    kept = np.isin(found.arrays["held_marks"], _marks(rows))
    fits = tuple(found.manifest["domains"]) == tuple(domains) and kept.size and kept.mean() >= KEPT_SHARE
    return found if fits else None


def _marks(rows: Sequence[LabelledRow]) -> NDArray[np.uint64]:
    """Return a number for each row's text, by which it is found again in a corpus that has grown."""
    digests = (hashlib.sha256(row.text.encode("utf-8", "surrogatepass")).digest() for row in rows)
    return np.array([int.from_bytes(digest[:8], "little") for digest in digests], dtype=np.uint64)


def carry(
    model: Path, version: str, rows: Sequence[LabelledRow], labels: Labels, trained: Trained,
    reader: files.ReaderFiles,
) -> dict[str, Any]:  # fmt: skip
    """Judge a tuned reader anew beside a newly trained model, write it there, and return the metrics.

    Raises:
        FileError: It cannot be written.
    """
    arrays = {name: reader.arrays[name] for name in ("words", "scales", "positions")}
    place = {mark: row for row, mark in enumerate(_marks(rows).tolist())}
    marks = reader.arrays["held_marks"]
    kept = np.array([mark in place for mark in marks.tolist()])
    held = np.array([place[mark] for mark in marks[kept].tolist()], dtype=np.int64)
    arrays |= {"held_out": reader.arrays["held_out"][kept], "held_marks": marks[kept]}
    told = {
        name: reader.manifest[name]
        for name in ("domains", "tokens", "prefix", "encoder", "settings", "corpus", "libraries")
    }
    return _save(model, version, held, rows, labels, trained, told, arrays, reader.contents)


def _save(
    model: Path, version: str, held: NDArray[np.int64], every: Sequence[LabelledRow], labels: Labels, trained: Trained,
    told: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], contents: Mapping[str, bytes],
) -> dict[str, Any]:  # fmt: skip
    """Fit what joins both readings on the rows ``held`` that neither has seen, write the reader, return the metrics."""
    rows = [every[row] for row in held.tolist()]
    scores, known = trained.held_out[held], trained.known[held]
    first = len(labels.domains) + 1
    told_of_cases = arrays["held_out"][:, first:].astype(np.float64)
    headed = trained.case_calibration is not None and told_of_cases.shape[1] > 0
    logits = arrays["held_out"][:, :first].astype(np.float64)
    weights = weights_of(scores, logits, known, rows, labels, trained.calibration)
    both = summed(scores, logits, weights)
    calibration = calibrate(both, known, rows, labels.domains, labels.fallback)
    calibration = as_careful(calibration, both, scores, known, rows, labels, trained.calibration)

    judging = {name: np.asarray(getattr(calibration, name), dtype=np.float64) for name in CALIBRATION}
    judging["strangeness"] = np.array([calibration.background_rate])
    judging["held_out"] = arrays["held_out"] if headed else arrays["held_out"][:, :first]
    cases: dict[str, dict[str, Any]] = {"metrics": {}, "metrics_fast": {}}
    if headed:
        joined = join_heads(trained, held, told_of_cases, rows)
        judging |= joined.arrays()
        saying = judged(both, known, labels, calibration), judged(scores, known, labels, trained.calibration)
        cases = {
            key: joined.figures(said, labels, careful=key == "metrics") for key, said in zip(cases, saying, strict=True)
        }

    def figures(scores: NDArray[np.float64], calibration: Calibration) -> dict[str, Any]:
        said = compared(judged(scores, known, labels, calibration), rows)
        found = evaluate(rows, said, outside=labels.outside)
        return {key: found[key] for key in found if key not in ("domains", "confusions")}

    metrics = figures(both, calibration) | cases["metrics"]
    whole = dict(told) | {"beside": version, "weights": list(weights), "metrics": metrics}
    whole["metrics_fast"] = figures(scores, trained.calibration) | cases["metrics_fast"]
    files.save(files.folder_of(model), whole, dict(arrays) | judging, contents)
    return metrics


def as_careful(
    calibration: Calibration, both: NDArray[np.float64], scores: NDArray[np.float64], known: NDArray[np.bool_],
    rows: Sequence[LabelledRow], labels: Labels, fast: Calibration,
) -> Calibration:  # fmt: skip
    """Return the calibration with an ``auto`` that is right as often on the held-out rows as the fast reading's is.

    The fast reading's threshold was set by all hands, the worst fifth of them above all. The hands of one fold are too
    few to find that again, so its margin is taken over: what the second reading gains goes into how much ``auto``
    covers, not into how often it is wrong.

    Args:
        calibration: Of both readings together, fitted on the rows.
        both: Scores of both together, shape (rows, domains + 1).
        scores: The n-grams' held-out scores, of the same shape.
        known: Whether the n-grams knew any term of each row.
        rows: The rows held out.
        labels: The label set.
        fast: The n-grams' own calibration.
    """
    primary = np.array([labels.domains.index(row.primary) for row in rows])
    alone = judged(scores, known, labels, fast)
    if not alone.auto.any():
        return calibration._replace(accept=np.full(len(labels.domains), NEVER))
    wanted = (alone.primary == primary)[alone.auto].mean()
    said = judged(both, known, labels, calibration)
    sure, right = said.probabilities[known].max(axis=1), (said.primary == primary)[known]
    lowest = lowest_safe(sure, right, lambda hits, accepted: hits >= wanted * accepted)
    accept = np.maximum(calibration.accept, np.float64(lowest))
    return calibration._replace(accept=np.asarray(np.round(accept, PLACES), dtype=np.float64))


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
