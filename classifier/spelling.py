"""Taggings as JSON, many at once: each row is put together from a table of ready pieces in one compiled loop.

The bytes are those of ``orjson.dumps(tagging.to_dict())``; this way takes a twentieth of its time.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING

import numpy as np
import orjson

from classifier.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from classifier.tagging import Taggings

PLACES = 4
STEPS = 10**PLACES + 1


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
        for i in range(begins[row], ends[row]):
            out[at] = data[i]
            at += 1
        for k in range(ids.shape[1]):
            piece = ids[row, k]
            for i in range(starts[piece], starts[piece + 1]):
                out[at] = table[i]
                at += 1
        row_ends[row] = at


def json_rows(found: Taggings, *, before: bytes, after: bytes) -> list[bytes]:
    """Return each tagging as compact JSON with ``before`` and ``after`` around it."""
    nowhere = np.zeros(len(found), dtype=np.int64)
    out, row_ends = _spelt(found, np.empty(0, dtype=np.uint8), nowhere, nowhere, before, after)
    whole, edges = out.tobytes(), [0, *row_ends.tolist()]
    return [whole[begin:end] for begin, end in itertools.pairwise(edges)]


def json_lines(
    found: Taggings, data: bytes, begins: NDArray[np.int64], ends: NDArray[np.int64], *, before: bytes, after: bytes
) -> bytes:
    """Return for each tagging a piece of ``data``, then its JSON with ``before`` and ``after`` around it, all in one."""
    return _spelt(found, np.frombuffer(data, dtype=np.uint8), begins, ends, before, after)[0].tobytes()


def _spelt(
    found: Taggings, data: NDArray[np.uint8], begins: NDArray[np.int64], ends: NDArray[np.int64],
    before: bytes, after: bytes,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:  # fmt: skip
    """Return the bytes of all rows and where each row ends."""
    pieces, ids = _pieces(found, before, after)
    numbers, number_starts = _numbers()
    sizes = np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))
    table = np.concatenate([numbers, np.frombuffer(b"".join(pieces), dtype=np.uint8)])
    starts = np.concatenate([number_starts, number_starts[-1] + np.cumsum(sizes)])
    room = int((ends - begins).sum() + np.diff(starts)[ids].sum())
    out, row_ends = np.empty(room, dtype=np.uint8), np.empty(len(found), dtype=np.int64)
    put_together(data, begins, ends, table, starts, ids, out, row_ends)
    return out, row_ends


def _pieces(found: Taggings, before: bytes, after: bytes) -> tuple[list[bytes], NDArray[np.int32]]:
    """Return the pieces that stand behind the numbers in the table, and each row's pieces by their place there."""
    names = [orjson.dumps(name) for name in found.domains]
    order = found.top(found.probabilities)
    steps = _steps(np.take_along_axis(found.probabilities, order, axis=1))
    heads, head_of = _heads(found.codes, names, before)
    firsts, others = [b"%s:" % name for name in names], [b",%s:" % name for name in names]
    model = orjson.dumps(found.model)
    tails = [
        b'},"decision":"%s","online":%s,"model":%s}%s' % (decision, online, model, after)
        for decision in (b"review", b"auto")
        for online in (b"false", b"true")
    ]
    ids = np.empty((len(found), 2 * order.shape[1] + 2), dtype=np.int32)
    ids[:, 1:-1:2], ids[:, 2:-1:2] = order + STEPS + len(names), steps
    ids[:, 1] -= len(names)
    ids[:, 0] = STEPS + 2 * len(names) + len(tails) + head_of
    ids[:, -1] = STEPS + 2 * len(names) + found.auto * 2 + found.online
    return [*firsts, *others, *tails, *heads], ids


def _heads(codes: NDArray[np.int32], names: Sequence[bytes], before: bytes) -> tuple[list[bytes], NDArray[np.int64]]:
    """Return the distinct beginnings, up to the probabilities, and which is each row's."""
    shape = (len(names) + 1,) * codes.shape[1]
    distinct, places = np.unique(np.ravel_multi_index(tuple(codes.T + 1), shape), return_inverse=True)
    heads = []
    for row in np.stack(np.unravel_index(distinct, shape), axis=1) - 1:
        said = [names[code] for code in row if code >= 0]
        heads.append(b'%s{"primary":%s,"codes":[%s],"probabilities":{' % (before, said[0], b",".join(said)))
    return heads, places.ravel()


def _steps(shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return ``shares`` as whole steps of the last shown decimal, rounded just as Python's ``round``."""
    scaled = shares * 10**PLACES
    steps: NDArray[np.int64] = np.rint(scaled).astype(np.int64)
    # Scaling is inexact: what lies this close to the middle of two steps is left to round().
    near = np.abs(scaled - np.floor(scaled) - 0.5) < 1e-6
    steps[near] = [round(round(value, PLACES) * 10**PLACES) for value in shares[near].tolist()]
    return steps


@functools.cache
def _numbers() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the JSON of every probability there can be, lowest first, and where each begins, with the end of all."""
    spelt = [orjson.dumps(step / 10**PLACES) for step in range(STEPS)]
    starts = np.zeros(STEPS + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, spelt), dtype=np.int64, count=STEPS), out=starts[1:])
    return np.frombuffer(b"".join(spelt), dtype=np.uint8), starts
