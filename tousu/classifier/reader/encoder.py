"""The encoder at run time: texts in, the heads' logits or vectors out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from tousu.classifier.reader import files
from tousu.classifier.reader.words import embed
from tousu.errors import ModelCorrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from onnxruntime import InferenceSession

PLACES = 3  # decimals of a logit: what processors differ in lies far below
MOST_CHARACTERS = 600  # of which the first hundred-odd pieces come, whatever the text


class Encoder:
    """A loaded encoder. Thread-safe. Each text is read alone, so that none changes another's answer.

    Args:
        checked: The reader's files.
        path: Where it lies, for the layers of the vectors, which are loaded when first asked for.
    """

    def __init__(self, checked: files.ReaderFiles, path: Path) -> None:
        from tokenizers import Tokenizer

        manifest, arrays = checked.manifest, checked.arrays
        self._words, self._scales = arrays["words"], arrays["scales"]
        self._positions = arrays["positions"]
        self._prefix = str(manifest["prefix"])
        try:
            self._tokenizer = Tokenizer.from_buffer(checked.contents[files.TOKENIZER])
        except Exception as error:  # the library raises no narrower one
            raise ModelCorrupt(f"精读模型的词表读不出：{path / files.TOKENIZER}", fix="重新训练") from error
        self._tokenizer.enable_truncation(int(manifest["tokens"]))
        self._tokenizer.no_padding()
        if self._tokenizer.get_vocab_size() > len(self._words):
            raise ModelCorrupt("精读模型的词表与词向量不是一套", fix="重新训练")
        self._lower = _session(checked.contents[files.LOWER], path / files.LOWER)
        self._tags = _session(checked.contents[files.TAGS], path / files.TAGS)
        self._path, self._columns = path, arrays["held_out"].shape[1]
        self._vectors: InferenceSession | None = None
        self._loading = threading.Lock()

    def logits(self, texts: Sequence[str], threads: int = 1) -> NDArray[np.float64]:
        """Return the logits of domains, facet and, where the reader has them, heads, shape (texts, columns)."""
        found = np.empty((len(texts), self._columns))

        def read(row: int, hidden: NDArray[np.float32]) -> None:
            found[row] = self._tags.run(None, {"hidden": hidden})[0][0][: self._columns]

        self._each(texts, threads, read)
        return np.round(found, PLACES)

    def vectors(self, texts: Sequence[str], threads: int = 1) -> NDArray[np.float32]:
        """Return the texts' vectors, shape (texts, width), of unit length.

        Raises:
            ModelCorrupt: The layers they need are not the recorded ones.
        """
        with self._loading:
            if self._vectors is None:
                content = files.load(self._path, names=(files.VECTORS,)).contents[files.VECTORS]
                self._vectors = _session(content, self._path / files.VECTORS)
        session = self._vectors
        found = np.empty((len(texts), self._positions.shape[1]), dtype=np.float32)

        def read(row: int, hidden: NDArray[np.float32]) -> None:
            found[row] = session.run(None, {"hidden": hidden})[0][0]

        self._each(texts, threads, read)
        return found

    def _each(self, texts: Sequence[str], threads: int, read: Callable[[int, NDArray[np.float32]], None]) -> None:
        """Hand what the lower layers make of each text to ``read``, on so many threads."""
        begun = [self._prefix + _sound(text[:MOST_CHARACTERS]) for text in texts]
        ids = [one.ids for one in self._tokenizer.encode_batch_fast(begun)] if begun else []

        def whole(row: int) -> None:
            own = ids[row]
            x = embed(self._words, self._scales, own) + self._positions[: len(own)]
            read(row, self._lower.run(None, {"hidden": x[None]})[0])

        if threads > 1 and len(texts) > 1:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(whole, range(len(texts))))
        else:
            for row in range(len(texts)):
                whole(row)


def _sound(text: str) -> str:
    """Return the text without halves of surrogate pairs, which no tokenizer takes."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _session(content: bytes, place: Path) -> InferenceSession:
    """Return a session that works in the thread that calls it and keeps no more memory than it needs."""
    import onnxruntime

    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library's errors have no public common class
        raise ModelCorrupt(f"精读模型的网络读不出：{place}", fix="重新训练") from error
