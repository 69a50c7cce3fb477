"""Topics of a week: matters told more often than in the weeks before, found one after the other.

A piece of text, or a firm, that stands in the week's texts far more often than before is a seed. The texts that hold it teach a
naive Bayes model which other pieces go with it; the texts this model knows are the topic's, and teach it anew. How alike a
text must be is read off a usual week before: the week's own number must stand far above what that one would give. No text helps to
judge itself, so chance alone makes no topic. At last all topics compete for every text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tousu.weekly.terms import more_than_before

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from tousu.weekly.terms import Terms

FEWEST = 5  # different texts of a topic
SEEDS = 400  # tried at most
SURE_SEED = 20.0  # log-likelihood ratio of a term that may begin a topic
ROUNDS, LAST_ROUNDS = 6, 6
CAUTION = 1.5  # standard deviations by which a term's share is taken lower
PRIOR = 0.5  # texts' worth of background in a topic's model
PURE = 0.85  # of a topic's texts, what must be more than a usual week before would give
DEAR = 2.0  # how many right texts a wrong one outweighs
TWINS = 0.7  # terms that share so much of their texts count as one
CHANCE = 0.01
VECTOR_WEIGHT = 4.0  # what a likeness of 1 says, beside terms


@dataclass(slots=True)
class Topic:
    """A matter that is told more often than before.

    Attributes:
        texts: Places of its texts among the week's, int64, the most typical first.
        before: Places of the texts of the same matter among those before, int64.
        weights: How much each term says for it, float64, shape (terms,).
        quiet: Which of the weeks before it is told from: those in which its seed was not already much more frequent.
        p: Chance of so many more than before, adjusted for all that was tried (Benjamini and Hochberg 1995).
    """

    texts: NDArray[np.int64]
    before: NDArray[np.int64]
    weights: NDArray[np.float64]
    quiet: NDArray[np.bool_]
    p: float = 1.0


class Vectors(NamedTuple):
    """An encoder's vectors of the texts, rows of unit length (``Classifier.vectors``), where there is one.

    Attributes:
        week: float32, shape (texts of the week, width).
        before: float32, shape (texts before, width).
    """

    week: NDArray[np.float32]
    before: NDArray[np.float32]


def find_topics(terms: Terms, ago: Sequence[int], vectors: Vectors | None = None) -> list[Topic]:
    """Return the week's topics, the surest first.

    Args:
        terms: The terms of the week's texts and of those before; each text once, without its copies.
        ago: How many weeks ago each text before came.
        vectors: What an encoder makes of the same texts; None to go by terms alone.
    """
    model = _Model(terms, np.asarray(ago), vectors)
    texts, before = model.now.shape[0], model.then.shape[0]
    if not texts or not before or not terms.keys.size:
        return []
    free, used = np.ones(texts, dtype=np.bool_), np.zeros(terms.keys.size, dtype=np.bool_)
    columns, topics, tried = model.now.tocsc(), [], 0
    while tried < SEEDS:
        left = np.asarray(model.now[free].sum(axis=0)).ravel()
        sure = more_than_before(left, texts, model.frequency_before, before)
        sure[used | (left < FEWEST)] = 0
        seed = int(np.argmax(sure))
        if sure[seed] < SURE_SEED:
            break
        used[seed], tried = True, tried + 1
        inside = np.zeros(texts, dtype=np.bool_)
        inside[columns.indices[columns.indptr[seed] : columns.indptr[seed + 1]]] = True
        topic = _grown(model, inside & free, free, model.quiet(seed))
        if topic is not None:
            free[topic.texts] = False
            topics.append(topic)
    return _tested(_competing(model, topics), texts, before, tried)


class _Model:
    """Scores the texts of the week and of those before by some of the week's texts."""

    def __init__(self, terms: Terms, ago: NDArray[np.int64], vectors: Vectors | None) -> None:
        self.now, self.then, self.vectors = terms.week, terms.before, vectors
        self._weeks = [np.flatnonzero(ago == week) for week in np.unique(ago)]
        self._by_week = np.array([np.asarray(self.then[week].sum(axis=0)).ravel() for week in self._weeks])
        self._lengths, self._lengths_before = _lengths(self.now), _lengths(self.then)
        self._frequency = np.asarray(self.now.sum(axis=0)).ravel()
        self.frequency_before = np.asarray(self.then.sum(axis=0)).ravel()
        self._alone = 1.0 / _twins(self.now)

    def quiet(self, seed: int) -> NDArray[np.bool_]:
        """Return in which weeks a term was as frequent as usual; a matter of some weeks' standing is told from those."""
        counts = self._by_week[:, seed]
        return np.asarray(counts <= max(2.0, 3 * float(np.median(counts))))

    def scores(
        self, inside: NDArray[np.bool_], quiet: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return how surely each text of the week, and each before, is of the topic of those ``inside``; the terms' weights.

        A text inside is scored by the others inside alone.
        """
        full, left = self._weights(inside, quiet)
        now = np.where(inside, self.now @ left, self.now @ full) / self._lengths
        then = (self.then @ full) / self._lengths_before
        if self.vectors is not None:
            middle = self.vectors.week[inside].sum(axis=0)
            away = self.vectors.week @ middle - inside  # without itself, whose product with itself is 1
            now = now + VECTOR_WEIGHT * away / np.maximum(inside.sum() - inside, 1)
            then = then + VECTOR_WEIGHT * (self.vectors.before @ middle) / max(int(inside.sum()), 1)
        return now, then, full

    def _weights(
        self, inside: NDArray[np.bool_], quiet: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what each term says for the texts ``inside``: log-ratios of shares, none below 0; the same for one left out."""
        count = int(inside.sum())
        own = np.asarray(self.now[inside].sum(axis=0)).ravel()
        rest = (
            sum(week.size for week, there in zip(self._weeks, quiet, strict=True) if there) + self.now.shape[0] - count
        )
        others = (self._by_week[quiet].sum(axis=0) + self._frequency - own + 0.5) / (rest + 1)
        full = _log_ratio(own, count, others)
        left = _log_ratio(np.maximum(own - 1, 0), max(count - 1, 1), others)
        return np.maximum(full, 0) * self._alone, np.maximum(left, 0) * self._alone

    def taken(
        self,
        now: NDArray[np.float64],
        then: NDArray[np.float64],
        weights: NDArray[np.float64],
        quiet: NDArray[np.bool_],
    ) -> Topic | None:
        """Return the topic of the texts that score high enough; None if too few do.

        The cut is where most right texts are taken for the wrong ones that a usual week would give.
        """
        order = np.sort(now[np.isfinite(now)])[::-1]
        counts = np.arange(1, order.size + 1)
        expected = self._expected(then, order)
        good = (expected <= (1 - PURE) * counts) & (counts >= FEWEST) & (order > 0)
        worth = np.where(good, counts - DEAR * expected, -np.inf)
        if not worth.size or not worth.max() > 0:
            return None
        cut = order[int(np.argmax(worth))]
        found = np.flatnonzero(now >= cut)
        return Topic(found[np.argsort(-now[found], kind="stable")], np.flatnonzero(then >= cut), weights, quiet)

    def _expected(self, then: NDArray[np.float64], cuts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how many texts a usual week, of this one's size, has above each cut.

        Usual is the median of the weeks, so a matter that began two weeks ago is still one.
        """
        found = []
        for week in self._weeks:
            ascending = np.sort(then[week])
            above = ascending.size - np.searchsorted(ascending, cuts, side="left")
            found.append(above * (self.now.shape[0] / week.size))
        usual = np.asarray(np.median(np.array(found), axis=0), dtype=np.float64)
        told: NDArray[np.float64] = usual + 0.5 * self.now.shape[0] / max(self.then.shape[0], 1)
        return told


def _log_ratio(own: NDArray[Any], count: int, others: NDArray[Any]) -> NDArray[Any]:
    """Return the log-ratio of a term's share among ``count`` texts, taken a standard deviation lower, to its share elsewhere."""
    sure = np.maximum(own - CAUTION * np.sqrt(own), 0)
    told: NDArray[Any] = np.where(own >= 2, np.log((sure + PRIOR * others) / (count + PRIOR) / others), 0)
    return told


def _lengths(held: csr_array) -> NDArray[np.float64]:
    """Return by what the scores of texts are divided: long ones hold more of everything."""
    return np.asarray(np.sqrt(np.maximum(np.diff(held.indptr), 1)) + 1.0)


def _twins(held: csr_array) -> NDArray[np.float64]:
    """Return how many terms stand in nearly the same texts as each, itself counted: 喜味 and 味来 say one thing."""
    both = (held.T @ held).tocoo()
    own = np.asarray(held.sum(axis=0)).ravel()
    rows, columns = both.coords
    near = both.data >= TWINS * (own[rows] + own[columns] - both.data)
    return np.bincount(rows[near], minlength=own.size).astype(np.float64).clip(1)


def _grown(model: _Model, inside: NDArray[np.bool_], free: NDArray[np.bool_], quiet: NDArray[np.bool_]) -> Topic | None:
    """Return the topic that grows from some texts, None if none does."""
    for _ in range(ROUNDS):
        now, then, weights = model.scores(inside, quiet)
        topic = model.taken(np.where(free, now, -np.inf), then, weights, quiet)
        if topic is None:
            return None
        grown = np.zeros_like(inside)
        grown[topic.texts] = True
        if (grown == inside).all():
            break
        inside = grown
    return topic


def _competing(model: _Model, topics: list[Topic]) -> list[Topic]:
    """Return the topics after each text went to the one it scores best for."""
    for _ in range(LAST_ROUNDS):
        parts = []
        for topic in topics:
            inside = np.zeros(model.now.shape[0], dtype=np.bool_)
            inside[topic.texts] = True
            parts.append((*model.scores(inside, topic.quiet), topic.quiet))
        if not parts:
            return []
        best = np.argmax([now for now, *_ in parts], axis=0)
        best_before = np.argmax([then for _, then, *_ in parts], axis=0)
        kept = [
            model.taken(
                np.where(best == number, now, -np.inf), np.where(best_before == number, then, -np.inf), weights, quiet
            )
            for number, (now, then, weights, quiet) in enumerate(parts)
        ]
        topics = [topic for topic in kept if topic is not None]
    return topics


def _tested(topics: list[Topic], texts: int, before: int, tried: int) -> list[Topic]:
    """Return the topics that are more than chance, the surest first; every seed that was tried counts as a test."""
    from scipy.stats import binomtest, false_discovery_control

    if not topics:
        return []
    share = texts / (texts + before)
    chances = [
        binomtest(len(topic.texts), len(topic.texts) + len(topic.before), share, alternative="greater").pvalue
        for topic in topics
    ]
    adjusted = false_discovery_control([*chances, *[1.0] * max(0, tried - len(topics))])[: len(topics)]
    for topic, p in zip(topics, adjusted, strict=True):
        topic.p = float(p)
    return sorted((topic for topic in topics if topic.p < CHANCE), key=lambda topic: (topic.p, -len(topic.texts)))


def vectors_of(
    make: Callable[[Sequence[str]], NDArray[np.float32]], week: Sequence[str], before: Sequence[str]
) -> Vectors:
    """Return the vectors of a week's texts and of those before, centred together, by an encoder's ``make``."""
    both = make([*week, *before])
    both = both - both.mean(axis=0)
    both /= np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-9)
    return Vectors(both[: len(week)], both[len(week) :])
