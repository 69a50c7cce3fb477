"""How much of a text a model knows: where that falls, the texts have drifted from those it learnt from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tousu.classifier.text import join_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tousu.classifier.features import TermIndex
    from tousu.classifier.text import CharTable

FEW = 0.5  # below this share of known characters a text has few known words


def known_shares(texts: Sequence[str], chars: CharTable, terms: TermIndex) -> NDArray[np.float64]:
    """Return of each text which share of its characters stands within a known term of two or more, 0 to 1.

    Args:
        texts: The raw texts.
        chars: The model's character table.
        terms: Its terms.

    Raises:
        TextError: One of the texts is no string.
    """
    joined = join_texts(texts)
    shares = np.zeros(len(texts))
    nothing = np.empty(0, dtype=np.int32)
    for place in range(len(texts)):
        codes = chars.codes_of(joined, place, nothing)
        count = codes.size
        if not count:
            continue
        places = terms.find(codes)[1]
        lengths, begins = places & 7, places >> 3
        covered = np.zeros(count + 1, dtype=np.int32)
        long = lengths > 1
        np.add.at(covered, begins[long], 1)
        np.add.at(covered, np.minimum(begins[long] + lengths[long], count), -1)
        shares[place] = float((np.cumsum(covered[:count]) > 0).mean())
    return shares
