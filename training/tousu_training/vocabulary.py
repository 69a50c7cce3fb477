"""Which terms a model knows: those of the corpus and those of the word lists, with their weights."""

from __future__ import annotations

import hashlib
import importlib.resources
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from tousu.classifier.features import LONGEST_TERM, KeyTable, pack, sublinear_term_frequency, term_keys, word_table
from tousu.classifier.text import build_char_table, join_texts
from tousu.errors import CorpusError
from tousu.resources import data_root

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tousu.classifier.text import CharTable


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Word classes: words that say the same kind of thing, so that one seen teaches the others.

    Attributes:
        classes: Name of each class (its file's name).
        words: Normalised words, two to four characters, of each class.
        sha256: Hash over all of them.
    """

    classes: tuple[str, ...]
    words: tuple[frozenset[str], ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class Encoder:
    """Turns texts into rows of term counts: the character table and the dictionary's words."""

    chars: CharTable
    words: KeyTable
    lexicon: Lexicon
    dictionary_sha256: str

    def keys(self, texts: Sequence[str]) -> list[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
        """Return the distinct candidate terms of each text, ascending, and how often each occurs."""
        joined = join_texts(texts)
        found = []
        for index in range(len(texts)):
            keys, counts = np.unique(term_keys(self.chars, joined, index, self.words), return_counts=True)
            found.append((keys, counts))
        return found


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terms of a model.

    Attributes:
        keys: Packed terms, ascending, uint64.
        idf: Inverse document frequency of each, float32: ``1 + ln((1 + n) / (1 + df))``.
        classes: Which word classes each belongs to, sparse 0/1, shape (terms, classes).
    """

    keys: NDArray[np.uint64]
    idf: NDArray[np.float32]
    classes: sp.csr_matrix

    def _known(
        self, found: tuple[NDArray[np.uint64], NDArray[np.int64]]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the ids of an encoded text's terms that are known, and their TF-IDF values."""
        keys, counts = found
        frequency = sublinear_term_frequency()
        at = np.searchsorted(self.keys, keys)
        known = at < self.keys.size
        known[known] = self.keys[at[known]] == keys[known]
        ids = at[known]
        return ids, frequency[np.minimum(counts[known], frequency.size - 1)].astype(np.float64) * self.idf[ids]

    def lengths(self, found: Sequence[tuple[NDArray[np.uint64], NDArray[np.int64]]]) -> NDArray[np.float64]:
        """Return the Euclidean length of each encoded text's TF-IDF values before they are normalised, shape (texts,)."""
        return np.array([_length(values) for _, values in map(self._known, found)])

    def matrix(self, found: Sequence[tuple[NDArray[np.uint64], NDArray[np.int64]]]) -> sp.csr_matrix:
        """Return the normalised TF-IDF rows of texts encoded by ``Encoder.keys``, shape (texts, terms)."""
        starts = [0]
        columns, values = [], []
        for ids, value in map(self._known, found):
            length = _length(value)
            columns.append(ids)
            values.append(value / length if length else value)
            starts.append(starts[-1] + ids.size)
        return sp.csr_matrix(
            (np.concatenate(values), np.concatenate(columns), np.array(starts)), shape=(len(found), self.keys.size)
        )


def _length(values: NDArray[np.float64]) -> float:
    """Return the Euclidean length of values, exactly, whatever the processor's order of adding."""
    return math.sqrt(math.fsum((values * values).tolist()))


def load_encoder(lexicon_dir: Path | None) -> Encoder:
    """Build an encoder from jieba's dictionary (MIT) and, where given, a directory of word lists.

    Only the dictionary's file is read; jieba itself, with its cache in a shared directory, is not used.
    """
    chars = build_char_table()
    dictionary = (importlib.resources.files("jieba") / "dict.txt").read_bytes()
    words = {line.split(" ", 1)[0] for line in dictionary.decode("utf-8").splitlines()}
    plain = set(_normalised(chars, sorted(word for word in words if 2 <= len(word) <= LONGEST_TERM)))
    lexicon = load_lexicon(lexicon_dir, chars)
    table = word_table(sorted(plain.union(*lexicon.words)))
    return Encoder(chars, table, lexicon, hashlib.sha256(dictionary).hexdigest())


def load_lexicon(directory: Path | None, chars: CharTable) -> Lexicon:
    """Read the word lists of a directory: one class a .txt file, a word a line, ``#`` begins a comment.

    Words longer than four characters are kept aside by their first four. None gives an empty lexicon.

    Raises:
        CorpusError: The directory is not there.
    """
    if directory is None:
        return Lexicon((), (), hashlib.sha256(b"").hexdigest())
    if not directory.is_dir():
        raise CorpusError(f"没有词表目录 {directory}", expected="含 .txt 词表的目录", fix="检查路径")
    names, classes = [], []
    digest = hashlib.sha256()
    for file in sorted(directory.glob("*.txt")):
        content = file.read_text("utf-8")
        digest.update(file.name.encode() + content.encode())
        lines = [line.strip() for line in content.splitlines()]
        listed = [line for line in lines if line and not line.startswith("#")]
        names.append(file.stem)
        classes.append(frozenset(word for word in _normalised(chars, listed) if 2 <= len(word) <= LONGEST_TERM))
    return Lexicon(tuple(names), tuple(classes), digest.hexdigest())


def _normalised(chars: CharTable, words: Sequence[str]) -> list[str]:
    """Return the words as normalisation leaves them; those it breaks apart or that hold rare characters go."""
    joined = join_texts(words, resolve=False)
    nothing = np.empty(0, dtype=np.int32)
    plain = ("".join(map(chr, chars.codes_of(joined, index, nothing).tolist())) for index in range(len(words)))
    return [word for word in plain if word and min(word) > "\x03"]


def build_vocabulary(
    encoder: Encoder, found: Sequence[tuple[NDArray[np.uint64], NDArray[np.int64]]], *, least: int
) -> Vocabulary:
    """Return the vocabulary of encoded texts.

    Args:
        encoder: What encoded them.
        found: The terms of each text, from ``Encoder.keys``.
        least: In how many texts a term must occur; words of the lexicon are known without.
    """
    keys, documents = np.unique(np.concatenate([keys for keys, _ in found]), return_counts=True)
    kept = (documents >= least) & (keys != pack("0"))  # a number alone says nothing
    frequency = dict(zip(keys[kept].tolist(), documents[kept].tolist(), strict=True))
    members = {(pack(word), number) for number, words in enumerate(encoder.lexicon.words) for word in words}
    every = np.array(sorted(frequency.keys() | {key for key, _ in members}), dtype=np.uint64)
    counts = np.array([frequency.get(key, 0) for key in every.tolist()])
    idf = np.array([1.0 + math.log((1 + len(found)) / (1 + int(count))) for count in counts], dtype=np.float32)
    pairs = sorted(members)
    rows = np.searchsorted(every, np.array([key for key, _ in pairs], dtype=np.uint64))
    classes = sp.csr_matrix(
        (np.ones(len(pairs)), (rows, np.array([number for _, number in pairs], dtype=np.int64))),
        shape=(every.size, len(encoder.lexicon.classes)),
    )
    return Vocabulary(every, idf, classes)


def default_encoder(lexicon: Path | None) -> Encoder:
    """Return the encoder of jieba's dictionary and the given word lists, the shipped ones by default."""
    return load_encoder(data_root() / "data" / "lexicon" if lexicon is None else lexicon)
