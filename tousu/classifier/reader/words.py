"""Embeddings of pieces, kept in four or eight bits: blocks of 32 numbers with one scale each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BLOCK = 32
ZERO = 8  # the four-bit step that stands for nought


def pack(words: NDArray[np.float32]) -> tuple[NDArray[np.uint8] | NDArray[np.int8], NDArray[np.float16]]:
    """Return embeddings as steps and scales: four bits where nothing is lost by it, eight elsewhere.

    Args:
        words: Shape (pieces, width), the width a multiple of ``BLOCK``.
    """
    blocks = words.reshape(len(words), -1, BLOCK)
    widest = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=2)[..., None], axis=2)[..., 0]
    scales = (-widest / ZERO).astype(np.float16)
    steps = _steps(blocks, scales, -ZERO, ZERO - 1) + ZERO
    four = (steps[..., 0::2] | steps[..., 1::2] << 4).astype(np.uint8).reshape(len(words), -1)
    if np.array_equal(unpack(four, scales), words):
        return four, scales
    scales = (np.abs(widest) / 127).astype(np.float16)
    return _steps(blocks, scales, -127, 127).astype(np.int8).reshape(words.shape), scales


def _steps(blocks: NDArray[np.float32], scales: NDArray[np.float16], low: int, high: int) -> NDArray[np.int32]:
    """Return each number as a whole number of its block's scale."""
    whole = scales.astype(np.float32)[..., None]
    found = np.divide(blocks, whole, out=np.zeros_like(blocks), where=whole != 0)
    return np.clip(np.rint(found), low, high).astype(np.int32)


def unpack(steps: NDArray[np.uint8] | NDArray[np.int8], scales: NDArray[np.float16]) -> NDArray[np.float32]:
    """Return the embeddings behind steps and scales, shape (pieces, width)."""
    if steps.dtype == np.uint8:
        both = np.stack([steps & 15, steps >> 4], axis=-1)
        values = both.reshape(len(steps), -1).astype(np.float32) - ZERO
    else:
        values = steps.astype(np.float32)
    blocks = values.reshape(len(steps), -1, BLOCK) * scales.astype(np.float32)[..., None]
    return blocks.reshape(len(steps), -1)


def embed(
    steps: NDArray[np.uint8] | NDArray[np.int8], scales: NDArray[np.float16], ids: Sequence[int],
) -> NDArray[np.float32]:  # fmt: skip
    """Return the embeddings of some pieces, shape (ids, width)."""
    wanted = np.asarray(ids)
    return unpack(steps[wanted], scales[wanted])
