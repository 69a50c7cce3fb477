"""How alike texts are: by the pairs of neighbouring characters they share, and by an encoder's vectors."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CHARACTERS = 0x110000
CHARACTER = np.uint64(21)  # bits of a character's code
PAIR = np.uint64(42)


def shared_pairs(text: str, others: Sequence[str]) -> NDArray[np.float64]:
    """Return of each other text the share of pairs that it and ``text`` both have among those that either has, 0 to 1.

    Digits and marks count as nothing; a pair counts once however often a text has it.

    Args:
        text: The text.
        others: The other texts.
    """
    own, all_pairs = _pairs([text]), _pairs(others)
    if not own.size:
        return np.zeros(len(others))
    rows = (all_pairs >> PAIR).astype(np.int64)
    bare = all_pairs & ((np.uint64(1) << PAIR) - np.uint64(1))
    begins = np.zeros(CHARACTERS, dtype=np.bool_)
    begins[own >> CHARACTER] = True
    likely = np.flatnonzero(begins[bare >> CHARACTER])  # most pairs begin with a character that none of the text's does
    place = np.minimum(np.searchsorted(own, bare[likely]), own.size - 1)
    shared = likely[own[place] == bare[likely]]
    both = np.bincount(rows[shared], minlength=len(others))
    found: NDArray[np.float64] = both / (own.size + np.bincount(rows, minlength=len(others)) - both)
    return found


def products(vector: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the products of a vector with others after the others' mean is taken off all of them, -1 to 1.

    What all complaints have in common would otherwise make any two alike.

    Args:
        vector: Shape (width,).
        others: Shape (texts, width).
    """
    mean = others.mean(axis=0, dtype=np.float32)
    own, rest = vector - mean, others - mean
    # No matrix product: its library's threads would take the cores of those who answer requests.
    lengths = np.sqrt(np.einsum("ij,ij->i", rest, rest) * np.einsum("j,j", own, own))
    found: NDArray[np.float64] = (np.einsum("ij,j->i", rest, own) / np.maximum(lengths, 1e-9)).astype(np.float64)
    return found


def _pairs(texts: Sequence[str]) -> NDArray[np.uint64]:
    """Return the texts' pairs, each once a text, in order: the text's place and two characters' codes in one number."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    said = _is_said()[codes]
    rows = np.repeat(np.arange(len(texts), dtype=np.uint64), [len(text) for text in texts])[said]
    codes = codes[said].astype(np.uint64)
    keys = (rows[1:] << PAIR) | (codes[:-1] << CHARACTER) | codes[1:]
    keys = np.sort(keys[rows[1:] == rows[:-1]])
    fresh = np.append(True, keys[1:] != keys[:-1])[: keys.size]
    found: NDArray[np.uint64] = keys[fresh]
    return found


@functools.cache
def _is_said() -> NDArray[np.bool_]:
    """Return of every character whether it is a letter, no digit or mark; a sixth of a second, once a process."""
    told = (letter.isalnum() and not letter.isdecimal() for letter in map(chr, range(CHARACTERS)))
    return np.fromiter(told, dtype=np.bool_, count=CHARACTERS)
