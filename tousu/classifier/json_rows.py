"""Taggings as JSON, many at once: each row is put together from a table of ready pieces in one compiled loop.

The bytes are those of ``orjson.dumps(tagging.to_dict())``; this way takes a twentieth of its time.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import orjson
from numba import njit

from tousu.case_codes import AUTHORITIES, KINDS, LEVELS
from tousu.classifier.compiled import compiled
from tousu.classifier.rounding import PLACES, STEPS, whole_steps
from tousu.classifier.tagging import SIGNAL_SETS, shown_amount, signal_sets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tousu.classifier.tagging import Taggings


@njit(inline="always")
def copy(piece, out):
    """Write ``piece`` at the beginning of ``out``; return its size. Counting from 0 lets it be copied in wide steps."""
    for i in range(piece.size):
        out[i] = piece[i]
    return piece.size


@compiled
def put_together(data, begins, ends, table, starts, ids, out, row_ends):
    """Write for each row a piece of ``data`` and then its pieces of ``table``, one row behind the other.

    Args:
        data: uint8: what may stand before the pieces.
        begins: int64, shape (rows,): where a row's piece of ``data`` begins.
        ends: int64, shape (rows,): and where it ends.
        table: uint8: all pieces, one behind the other.
        starts: int64, shape (pieces + 1,): where each begins.
        ids: int32, shape (rows, pieces a row).
        out: Output, uint8, large enough.
        row_ends: Output, int64, shape (rows,): where each row ends in ``out``.
    """
    at = 0
    for row in range(ids.shape[0]):
        at += copy(data[begins[row] : ends[row]], out[at:])
        for k in range(ids.shape[1]):
            piece = ids[row, k]
            at += copy(table[starts[piece] : starts[piece + 1]], out[at:])
        row_ends[row] = at


def json_rows(found: Taggings, *, before: bytes = b"", after: bytes = b"") -> list[bytes]:
    """Return each tagging's ``to_dict`` as compact JSON with ``before`` and ``after`` around it."""
    nowhere = np.zeros(len(found), dtype=np.int64)
    out, row_ends = _spelt(found, np.empty(0, dtype=np.uint8), nowhere, nowhere, before, after)
    whole, edges = out.tobytes(), [0, *row_ends.tolist()]
    return [whole[begin:end] for begin, end in itertools.pairwise(edges)]


def json_lines(
    found: Taggings, data: bytes, begins: NDArray[np.int64], ends: NDArray[np.int64], *, before: bytes, after: bytes
) -> memoryview:
    """Return the rows ``json_rows`` gives in one piece, each behind its own piece of ``data``.

    Args:
        found: The taggings.
        data: What the pieces are cut from.
        begins: Where each tagging's piece begins, shape (texts,).
        ends: Where it ends, shape (texts,).
        before: Put between the piece and the JSON.
        after: Put behind the JSON.
    """
    return _spelt(found, np.frombuffer(data, dtype=np.uint8), begins, ends, before, after)[0].data


def _spelt(
    found: Taggings, data: NDArray[np.uint8], begins: NDArray[np.int64], ends: NDArray[np.int64],
    before: bytes, after: bytes,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:  # fmt: skip
    """Return the bytes of all rows and where each row ends."""
    pieces = _pieces(tuple(found.domains), found.model, before, after)
    cases = found.cases
    amounts, of_row = np.unique(cases.amounts, return_inverse=True, equal_nan=True)
    sums = [b',"amount":%s' % orjson.dumps(shown_amount(amount)) for amount in amounts.tolist()]
    table, starts = pieces.table, pieces.starts
    ids = _ids(found, pieces, starts.size - 1 + of_row)
    table = np.concatenate([table, np.frombuffer(b"".join(sums), dtype=np.uint8)])
    starts = np.concatenate([starts, starts[-1] + np.cumsum(np.fromiter(map(len, sums), dtype=np.int64))])
    room = int((ends - begins).sum() + (starts[ids + 1] - starts[ids]).sum())
    out, row_ends = np.empty(room, dtype=np.uint8), np.empty(len(found), dtype=np.int64)
    put_together(data, begins, ends, table, starts, ids, out, row_ends)
    return out, row_ends


class _Pieces(NamedTuple):
    """The table of all pieces but those of sums of money, and where each kind of piece begins in it."""

    table: NDArray[np.uint8]
    starts: NDArray[np.int64]
    head: int
    first: int
    other: int
    code: int
    decision: int
    kind: int
    route: int
    signals: int
    end: int


@functools.lru_cache(maxsize=16)
def _pieces(domains: tuple[str, ...], model: str, before: bytes, after: bytes) -> _Pieces:
    """Return the table of a model's pieces, behind the numbers."""
    names = [orjson.dumps(name) for name in domains]
    version = orjson.dumps(model)
    kinds = (
        [b'%s{"primary":%s,"codes":[%s' % (before, name, name) for name in names],
        [b'],"probabilities":{%s:' % name for name in names],
        [b",%s:" % name for name in names],
        [b"", *(b",%s" % name for name in names)],
        [b'},"decision":"%s","online":%s' % (d, o) for d in (b"review", b"auto") for o in (b"false", b"true")],
        [b',"kind":%s' % orjson.dumps(code) for code in (None, *KINDS)],
        [b',"route":%s' % orjson.dumps(code) for code in (None, *AUTHORITIES)],
        [b',"signals":%s' % orjson.dumps(codes) for codes in SIGNAL_SETS],
        [b',"attention":"%s","model":%s}%s' % (level.encode(), version, after) for level in LEVELS],
    )  # fmt: skip
    numbers, number_starts = _numbers()
    pieces = list(itertools.chain.from_iterable(kinds))
    sizes = np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))
    table = np.concatenate([numbers, np.frombuffer(b"".join(pieces), dtype=np.uint8)])
    starts = np.concatenate([number_starts, number_starts[-1] + np.cumsum(sizes)])
    return _Pieces(table, starts, *itertools.accumulate(map(len, kinds[:-1]), initial=STEPS))


def _ids(found: Taggings, pieces: _Pieces, amounts: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return each row's pieces by their place in the table, shape (texts, pieces a row)."""
    cases, codes = found.cases, found.codes
    order = found.top(found.probabilities)
    shares = np.empty((len(found), 2 * order.shape[1]), dtype=np.int32)
    shares[:, ::2] = pieces.other + order
    shares[:, 0] = pieces.first + order[:, 0]
    shares[:, 1::2] = whole_steps(np.take_along_axis(found.probabilities, order, axis=1))
    columns = (
        (pieces.head, codes[:, :1]), (pieces.code + 1, codes[:, 1:]), (0, shares),
        (pieces.decision, found.auto * 2 + found.online), (pieces.kind + 1, cases.kinds), (pieces.route + 1, cases.routes),
        (pieces.signals, signal_sets(cases.signals)), (0, amounts), (pieces.end, found.attention()),
    )  # fmt: skip
    ids = np.empty((len(found), codes.shape[1] + shares.shape[1] + len(columns) - 3), dtype=np.int32)
    at = 0
    for first, values in columns:
        column = ids[:, at : at + values.shape[1]] if values.ndim == 2 else ids[:, at]
        column[...] = values
        column += first
        at += column.shape[1] if values.ndim == 2 else 1
    return ids


@functools.cache
def _numbers() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the JSON of every probability there can be, lowest first, and where each begins, with the end of all."""
    spelt = [orjson.dumps(step / 10**PLACES) for step in range(STEPS)]
    starts = np.zeros(STEPS + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, spelt), dtype=np.int64, count=STEPS), out=starts[1:])
    return np.frombuffer(b"".join(spelt), dtype=np.uint8), starts
