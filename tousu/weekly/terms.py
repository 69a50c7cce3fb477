"""What texts are compared by: which pieces of two and three characters, and which firm, stand in each.

Only pieces that stand in several texts of the week can name what piles up in it, and of those only the ones that stand there
more often than in the weeks before. So the weeks before are read twice, a block at a time, and of each text only such pieces
are kept: 200,000 texts take some tens of megabytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

BLOCK = 4096
FEWEST = 3  # texts of the week a piece stands in
MORE = 1.25  # times its share in the weeks before
LIKELIER = 2.0  # least signed log-likelihood ratio
DIGITS, BREAKS = re.compile(r"\d+"), re.compile(r"[\W_]+")
PIECE = 0xFFFF
FIRM = np.uint64(1) << np.uint64(62)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a week, and which of its texts and those before hold them.

    Attributes:
        keys: The terms, uint64, shape (terms,), ascending.
        week: Whether each text of the week holds each term, shape (texts, terms), values 1.
        before: The same for the texts of the weeks before.
    """

    keys: NDArray[np.uint64]
    week: csr_array
    before: csr_array

    def word(self, column: int) -> str:
        """Return the characters of a term; nothing for a firm."""
        key = int(self.keys[column])
        return (
            ""
            if key & int(FIRM)
            else "".join(chr(key >> shift & PIECE) for shift in (32, 16, 0) if key >> shift & PIECE)
        )


def normal(text: str, simplified: Mapping[int, int]) -> str:
    """Return a text with plain letters, every number one 0, every run of marks one space."""
    return BREAKS.sub(" ", DIGITS.sub("0", text.translate(simplified).casefold()))


def collect(
    week: Sequence[str], before: Sequence[str], firms: Sequence[int], firms_before: Sequence[int],
    simplified: Mapping[int, int],
) -> Terms:  # fmt: skip
    """Return the terms of a week's texts that stand in them more often than before.

    Args:
        week: Texts of the week.
        before: Texts of the weeks before.
        firms: A number for each text's firm, from 1; 0 for none.
        firms_before: The same.
        simplified: The plain letter of each traditional one, by code point.
    """
    pairs = [_pairs(*block, simplified) for block in _blocks(week, firms)]
    keys, counts = _counted([keys for keys, _ in pairs])
    keys = keys[counts >= FEWEST]
    now = _matrix(pairs, keys, len(week))
    earlier = np.zeros(keys.size, dtype=np.int64)
    for block in _blocks(before, firms_before):
        found, _ = _found(keys, *_pairs(*block, simplified))
        earlier += np.bincount(found, minlength=keys.size)
    often = np.asarray(now.sum(axis=0)).ravel()
    more = more_than_before(often, len(week), earlier, len(before)) >= LIKELIER
    kept = keys[more]
    then = _matrix((_pairs(*block, simplified) for block in _blocks(before, firms_before)), kept, len(before))
    return Terms(kept, now[:, np.flatnonzero(more)], then)


def more_than_before(
    now: NDArray[np.int64], texts: int, before: NDArray[np.int64], texts_before: int
) -> NDArray[np.float64]:
    """Return how surely each term stands in a week's texts more often than before, 0 for what is hardly more.

    It is the log-likelihood ratio of two binomial shares (Dunning 1993).

    Args:
        now: Texts of the week that hold each term.
        texts: All texts of the week.
        before: Texts before that hold it.
        texts_before: All texts before.
    """
    found, found_before = np.asarray(now, dtype=np.float64), np.asarray(before, dtype=np.float64) + 0.5
    share, share_before = found / max(texts, 1), found_before / (texts_before + 1)
    both = (found + found_before) / (texts + texts_before + 1)
    ratio: NDArray[np.float64] = 2 * (
        _log_likelihood(found, texts, share) + _log_likelihood(found_before, texts_before + 1, share_before)
        - _log_likelihood(found, texts, both) - _log_likelihood(found_before, texts_before + 1, both)
    )  # fmt: skip
    return np.where(share > MORE * share_before, ratio, 0.0)


def _log_likelihood(found: NDArray[np.float64], of: int, share: NDArray[np.float64]) -> NDArray[Any]:
    from scipy.special import xlog1py, xlogy

    told: NDArray[Any] = xlogy(found, share) + xlog1py(of - found, -share)
    return told


def _blocks(texts: Sequence[str], firms: Sequence[int]) -> Iterator[tuple[Sequence[str], Sequence[int]]]:
    for start in range(0, len(texts), BLOCK):
        yield texts[start : start + BLOCK], firms[start : start + BLOCK]


def _pairs(
    texts: Sequence[str], firms: Sequence[int], simplified: Mapping[int, int]
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Return every term of every text of a block once, and whose it is, text by text."""
    plain = [normal(text, simplified) + "  " for text in texts]
    lengths = np.array([len(text) for text in plain], dtype=np.int64)
    codes = np.frombuffer("".join(plain).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    whose = np.repeat(np.arange(len(texts), dtype=np.uint64), lengths)
    letters = (codes != ord(" ")) & (codes <= PIECE)
    two = letters[:-2] & letters[1:-1]
    three = two & letters[2:]
    pair = codes[:-2] << np.uint64(16) | codes[1:-1]
    triple = pair[three] << np.uint64(16) | codes[2:][three]
    named = np.flatnonzero(np.asarray(firms))
    firm = FIRM | np.asarray(firms, dtype=np.uint64)[named]
    keys = np.concatenate([pair[two], triple, firm])
    owners = np.concatenate([whose[:-2][two], whose[:-2][three], named.astype(np.uint64)])
    order = np.lexsort((keys, owners))
    keys, owners = keys[order], owners[order]
    first = np.ones(keys.size, dtype=np.bool_)
    first[1:] = (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])
    return keys[first], owners[first].astype(np.int32)


def _counted(parts: Sequence[NDArray[np.uint64]]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return all terms, ascending, and in how many texts each stands."""
    keys, counts = np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
    for part in parts:
        own, times = np.unique(part, return_counts=True)
        both, places = np.unique(np.concatenate([keys, own]), return_inverse=True)
        counts = np.bincount(places, weights=np.concatenate([counts, times])).astype(np.int64)
        keys = both
    return keys, counts


def _found(
    keys: NDArray[np.uint64], own: NDArray[np.uint64], owners: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the columns of those of a block's terms that are among ``keys``, and whose they are."""
    if not keys.size:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)
    places = np.searchsorted(keys, own)
    places[places == keys.size] = 0
    there = keys[places] == own
    return places[there], owners[there]


def _matrix(
    blocks: Sequence[tuple[NDArray[np.uint64], NDArray[np.int32]]]
    | Iterator[tuple[NDArray[np.uint64], NDArray[np.int32]]],
    keys: NDArray[np.uint64],
    texts: int,
) -> csr_array:
    """Return which texts hold which of ``keys``."""
    from scipy.sparse import csr_array

    columns, counts = [np.empty(0, dtype=np.int32)], []
    for number, block in enumerate(blocks):
        found, owners = _found(keys, *block)
        columns.append(found.astype(np.int32))
        counts.append(np.bincount(owners, minlength=min(BLOCK, texts - number * BLOCK)))
    starts = np.concatenate([[0], np.cumsum(np.concatenate(counts))]) if counts else np.zeros(1, dtype=np.int64)
    flat = np.concatenate(columns)
    return csr_array((np.ones(flat.size, dtype=np.float32), flat, starts), shape=(texts, keys.size))
