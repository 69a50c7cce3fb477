"""A pretrained encoder of the BERT family, wherever it comes from: the numbers of its layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

MATRICES = ("q", "k", "v", "ao", "fi", "fo")
NORMS = ("aln", "oln")

Layer = dict[str, "NDArray[np.float32]"]
"""One layer: ``q k v ao fi fo`` (outputs, inputs) with their biases ``q.b …``, and the weights and biases
``aln.w aln.b oln.w oln.b`` of the norms after attention and after the feed-forward part."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """A pretrained encoder with absolute positions and norms after each part, and its tokenizer.

    Attributes:
        name: What it is called, for the manifest.
        licence: Its licence, as SPDX.
        sha256: Of the file its weights come from.
        heads: Attention heads of a layer.
        epsilon: What the norms add to the variance.
        words: Embedding of each piece, shape (pieces, width).
        positions: Embedding of each place, the only token type's added, shape (places, width).
        norm: Weight and bias of the norm over the embeddings, each of shape (width,).
        layers: The layers, lowest first.
        tokenizer: Text → ids of pieces, with the marks at both ends, without truncation.
        prefix: What is put before each text.
    """

    name: str
    licence: str
    sha256: str
    heads: int
    epsilon: float
    words: NDArray[np.float32]
    positions: NDArray[np.float32]
    norm: tuple[NDArray[np.float32], NDArray[np.float32]]
    layers: list[Layer]
    tokenizer: Tokenizer
    prefix: str

    @property
    def width(self) -> int:
        """Numbers of a token's vector."""
        return int(self.words.shape[1])
