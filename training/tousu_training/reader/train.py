"""Labelled rows → a reader beside a model: lower layers read once, upper ones tuned, both readings calibrated."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from tousu.classifier.reader import files
from tousu_training.reader import export, outliers, upper
from tousu_training.reader.lower import Lower, Lowered
from tousu_training.reader.upper import Parameters, Targets, TuneSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from tousu_training.corpus import LabelledRow
    from tousu_training.labels import Labels
    from tousu_training.reader.weights import Encoder

HALVES = TuneSettings(epochs=1)
WHOLE = TuneSettings(epochs=1)
LOOKED_AT = 48
TRIED = 12


@dataclass(frozen=True, slots=True)
class Tuned:
    """What tuning made.

    Attributes:
        contents: The reader's files by name, but for the licence.
        held_out: Logits of every row by the half that has not seen it, float16, shape (rows, domains + 1).
        settings: Of the last run.
    """

    contents: dict[str, bytes]
    held_out: NDArray[np.float16]
    settings: TuneSettings


def work_folder() -> Path:
    """Return where what takes long is kept, so that a stopped training goes on."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tousu" / "reader"


def tune_reader(
    rows: Sequence[LabelledRow], labels: Labels, folds: NDArray[np.int64], encoder: Encoder, *, folder: Path,
    progress: Callable[[str, int, int], None], halves: TuneSettings = HALVES, whole: TuneSettings = WHOLE,
) -> Tuned:  # fmt: skip
    """Tune an encoder on labelled rows.

    Twice on half of the folds, so that each row's logits are held out (whole hands, where folds are such); the mean
    of both, which lies between them as they began alike (Wortsman et al. 2022, arXiv:2203.05482), is then tuned on
    all rows.

    Args:
        rows: The rows.
        labels: The label set.
        folds: Fold of each row, shape (rows,).
        encoder: The encoder.
        folder: Where the work is kept; a training of the same rows goes on there.
        progress: Called with a step's name, how much of it is done, and its size.
        halves: How to tune on the halves.
        whole: How to tune on all.
    """
    texts = [row.text for row in rows]
    lower = Lower.build(encoder, texts, frozen=whole.frozen, most=whole.most)
    lowered = lower.read(texts, folder, lambda done, total: progress("精读：下层", done, total))
    targets = targets_of(rows, labels)
    work = folder / _name(rows, encoder, lower, halves, whole)
    held_out = np.zeros((len(rows), len(labels.domains) + 1), dtype=np.float16)
    parts: list[Parameters] = []
    side = halves_of(folds)
    for half in range(2):
        seen, unseen = np.flatnonzero(side == half), np.flatnonzero(side != half)
        parts.append(
            _tune(encoder, lowered, targets, seen, halves, work / f"half{half}", f"精读：半数 {half + 1}/2", progress)
        )
        held_out[unseen] = upper.score(encoder, parts[-1], lowered, unseen, halves)
    between: Parameters = jax.tree.map(lambda a, b: (a + b) / 2, *parts)
    own = _tune(encoder, lowered, targets, np.arange(len(rows)), whole, work / "whole", "精读：全部", progress, between)
    return Tuned(_contents(encoder, lower, lowered, own, whole), held_out, whole)


def halves_of(folds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the half each row belongs to, 0 or 1: whole folds, the largest first, each to the smaller half."""
    sizes = np.bincount(folds)
    side, load = np.zeros(sizes.size, dtype=np.int64), np.zeros(2, dtype=np.int64)
    for fold in np.argsort(-sizes, kind="stable"):
        side[fold] = load.argmin()
        load[side[fold]] += sizes[fold]
    return side[folds]


def targets_of(rows: Sequence[LabelledRow], labels: Labels) -> Targets:
    """Return what is to be learnt of the rows."""
    return Targets(
        np.array([labels.domains.index(row.primary) for row in rows]),
        len(labels.domains),
        np.array([[upper.UNKNOWN if row.online is None else float(row.online)] for row in rows], dtype=np.float32),
    )


def minutes(encoder: Encoder, rows: Sequence[LabelledRow], halves: TuneSettings, whole: TuneSettings) -> float:
    """Return about how long tuning takes, by the time a few texts take the lower layers."""
    texts = [rows[place].text for place in np.linspace(0, len(rows) - 1, TRIED).astype(int)]
    lower = Lower.build(encoder, texts, frozen=whole.frozen, most=whole.most)
    begun = time.monotonic()
    lower.time(texts)
    once = (time.monotonic() - begun) / TRIED * len(rows) / 60
    share = 3 * (len(encoder.layers) - whole.frozen) / whole.frozen  # forward and backward against forward
    return once * (0.6 + share * (halves.epochs + whole.epochs))


def _tune(
    encoder: Encoder, lowered: Lowered, targets: Targets, rows: NDArray[np.int64], settings: TuneSettings, folder: Path,
    what: str, progress: Callable[[str, int, int], None], begin: Parameters | None = None,
) -> Parameters:  # fmt: skip
    """Tune, and tell of it every few steps."""

    def told(done: int, total: int, loss: float) -> None:
        if done % 25 == 0 or done == total:
            progress(f"{what}（损失 {loss:.3f}）", done, total)

    return upper.tune(encoder, lowered, targets, rows, settings, folder=folder, progress=told, begin=begin)


def _name(rows: Sequence[LabelledRow], encoder: Encoder, lower: Lower, *settings: TuneSettings) -> str:
    """Return the name of the work on these rows with these settings."""
    told = [[row.text, list(row.codes), row.online, row.series] for row in rows]
    said = json.dumps([told, encoder.sha256, [asdict(one) for one in settings]]).encode("utf-8", "surrogatepass")
    return hashlib.sha256(said + lower.file).hexdigest()[:16]


def _contents(
    encoder: Encoder, lower: Lower, lowered: Lowered, own: Parameters, settings: TuneSettings
) -> dict[str, bytes]:
    """Return the files: the layers as ONNX and the tokenizer."""
    spread = np.linspace(0, lowered.lengths.size - 1, min(LOOKED_AT, lowered.lengths.size)).astype(int)
    texts = [lowered.text(int(row)).astype(np.float32) for row in spread]
    heads, epsilon = encoder.heads, encoder.epsilon
    fewer = outliers.halve if settings.halved else None
    loud = outliers.find(own["layers"], texts, heads, epsilon, fewer)
    original = encoder.layers[settings.frozen :]
    return {
        files.LOWER: lower.file,
        files.TAGS: export.tags_file(own["layers"], loud, own["w"], own["b"], heads, epsilon, halved=settings.halved),
        files.VECTORS: export.vectors_file(original, outliers.find(original, texts, heads, epsilon), heads, epsilon),
        files.TOKENIZER: _tokenizer(encoder),
    }


def _tokenizer(encoder: Encoder) -> bytes:
    """Return the tokenizer's file, without what a run sets."""
    encoder.tokenizer.no_truncation()
    encoder.tokenizer.no_padding()
    return str(encoder.tokenizer.to_str()).encode()


def settings_of(encoder: Encoder, *, quick: bool) -> tuple[TuneSettings, TuneSettings]:
    """Return the settings for the halves and for all: two thirds of the layers frozen; quick ones see rows but once."""
    frozen = max(1, len(encoder.layers) * 2 // 3)
    most = min(WHOLE.most, len(encoder.positions))
    epochs: dict[str, Any] = {"epochs": 1} if quick else {}
    halves, whole = (dataclasses.replace(one, frozen=frozen, most=most, **epochs) for one in (HALVES, WHOLE))
    return halves, whole


def same(manifest: Mapping[str, Any], encoder: Encoder, *, quick: bool) -> bool:
    """Return whether a reader was made from this encoder with the settings of today."""
    settings = asdict(settings_of(encoder, quick=quick)[1])
    return bool(manifest["encoder"].get("sha256") == encoder.sha256 and manifest.get("settings") == settings)
