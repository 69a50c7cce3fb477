"""Terms: one- and two-character n-grams and the words of a dictionary, found by table look-up.

A text's features are the known terms in it. A term that occurs k times counts ``1 + ln k``, weighs its
inverse document frequency, and the whole is divided by its Euclidean length: the usual sublinear TF-IDF
(Salton & Buckley 1988, doi:10.1016/0306-4573(88)90021-0). No segmentation happens: every substring that
is a word is found, so a word's parts and the word itself both count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tousu.classifier import kernels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tousu.classifier.decisions import Calibration
    from tousu.classifier.text import CharTable, Joined

LONGEST_TERM = 4
LANES = 8
MOST_COUNTED = 64  # of one term in one text; below 256, for they are counted in bytes


@dataclass(frozen=True, slots=True)
class KeyTable:
    """An open-addressing table from 64-bit keys to values, at most half full."""

    slots: NDArray[np.uint64]
    held: NDArray[np.int32]
    shift: np.uint64

    @classmethod
    def build(cls, keys: NDArray[np.uint64], values: NDArray[np.int32]) -> KeyTable:
        """Build the table of ``values`` by ``keys`` (no zero, no key twice)."""
        bits = max(4, math.ceil(math.log2(max(1, keys.size) * 2)))
        slots, held = kernels.build_table(keys, values, bits)
        return cls(slots, held, np.uint64(64 - bits))


class TermIndex(NamedTuple):
    """A trie over an ordered list of terms; a term's id is its place in the list. The compiled loops take it whole.

    It is kept as a double array (Aoe 1989, doi:10.1109/32.31365): each node has a base, its child by a
    label is at base plus label, and a cell names its parent, so that one look-up tells for certain.

    Attributes:
        ranks: Label of every code, uint16, shape (65536,): 1 for the most frequent, 0 for those in no term.
            The node of a single code is its label; the root is 0.
        cells: int32, shape (cells, 2): a node's parent (-1 none), and ``(id + 1) << 1 | more``, id + 1 being 0
            for no term and ``more`` telling that a longer term begins like this one.
        bases: int32, shape (cells,): a node's children are at its base plus their labels.
    """

    ranks: NDArray[np.uint16]
    cells: NDArray[np.int32]
    bases: NDArray[np.int32]

    @classmethod
    def build(cls, keys: NDArray[np.uint64]) -> TermIndex:
        """Build the trie of ``keys`` (packed terms, uint64), ascending and unique."""
        nodes = np.unique(np.concatenate([keys >> np.uint64(16 * n) for n in range(LONGEST_TERM)]))
        nodes = nodes[nodes > 0]
        lasts = (nodes & np.uint64(0xFFFF)).astype(np.int64)
        uses = np.bincount(lasts, minlength=65536)
        used = np.argsort(-uses, kind="stable")[: np.count_nonzero(uses)]
        ranks = np.zeros(65536, dtype=np.uint16)
        ranks[used] = np.arange(1, used.size + 1)
        labels = ranks[lasts].astype(np.int32)
        single = int(np.searchsorted(nodes, 65536))
        parents = np.searchsorted(nodes, nodes[single:] >> np.uint64(16))
        counts = np.bincount(parents, minlength=nodes.size)
        order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
        begins = np.cumsum(counts) - counts
        node_bases = kernels.place_children(labels[single:], begins, counts, order, used.size + 1)
        values = (counts > 0).astype(np.int32)
        values[np.searchsorted(nodes, keys)] |= np.arange(1, keys.size + 1, dtype=np.int32) << 1
        places = np.concatenate([labels[:single], node_bases[parents] + labels[single:]])
        cells = np.zeros((int(node_bases.max(initial=0)) + used.size + 1, 2), dtype=np.int32)
        cells[:, 0] = -1
        cells[places[single:], 0] = places[parents]
        cells[places, 1] = values
        bases = np.zeros(cells.shape[0], dtype=np.int32)
        bases[places] = node_bases
        return cls(ranks, cells, bases)

    def find(self, codes: NDArray[np.uint16]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the ids of all known terms in ``codes``, and ``position << 3 | length`` of each.

        Those of one and two characters come first, by place, then those of three, then those of four.
        """
        nodes, ends = np.empty((2, codes.size + 1), dtype=np.int32)
        ids, places = np.empty((2, codes.size * LONGEST_TERM + 1), dtype=np.int32)
        ended = np.append(codes, np.uint16(kernels.BREAK))
        found = kernels.find_terms(ended, codes.size, self, nodes, ends, ids, places)
        return ids[:found], places[:found]


class LinearWeights(NamedTuple):
    """A linear model over terms, ready for the compiled loops.

    Attributes:
        weights: float32, shape (terms, columns): weight times inverse document frequency.
        squared_idf: float32, shape (terms,): squared inverse document frequency.
        term_frequency: float32: what a term that occurs k times counts, k from 0 to the last index.
        bias: float64, shape (columns,).
        damped_from: From this column on, a text's sum is divided by the square root of its Euclidean length only: what
            such a column looks for may be one sentence of a long text.
    """

    weights: NDArray[np.float32]
    squared_idf: NDArray[np.float32]
    term_frequency: NDArray[np.float32]
    bias: NDArray[np.float64]
    damped_from: int

    @classmethod
    def build(
        cls,
        weights: NDArray[np.float16],
        heads: NDArray[np.float16],
        idf: NDArray[np.float32],
        bias: NDArray[np.float64],
    ) -> LinearWeights:
        """Return the weights of a model's domains and facet, and behind them those of its heads.

        Args:
            weights: Shape (terms, domains + 1).
            heads: Shape (terms, heads); their columns are damped.
            idf: Shape (terms,).
            bias: Of the domains, the facet and the heads, one behind the other.
        """
        columns = bias.size
        # A whole number of the processor's wide steps; what is past the last column is nothing.
        wide = _lined_up(idf.size, -(-columns // LANES) * LANES)
        wide[:, : weights.shape[1]] = weights
        wide[:, weights.shape[1] : columns] = heads
        wide *= idf[:, None]
        return cls(wide, idf * idf, sublinear_term_frequency(), bias, weights.shape[1])


def _lined_up(rows: int, columns: int) -> NDArray[np.float32]:
    """Return zeros that begin where the processor's lines of memory do: a row is then fetched in as few as can be."""
    room = np.zeros(rows * columns + kernels.LINE, dtype=np.float32)
    begin = -(room.ctypes.data // room.itemsize) % kernels.LINE
    return room[begin : begin + rows * columns].reshape(rows, columns)


class RouteWeights(NamedTuple):
    """The linear model of the authorities, asked only of texts whose primary domain is outside the remit.

    Attributes:
        weights: float32, shape (terms, routes): weight times inverse document frequency; no column for a model without.
        bias: float64, shape (routes,).
        slope: Of the domains' calibration, float64, shape (domains,).
        offset: The same.
        outside: Column of the domain outside the remit; -1 where there is none.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float64]
    slope: NDArray[np.float64]
    offset: NDArray[np.float64]
    outside: int


def weights_of(
    arrays: dict[str, NDArray[Any]], calibration: Calibration, outside: int
) -> tuple[LinearWeights, RouteWeights]:
    """Return a model's weights for the loops; one without heads has no columns of them.

    Args:
        arrays: The model's arrays.
        calibration: How its domains' scores become probabilities.
        outside: Column of the domain outside the remit, -1 for none.
    """
    idf, nothing = arrays["idf"], np.empty((arrays["idf"].size, 0), dtype=np.float16)
    headed = "head_weights" in arrays
    bias = np.concatenate([arrays["bias"], arrays["head_bias"]]) if headed else arrays["bias"]
    linear = LinearWeights.build(arrays["weights"], arrays["head_weights"] if headed else nothing, idf, bias)
    routed = arrays["route_weights"] if headed else nothing
    routes = RouteWeights(
        weights=np.ascontiguousarray(routed.astype(np.float32) * idf[:, None]),
        bias=arrays["route_bias"] if headed else np.empty(0),
        slope=calibration.slope,
        offset=calibration.offset,
        outside=outside,
    )
    return linear, routes


def key_lengths(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return how many characters each packed term has, 1 to 4."""
    return sum((keys >> np.uint64(16 * n) > 0).astype(np.int64) for n in range(LONGEST_TERM))  # type: ignore[return-value]


def pack(term: str) -> int:
    """Return the key of a normalised term of one to four characters of the basic plane."""
    key = 0
    for char in term:
        key = key << 16 | ord(char)
    return key


def unpack(key: int) -> str:
    """Return the term behind a key."""
    chars = [chr(key >> shift & 0xFFFF) for shift in (48, 32, 16, 0) if key >> shift]
    return "".join(chars)


def word_table(words: Iterable[str]) -> KeyTable:
    """Build the dictionary table of ``words`` (normalised, two to four characters) for ``kernels.list_keys``."""
    flags: dict[int, int] = {}
    for word in words:
        if not 2 <= len(word) <= LONGEST_TERM or any(ord(char) > 0xFFFF for char in word):
            continue
        flags[pack(word)] = flags.get(pack(word), 0) | 2
        for length in range(2, len(word)):
            flags[pack(word[:length])] = flags.get(pack(word[:length]), 0) | 1
    keys = np.array(sorted(flags), dtype=np.uint64)
    return KeyTable.build(keys, np.array([flags[int(key)] for key in keys], dtype=np.int32))


def term_keys(table: CharTable, joined: Joined, index: int, words: KeyTable) -> NDArray[np.uint64]:
    """Return the keys of every candidate term of text ``index``, in order, repeated where it repeats."""
    codes = table.codes_of(joined, index, np.empty(0, dtype=np.int32))
    keys = np.empty(codes.size * LONGEST_TERM + 1, dtype=np.uint64)
    found = kernels.list_keys(codes, codes.size, words.slots, words.held, words.shift, keys)
    return keys[:found]


def sublinear_term_frequency() -> NDArray[np.float32]:
    """Return what a term that occurs k times counts, for k from 0 to ``MOST_COUNTED``: 0, then 1 + ln k."""
    return np.array([0.0] + [1.0 + math.log(k) for k in range(1, MOST_COUNTED + 1)], dtype=np.float32)
