"""Near-identical texts, found by MinHash (Broder 1997) over four-character shingles.

Sketches come from the library; which sketches meet is found here by sorting their bands, because a look-up
per text costs the square of the copies, and a backlog may hold ten thousand copies of one text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SHINGLE = 4
SHORTEST = 10  # letters of a text that a likeness may join to another in a ledger
PERMUTATIONS = 64
BANDS = 16
SEED = 20211
BLOCK = 4096
NEIGHBOURS = 32
LEAST = 16
MIXER = np.uint64(0x9E3779B97F4A7C15)
NO_LETTER = re.compile(r"[\W\d_]+")


def letters_of(text: str) -> str:
    """Return ``text`` without punctuation, digits and spaces: what is compared of it."""
    return NO_LETTER.sub("", text)


def shingles(text: str) -> set[str]:
    """Return the four-character pieces of ``text`` without punctuation and digits; the whole if shorter."""
    plain = letters_of(text)
    return {plain[i : i + SHINGLE] for i in range(max(1, len(plain) - SHINGLE + 1))}


def group_similar(texts: Sequence[str], *, threshold: float = 0.6) -> list[int]:
    """Return a group number for each text; texts estimated to share ``threshold`` of their shingles share one.

    Args:
        texts: The texts.
        threshold: Least estimated Jaccard similarity, 0 to 1, of two texts of one group. Groups are
            closed under it: the first and last of a chain may be less alike. Where more than
            ``NEIGHBOURS`` texts share a band of their sketches, each is compared with that many after it.

    Returns:
        The index of the first text of each text's group.
    """
    if not texts:
        return []
    sketches, owners = np.unique(_sketches(texts), axis=0, return_inverse=True)
    groups = _join_alike(sketches, threshold)[owners.ravel()]
    _, firsts, places = np.unique(groups, return_index=True, return_inverse=True)
    leaders: list[int] = firsts[places].tolist()
    return leaders


def leaders_of(texts: Sequence[str | None]) -> list[int | None]:
    """Return the index of the first text nearly the same as each, its own where none is.

    None stands for what has fewer than ``SHORTEST`` letters: 详见附件 and bare numbers are alike whatever they are about.
    """
    places = [place for place, text in enumerate(texts) if text and len(letters_of(text)) >= SHORTEST]
    leaders: list[int | None] = [None] * len(texts)
    for place, leader in zip(places, group_similar([texts[place] or "" for place in places]), strict=True):
        leaders[place] = places[leader]
    return leaders


class TextIndex:
    """Texts that others are held against, by the bands of their sketches.

    Args:
        texts: The texts; those with fewer than ``LEAST`` characters besides signs and digits are like none.
        threshold: Least estimated Jaccard similarity, 0 to 1.
    """

    def __init__(self, texts: Sequence[str], *, threshold: float = 0.7) -> None:
        self._threshold = threshold
        places = [place for place, text in enumerate(texts) if _says_enough(text)]
        sketches = _sketches([texts[place] for place in places]) if places else np.empty((0, PERMUTATIONS), np.uint32)
        self._sketches, owners = np.unique(sketches, axis=0, return_inverse=True)
        owners = owners.ravel()
        order = np.argsort(owners, kind="stable")
        self._places = np.array(places, dtype=np.int64)[order]
        self._begins = np.searchsorted(owners[order], np.arange(len(self._sketches) + 1))
        keys = _band_keys(self._sketches)
        self._orders = np.argsort(keys, axis=0, kind="stable")
        self._keys = np.take_along_axis(keys, self._orders, axis=0)

    def alike(self, texts: Sequence[str]) -> list[list[int]]:
        """Return for each text the places of those held that are nearly the same, ascending.

        Of more than ``NEIGHBOURS`` different ones that share a band with a text, that many are compared; copies of one
        text count as one there and are all returned.
        """
        found: list[list[int]] = [[] for _ in texts]
        asked = [place for place, text in enumerate(texts) if _says_enough(text)]
        if not asked or not len(self._sketches):
            return found
        sketches = _sketches([texts[place] for place in asked])
        keys = _band_keys(sketches)
        near: list[set[int]] = [set() for _ in asked]
        for band in range(BANDS):
            firsts = np.searchsorted(self._keys[:, band], keys[:, band], "left").tolist()
            lasts = np.searchsorted(self._keys[:, band], keys[:, band], "right").tolist()
            for mine, first, last in zip(near, firsts, lasts, strict=True):
                if last > first:
                    mine.update(self._orders[first : min(last, first + NEIGHBOURS), band].tolist())
        for place, sketch, mine in zip(asked, sketches, near, strict=True):
            for other in mine:
                if (self._sketches[other] == sketch).mean() >= self._threshold:
                    found[place] += self._places[self._begins[other] : self._begins[other + 1]].tolist()
            found[place].sort()
        return found


def _says_enough(text: str) -> bool:
    """Return whether a text is long enough for its likeness to mean anything."""
    return len(letters_of(text)) >= LEAST


def _band_keys(sketches: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return a number for each band of each sketch, uint64, shape (texts, BANDS)."""
    bands = sketches.reshape(len(sketches), BANDS, PERMUTATIONS // BANDS).astype(np.uint64)
    keys = np.zeros(bands.shape[:2], dtype=np.uint64)
    for part in range(bands.shape[2]):
        keys = (keys ^ bands[:, :, part]) * MIXER
        keys ^= keys >> np.uint64(29)
    return keys


def _sketches(texts: Sequence[str]) -> NDArray[np.uint32]:
    """Return the MinHash sketch of each text's shingles, shape (texts, PERMUTATIONS)."""
    from rensa import RMinHash  # only training and reports need it

    rows = np.empty((len(texts), PERMUTATIONS), dtype=np.uint32)
    for at in range(0, len(texts), BLOCK):
        hashes, offsets = _shingle_hashes(texts[at : at + BLOCK])
        sketched = RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets, PERMUTATIONS, SEED)
        rows[at : at + BLOCK] = sketched.to_rows()
    return rows


def _shingle_hashes(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the hashes of all texts' ``shingles`` in one row, and where each text's begin and the last's end.

    Four times as fast as hashing the sets; what stands twice in a text is hashed twice, which changes no sketch.
    """
    plain = [letters_of(text).ljust(SHINGLE, "\0") for text in texts]
    lengths = np.array([len(text) for text in plain])
    characters = np.frombuffer("".join(plain).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    hashes = np.zeros(characters.size - SHINGLE + 1, dtype=np.uint64)
    for place in range(SHINGLE):
        hashes = (hashes ^ characters[place : place + hashes.size]) * MIXER
        hashes ^= hashes >> np.uint64(29)
    begins = np.cumsum(lengths) - lengths
    inside = np.ones(hashes.size, dtype=np.bool_)
    for back in range(1, SHINGLE):
        inside[begins[1:] - back] = False
    offsets = np.concatenate(([0], np.cumsum(lengths - SHINGLE + 1))).astype(np.uint64)
    return hashes[inside], offsets


def _join_alike(sketches: NDArray[np.uint32], threshold: float) -> NDArray[np.int32]:
    """Return a group number for each of the distinct ``sketches``."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(sketches)
    groups = np.arange(count, dtype=np.int32)
    for keys in _band_keys(sketches).T:
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        for lag in range(1, min(NEIGHBOURS, count - 1) + 1):
            meet = np.flatnonzero(keys[lag:] == keys[:-lag])
            if not meet.size:
                break
            left, right = order[meet], order[meet + lag]
            apart = groups[left] != groups[right]
            left, right = left[apart], right[apart]
            alike = (sketches[left] == sketches[right]).mean(axis=1) >= threshold
            if alike.any():
                ends = (groups[left[alike]], groups[right[alike]])
                edges = coo_array((np.ones(ends[0].size, dtype=np.int8), ends), shape=(count, count))
                groups = connected_components(edges, directed=False)[1][groups]
    return groups
