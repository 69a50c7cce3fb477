"""The few channels of a layer whose values are so large that integers would drown the others.

A tensor is made of 256 steps over its whole range, so that one value of 60 leaves nothing of thousands around 0.2.
In encoders of this family it is always the same few channels (Dettmers et al. 2022, arXiv:2208.07339): they are
found on some texts and kept in float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import erf, softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

KEPT = 4


@dataclass(frozen=True, slots=True)
class Outliers:
    """The channels kept in float32: of what feeds the feed-forward part (``middle``) and of its inside (``inner``)."""

    middle: NDArray[np.int64]
    inner: NDArray[np.int64]


def find(
    layers: Sequence[Any], texts: Sequence[NDArray[np.float32]], heads: int, epsilon: float,
    fewer: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None,
) -> list[Outliers]:  # fmt: skip
    """Return the outlying channels of each layer.

    Args:
        layers: The layers, lowest first.
        texts: What goes into the first: vectors of each text's tokens, shape (tokens, width).
        heads: Attention heads.
        epsilon: The norms' epsilon.
        fewer: Makes the vectors that attend in the first layer from its input; the input itself by default.
    """
    found = []
    states = list(texts)
    for number, own in enumerate(layers):
        asking = [fewer(x) for x in states] if fewer is not None and number == 0 else states
        steps = [_layer(own, x, few, heads, epsilon) for x, few in zip(states, asking, strict=True)]
        highest = [np.max([np.abs(step[place]).max(axis=0) for step in steps], axis=0) for place in (1, 2)]
        found.append(Outliers(*(np.sort(np.argsort(-high, kind="stable")[:KEPT]) for high in highest)))
        states = [step[0] for step in steps]
    return found


def norm(
    x: NDArray[np.float32], weight: NDArray[np.float32], bias: NDArray[np.float32], epsilon: float
) -> NDArray[np.float32]:
    """Normalise over the last axis."""
    centred = x - x.mean(-1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred * centred).mean(-1, keepdims=True) + epsilon) * weight + bias)


def halve(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of each two neighbouring tokens; an odd last one stays as it is."""
    even = x[: len(x) // 2 * 2].reshape(-1, 2, x.shape[1]).mean(axis=1)
    return even if len(x) % 2 == 0 else np.concatenate([even, x[-1:]])


def _layer(
    own: Any, x: NDArray[np.float32], asking: NDArray[np.float32], heads: int, epsilon: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return what the layer makes of one text, and on the way the feed-forward part's input and inside."""
    size = x.shape[1] // heads

    def linear(name: str, y: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(y @ own[name].T + own[f"{name}.b"])

    def split(y: NDArray[np.float32]) -> NDArray[np.float32]:
        return y.reshape(len(y), heads, size).transpose(1, 0, 2)

    q, k, v = split(linear("q", asking)), split(linear("k", x)), split(linear("v", x))
    told = (softmax(q @ k.transpose(0, 2, 1) / size**0.5, axis=-1) @ v).transpose(1, 0, 2).reshape(asking.shape)
    middle = norm(asking + linear("ao", told), own["aln.w"], own["aln.b"], epsilon)
    inner = linear("fi", middle)
    inner = inner * 0.5 * (1 + erf(inner / np.float32(np.sqrt(2))))
    return norm(middle + linear("fo", inner), own["oln.w"], own["oln.b"], epsilon), middle, inner
