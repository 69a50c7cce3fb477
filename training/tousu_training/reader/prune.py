"""The pieces of an encoder's vocabulary that a reader is shipped without: of foreign words that no row uses.

Leaving out a piece changes how a text is cut into pieces only where the piece would have been used: what the rows
come to stays as it was, and a foreign word nobody has written yet falls into smaller pieces.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Tokenizer

from tousu_training.reader.lower import tokenise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu_training.reader.weights import Encoder

FOREIGN = re.compile("▁?[A-Za-z]{3,}")  # shorter ones are what longer words fall into


def pruned(encoder: Encoder, texts: Sequence[str]) -> Encoder:
    """Return the encoder without the pieces of foreign words that no text uses; one whose pieces are no unigrams as is."""
    told = json.loads(encoder.tokenizer.to_str())
    if told["model"]["type"] != "Unigram":
        return encoder
    used = np.zeros(len(encoder.words), dtype=np.bool_)
    for ids in tokenise(encoder, texts, len(encoder.positions)):
        used[ids] = True
    pieces = told["model"]["vocab"]
    special = {token["id"] for token in told["added_tokens"]} | {told["model"]["unk_id"]}
    kept = [n for n, (piece, _) in enumerate(pieces) if used[n] or n in special or not FOREIGN.fullmatch(piece)]
    if max(special) >= len(special):
        return encoder  # special pieces that do not come first would change their numbers
    told["model"]["vocab"] = [pieces[n] for n in kept]
    tokenizer = Tokenizer.from_str(json.dumps(told, ensure_ascii=False))
    return dataclasses.replace(encoder, words=encoder.words[kept], tokenizer=tokenizer)
