"""The encoder's layers in JAX, the same arithmetic the exported file has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jax import Array

FAR = -1e9


def norm(x: Array, weight: Array, bias: Array, epsilon: float) -> Array:
    """Normalise over the last axis."""
    centred = x - x.mean(-1, keepdims=True)
    spread = (centred * centred).mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt(spread + epsilon) * weight + bias


def layer(
    own: Mapping[str, Array], x: Array, mask: Array, heads: int, epsilon: float, asking: Array | None = None
) -> Array:
    """Run one layer (attention, feed-forward, a norm after each).

    Args:
        own: The layer, see ``weights.Layer``.
        x: Vectors of the tokens, shape (texts, tokens, width).
        mask: 1 for tokens, 0 for padding, shape (texts, tokens).
        heads: Attention heads.
        epsilon: The norms' epsilon.
        asking: The vectors that attend, shape (texts, fewer tokens, width); ``x`` itself by default.
    """
    asking = x if asking is None else asking
    size = x.shape[-1] // heads

    def linear(name: str, y: Array) -> Array:
        return y @ own[name].T + own[f"{name}.b"]

    def split(y: Array) -> Array:
        return y.reshape(y.shape[0], y.shape[1], heads, size).transpose(0, 2, 1, 3)

    q, k, v = split(linear("q", asking)), split(linear("k", x)), split(linear("v", x))
    logits = q @ k.transpose(0, 1, 3, 2) / size**0.5 + (1 - mask)[:, None, None, :] * FAR
    told = (jax.nn.softmax(logits, axis=-1) @ v).transpose(0, 2, 1, 3).reshape(asking.shape)
    x = norm(asking + linear("ao", told), own["aln.w"], own["aln.b"], epsilon)
    inner = jax.nn.gelu(linear("fi", x), approximate=False)
    return norm(x + linear("fo", inner), own["oln.w"], own["oln.b"], epsilon)


def halve(x: Array, mask: Array) -> tuple[Array, Array]:
    """Return the mean of each two neighbouring tokens (padding left out), and the mask of the pairs.

    Args:
        x: Shape (texts, tokens, width), the number of tokens even.
        mask: Shape (texts, tokens).
    """
    texts, tokens, width = x.shape
    pairs = (x * mask[..., None]).reshape(texts, tokens // 2, 2, width).sum(2)
    count = mask.reshape(texts, tokens // 2, 2).sum(2)
    return pairs / jnp.maximum(count, 1)[..., None], jnp.minimum(count, 1)


def mean(x: Array, mask: Array) -> Array:
    """Return the mean vector of each text's tokens, shape (texts, width)."""
    return (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
