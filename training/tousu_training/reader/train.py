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

import numpy as np

from tousu.classifier.reader import files
from tousu_training.heads import have_heads, head_targets
from tousu_training.reader import export, outliers, upper
from tousu_training.reader.lower import Lower, Lowered
from tousu_training.reader.upper import Parameters, Targets, TuneSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from tousu_training.corpus import LabelledRow
    from tousu_training.labels import Labels
    from tousu_training.reader.weights import Encoder

LOOKED_AT = 48
TRIED = 12


@dataclass(frozen=True, slots=True)
class Tuned:
    """What tuning made.

    Attributes:
        contents: The layers' files by name.
        held_out: Logits of the rows it was not tuned on, float16, shape (rows held out, domains + 1 + heads).
        rows: Which rows those are, shape (rows held out,).
        settings: How it was tuned.
    """

    contents: dict[str, bytes]
    held_out: NDArray[np.float16]
    rows: NDArray[np.int64]
    settings: TuneSettings


def work_folder() -> Path:
    """Return where what takes long is kept, so that a stopped training goes on."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tousu" / "reader"


def tune_reader(
    rows: Sequence[LabelledRow], labels: Labels, folds: NDArray[np.int64], encoder: Encoder, *, folder: Path,
    progress: Callable[[str, int, int], None], settings: TuneSettings,
) -> Tuned:  # fmt: skip
    """Tune an encoder on the labelled rows of all folds but one.

    The fold left out (whole hands, where folds are such) is what both readings together are judged by. Tuning once a
    fold, as the n-grams are, would take five times as long, and the encoder on disk would then be one that no figure
    speaks of; here the very encoder that is used is the one that is measured, for a fifth of the rows it never learns.

    Args:
        rows: The rows.
        labels: The label set.
        folds: Fold of each row, shape (rows,).
        encoder: The encoder.
        folder: Where the work is kept; a training of the same rows goes on there.
        progress: Called with a step's name, how much of it is done, and its size.
        settings: How to tune.
    """
    texts = [row.text for row in rows]
    lower = Lower.build(encoder, texts, frozen=settings.frozen, most=settings.most, folder=folder)
    lowered = lower.read(texts, folder, lambda done, total: progress("精读：下层", done, total))
    targets = targets_of(rows, labels)
    apart = folds == left_out(folds, targets.primary, targets.domains)
    seen, unseen = np.flatnonzero(~apart), np.flatnonzero(apart)

    def told(done: int, total: int, loss: float) -> None:
        if done % 25 == 0 or done == total:
            progress(f"精读：上层（损失 {loss:.3f}）", done, total)

    work = folder / _name(rows, encoder, lower, settings)
    own = upper.tune(encoder, lowered, targets, seen, settings, folder=work, progress=told)
    held_out = upper.score(encoder, own, lowered, unseen, settings).astype(np.float16)
    return Tuned(_contents(encoder, lower, lowered, own, settings), held_out, unseen, settings)


def left_out(folds: NDArray[np.int64], primary: NDArray[np.int64], domains: int) -> int:
    """Return the fold to leave out: one that lacks the fewest domains, and whose shares of them are most like all rows'.

    Args:
        folds: Fold of each row, shape (rows,).
        primary: Column of each row's primary, shape (rows,).
        domains: How many domains there are.
    """
    counts = np.stack([np.bincount(primary[folds == fold], minlength=domains) for fold in range(folds.max() + 1)])
    unlike = np.abs(counts / counts.sum(axis=1, keepdims=True) - counts.sum(axis=0) / primary.size).sum(axis=1)
    return int(np.lexsort((unlike, (counts == 0).sum(axis=1)))[0])


def targets_of(rows: Sequence[LabelledRow], labels: Labels) -> Targets:
    """Return what is to be learnt of the rows."""
    told = head_targets(rows) if have_heads(rows) else np.empty((len(rows), 0), dtype=np.int8)
    return Targets(
        np.array([labels.domains.index(row.primary) for row in rows]),
        len(labels.domains),
        np.array([[upper.UNKNOWN if row.online is None else float(row.online)] for row in rows], dtype=np.float32),
        np.select([told > 0, told < 0], [1.0, 0.0], upper.UNKNOWN).astype(np.float32),
    )


def minutes(encoder: Encoder, rows: Sequence[LabelledRow], settings: TuneSettings) -> float:
    """Return about how long tuning takes, by the time a few texts take the lower layers."""
    texts = [rows[place].text for place in np.linspace(0, len(rows) - 1, TRIED).astype(int)]
    lower = Lower.build(encoder, texts, frozen=settings.frozen, most=settings.most)
    begun = time.monotonic()
    lower.time(texts)
    once = (time.monotonic() - begun) / TRIED * len(rows) / 60
    share = 3 * (len(encoder.layers) - settings.frozen) / settings.frozen  # forward and backward against forward
    return once * (0.6 + share * settings.epochs)


def _name(rows: Sequence[LabelledRow], encoder: Encoder, lower: Lower, settings: TuneSettings) -> str:
    """Return the name of the work on these rows with these settings."""
    told = [[row.text, row.codes, row.online, row.series, row.kind, row.route, row.signals] for row in rows]
    said = json.dumps([told, encoder.sha256, asdict(settings)]).encode("utf-8", "surrogatepass")
    return hashlib.sha256(said + lower.file).hexdigest()[:16]


def _contents(
    encoder: Encoder, lower: Lower, lowered: Lowered, own: Parameters, settings: TuneSettings
) -> dict[str, bytes]:
    """Return the layers as ONNX files by name."""
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
    }


def settings_of(encoder: Encoder, *, quick: bool) -> TuneSettings:
    """Return how an encoder is tuned: two thirds of the layers frozen; a quick tuning sees every row but once."""
    plain = TuneSettings()
    return dataclasses.replace(
        plain, frozen=max(1, len(encoder.layers) * 2 // 3), most=min(plain.most, len(encoder.positions)),
        epochs=1.0 if quick else plain.epochs,
    )  # fmt: skip


def same(manifest: Mapping[str, Any], encoder: Encoder, settings: TuneSettings, corpus: str) -> bool:
    """Return whether a reader was made from this encoder and corpus with these settings."""
    found = manifest["encoder"].get("sha256"), manifest["corpus"].get("sha256"), manifest.get("settings")
    return found == (encoder.sha256, corpus, asdict(settings))
