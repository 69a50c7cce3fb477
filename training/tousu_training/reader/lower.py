"""What the frozen lower layers make of each text, worked out once and kept on disk.

They run as they will at run time, in the same seven bits, so that the upper layers are tuned to just what they
will be given.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from tousu_training.fit import WORKERS
from tousu_training.reader import outliers
from tousu_training.reader.export import lower_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tousu_training.reader.weights import Encoder

STEP = 16
KEPT_EVERY = 200
MOST_CHARACTERS = 600
LOOKED_AT = 24
FORM = 1  # raised when the same layers give another file


@dataclass(frozen=True, slots=True)
class Lowered:
    """Vectors of every text's tokens after the lower layers.

    Attributes:
        vectors: float16, shape (tokens of all texts ever read, width); a file, not memory.
        begins: Where each text begins, shape (texts,).
        lengths: Tokens of each text, shape (texts,).
    """

    vectors: NDArray[np.float16]
    begins: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def text(self, row: int) -> NDArray[np.float16]:
        """Return the vectors of one text's tokens, shape (tokens, width)."""
        return self.vectors[self.begins[row] : self.begins[row] + self.lengths[row]]

    def padded(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the vectors of some texts, padded to a multiple of ``STEP``, and the mask of their tokens."""
        lengths = self.lengths[rows]
        tokens = int(-(-lengths.max() // STEP) * STEP)
        x = np.zeros((rows.size, tokens, self.vectors.shape[1]), dtype=np.float32)
        for place, row in enumerate(rows.tolist()):
            x[place, : lengths[place]] = self.text(row)
        return x, (np.arange(tokens) < lengths[:, None]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Lower:
    """The lower layers, ready to read.

    Attributes:
        encoder: The encoder.
        frozen: How many layers.
        most: Most tokens of a text.
        file: The layers as ONNX.
    """

    encoder: Encoder
    frozen: int
    most: int
    file: bytes

    @classmethod
    def build(
        cls, encoder: Encoder, texts: Sequence[str], *, frozen: int, most: int, folder: Path | None = None
    ) -> Lower:
        """Make the file of the lower layers, or take the one that ``folder`` keeps of an earlier training.

        Which channels are outlying is seen on some of the texts, so that a corpus that has grown would give another
        file, and what was read of every text would have to be read again.

        Args:
            encoder: The encoder.
            texts: The texts.
            frozen: How many layers.
            most: Most tokens of a text.
            folder: Where the file is kept.
        """
        name = hashlib.sha256(f"{encoder.sha256} {frozen} {most} {FORM}".encode()).hexdigest()[:16]
        kept = None if folder is None else folder / f"lower-{name}.onnx"
        if kept is not None and kept.is_file():
            return cls(encoder, frozen, most, kept.read_bytes())
        given = [embed(encoder, ids) for ids in tokenise(encoder, _few(texts), most)]
        layers = encoder.layers[:frozen]
        normed = [outliers.norm(x, *encoder.norm, encoder.epsilon) for x in given]
        loud = outliers.find(layers, normed, encoder.heads, encoder.epsilon)
        made = cls(encoder, frozen, most, lower_file(encoder.norm, layers, loud, encoder.heads, encoder.epsilon))
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            fresh = kept.with_suffix(".new")
            fresh.write_bytes(made.file)
            fresh.replace(kept)
        return made

    def session(self) -> onnxruntime.InferenceSession:
        """Return a session that runs in the thread that calls it: threads that wait for one another starve."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        return onnxruntime.InferenceSession(self.file, options, providers=["CPUExecutionProvider"])

    def time(self, texts: Sequence[str]) -> None:
        """Run the layers over some texts and forget what came of it."""
        session = self.session()
        for ids in tokenise(self.encoder, texts, self.most):
            session.run(None, {"hidden": embed(self.encoder, ids)[None]})

    def read(self, texts: Sequence[str], folder: Path, progress: Callable[[int, int], None]) -> Lowered:
        """Run the lower layers over the texts that ``folder`` does not hold yet.

        Args:
            texts: The texts.
            folder: Where the vectors are kept, a file for these layers; it grows by every new text.
            progress: Told the texts done and all of them.
        """
        name = hashlib.sha256(self.file + f"{self.encoder.sha256} {self.most}".encode()).hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        store = _Store(folder / f"lower-{name}", self.encoder.width)
        ids = tokenise(self.encoder, texts, self.most)
        marks = [hashlib.sha256(np.array(own, dtype=np.int32).tobytes()).hexdigest()[:24] for own in ids]
        missing = {mark: row for row, mark in enumerate(marks) if mark not in store.places}
        session = self.session()

        def run(row: int) -> NDArray[np.float32]:
            return np.asarray(session.run(None, {"hidden": embed(self.encoder, ids[row])[None]})[0][0])

        with ThreadPoolExecutor(WORKERS) as pool:
            for number, (mark, vectors) in enumerate(zip(missing, pool.map(run, missing.values()), strict=True), 1):
                store.add(mark, vectors)
                if number % KEPT_EVERY == 0 or number == len(missing):
                    store.keep()
                    progress(number, len(missing))
        places = np.array([store.places[mark] for mark in marks], dtype=np.int64).reshape(-1, 2)
        return Lowered(store.vectors(), places[:, 0], places[:, 1])


class _Store:
    """Vectors in one growing file, and beside it where each text's lie."""

    def __init__(self, stem: Path, width: int) -> None:
        self._data, self._index, self._width = stem.with_suffix(".f16"), stem.with_suffix(".index"), width
        self.places: dict[str, tuple[int, int]] = {}
        self._end, self._fresh = 0, list[tuple[str, "NDArray[np.float16]"]]()
        self._data.touch()
        self._index.touch()
        room = self._data.stat().st_size // (2 * width)
        for line in self._index.read_text("ascii").splitlines():
            mark, begin, count = (*line.split(), "", "", "")[:3]
            if count.isdigit() and int(begin) + int(count) <= room:
                self.places[mark] = int(begin), int(count)
                self._end = max(self._end, int(begin) + int(count))

    def add(self, mark: str, vectors: NDArray[np.float32]) -> None:
        """Take up a text's vectors; they are on disk after the next ``keep``."""
        self._fresh.append((mark, vectors.astype(np.float16)))

    def keep(self) -> None:
        """Write what was added: the vectors first, then where they lie."""
        lines = []
        with self._data.open("r+b") as file:
            file.seek(self._end * 2 * self._width)
            for mark, vectors in self._fresh:
                file.write(vectors.tobytes())
                self.places[mark] = self._end, len(vectors)
                lines.append(f"{mark} {self._end} {len(vectors)}\n")
                self._end += len(vectors)
        with self._index.open("a", encoding="ascii") as index:
            index.writelines(lines)
        self._fresh.clear()

    def vectors(self) -> NDArray[np.float16]:
        """Return all vectors, shape (tokens, width), as a file mapped into memory."""
        return np.memmap(self._data, dtype=np.float16, mode="r", shape=(self._end, self._width))


def tokenise(encoder: Encoder, texts: Sequence[str], most: int) -> list[list[int]]:
    """Return the ids of each text's pieces, ``most`` at the most, the marks at both ends among them."""
    encoder.tokenizer.enable_truncation(most)
    encoder.tokenizer.no_padding()
    found = encoder.tokenizer.encode_batch_fast([encoder.prefix + text[:MOST_CHARACTERS] for text in texts])
    return [one.ids for one in found]


def embed(encoder: Encoder, ids: Sequence[int]) -> NDArray[np.float32]:
    """Return the embeddings of a text's pieces, places added, before the norm, shape (pieces, width)."""
    return np.asarray(encoder.words[list(ids)] + encoder.positions[: len(ids)])


def _few(texts: Sequence[str]) -> list[str]:
    """Return ``LOOKED_AT`` of the texts, evenly spread."""
    return [texts[place] for place in np.linspace(0, len(texts) - 1, min(LOOKED_AT, len(texts))).astype(int)]
