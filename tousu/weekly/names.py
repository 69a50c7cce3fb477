"""Words by which a person recognises a topic: what its texts share and others do not, whole words, not pieces."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from tousu.weekly.terms import normal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tousu.weekly.terms import Terms
    from tousu.weekly.topics import Topic

PIECES = 24  # heaviest terms looked at
OFTEN = 0.12  # of a topic's texts, in how many a word of its must stand
LONGEST = 8
GROWS = 0.55  # of a piece's places, where the same letter must stand beside it for the word to grow
GROWS_LOOSE = 0.8  # the same for a letter that is seldom part of a name
# Letters that begin or end no word of a name.
LOOSE = "的了在是我其不一这那他她它们你您就都被有没说也还要把和与及让给到去来上下里个为以而等很着过从向对将已于之并但或如又再才只"


def words_of(topic: Topic, terms: Terms, texts: Sequence[str], simplified: Mapping[int, int]) -> list[str]:
    """Return the words that characterise a topic, the most telling first."""
    plain = [f" {normal(text, simplified)} " for text in texts]
    held = np.asarray(terms.week[topic.texts].sum(axis=0)).ravel()
    elsewhere = (np.asarray(terms.before.sum(axis=0)).ravel() + 0.5) / (terms.before.shape[0] + 1)
    telling = np.where(held >= OFTEN * len(texts), held * np.log(np.maximum(held, 0.5) / len(texts) / elsewhere), 0)
    words: list[str] = []
    for column in np.argsort(-telling, kind="stable")[:PIECES]:
        piece = terms.word(int(column))
        if not piece or telling[column] <= 0:
            continue
        whole = piece.strip(LOOSE)
        word = _grown(whole, plain) if whole else ""
        if len(word) < 2 or "0" in word or any(word in known or known in word for known in words):
            continue
        words.append(word)
    return words or ["来件增多"]


def _grown(piece: str, texts: Sequence[str]) -> str:
    """Return the word a piece is of: it grows while the same letter stands beside it in most places."""
    while len(piece) < LONGEST:
        left: Counter[str] = Counter()
        right: Counter[str] = Counter()
        places = 0
        for text in texts:
            at = text.find(piece)
            while at >= 0:
                places += 1
                left[text[at - 1]] += 1
                right[text[at + len(piece)]] += 1
                at = text.find(piece, at + 1)
        best = max(((count, side, letter) for side, found in ((0, left), (1, right)) for letter, count in found.most_common(1)),
                   default=(0, 0, " "))  # fmt: skip
        count, side, letter = best
        if letter == " " or count < (GROWS_LOOSE if letter in LOOSE else GROWS) * places or count < 2:
            return piece
        piece = piece + letter if side else letter + piece
    return piece
