"""Taggings as JSON, many at once: each row is put together from a table of ready pieces in one compiled loop.

The bytes are those of ``orjson.dumps(tagging.to_dict())``; this way takes a twentieth of its time.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from numba import njit

from tousu.case_codes import AUTHORITIES, KINDS, LEVELS
from tousu.classifier.compiled import compiled
from tousu.classifier.rounding import PLACES, STEPS, whole_steps
from tousu.classifier.tagging import SIGNAL_SETS, shown_amount, signal_sets

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    count, further = len(names), found.codes.shape[1] - 1
    order = found.top(found.probabilities)
    steps = whole_steps(np.take_along_axis(found.probabilities, order, axis=1))
    heads = [b'%s{"primary":%s,"codes":[%s' % (before, name, name) for name in names]
    firsts = [b'],"probabilities":{%s:' % name for name in names]
    others = [b",%s:" % name for name in names]
    codes = [b"", *(b",%s" % name for name in names)]
    case_pieces, case_ids = _case_pieces(found, after)
    at_first, at_other, at_code, at_case = (STEPS + step for step in (count, 2 * count, 3 * count, 4 * count + 1))
    shares = 1 + further + 2 * order.shape[1]
    ids = np.empty((len(found), shares + case_ids.shape[1]), dtype=np.int32)
    ids[:, 0] = STEPS + found.codes[:, 0]
    ids[:, 1 : 1 + further] = at_code + 1 + found.codes[:, 1:]
    ids[:, 1 + further : shares : 2] = at_other + order
    ids[:, 1 + further] = at_first + order[:, 0]
    ids[:, 2 + further : shares : 2] = steps
    ids[:, shares:] = at_case + case_ids
    return [*heads, *firsts, *others, *codes, *case_pieces], ids


def _case_pieces(found: Taggings, after: bytes) -> tuple[list[bytes], NDArray[np.int64]]:
    """Return the pieces behind the probabilities, and each row's by their place among them."""
    cases = found.cases
    amounts, of_row = np.unique(cases.amounts, return_inverse=True, equal_nan=True)
    model = orjson.dumps(found.model)
    columns: list[tuple[bytes, Sequence[tuple[bytes, ...]], NDArray[Any]]] = [
        (b'},"decision":"%s","online":%s', [(d, o) for d in (b"review", b"auto") for o in (b"false", b"true")],
         found.auto * 2 + found.online),
        (b',"kind":%s', [(orjson.dumps(code),) for code in (None, *KINDS)], cases.kinds + 1),
        (b',"route":%s', [(orjson.dumps(code),) for code in (None, *AUTHORITIES)], cases.routes + 1),
        (b',"signals":%s', [(orjson.dumps(codes),) for codes in SIGNAL_SETS], signal_sets(cases.signals)),
        (b',"amount":%s', [(orjson.dumps(shown_amount(amount)),) for amount in amounts.tolist()], of_row),
        (b',"attention":"%s","model":%s}%s', [(level.encode(), model, after) for level in LEVELS], found.attention()),
    ]  # fmt: skip
    pieces: list[bytes] = []
    ids = np.empty((len(found), len(columns)), dtype=np.int64)
    for number, (form, values, chosen) in enumerate(columns):
        ids[:, number] = chosen
        ids[:, number] += len(pieces)
        pieces += [form % value for value in values]
    return pieces, ids


@functools.cache
def _numbers() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the JSON of every probability there can be, lowest first, and where each begins, with the end of all."""
    spelt = [orjson.dumps(step / 10**PLACES) for step in range(STEPS)]
    starts = np.zeros(STEPS + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, spelt), dtype=np.int64, count=STEPS), out=starts[1:])
    return np.frombuffer(b"".join(spelt), dtype=np.uint8), starts
