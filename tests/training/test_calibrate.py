"""``auto`` by risk control over hands, on made-up held-out scores."""

from __future__ import annotations

import numpy as np

from tousu_training.calibrate import LEAST_HANDS, NEVER, WORST_PRECISION, _safe_among_hands


def drawn(wrong_of_worst):
    """Return sureness, hits and hands of twenty hands of 500 rows; a fifth of them err as often as told."""
    random = np.random.default_rng(3)
    hands = np.repeat(np.arange(20), 500)
    sure = random.uniform(0.5, 1.0, hands.size)
    errs = np.where(hands < 4, wrong_of_worst(sure), 0.01)
    return sure, random.uniform(size=hands.size) >= errs, hands


def test_the_worst_fifth_of_hands_is_right_often_enough():
    sure, right, hands = drawn(lambda sure: 0.5 * (1 - sure))
    threshold = _safe_among_hands(sure, right, hands)
    worst = (hands < 4) & (sure >= threshold)
    assert 0.6 < threshold < 0.9
    assert right[worst].mean() >= WORST_PRECISION
    assert right[(hands < 4) & (sure >= threshold - 0.05)].mean() < right[worst].mean()
    assert right[sure >= 0.5].mean() > WORST_PRECISION  # all hands together would have let everything through


def test_no_threshold_is_safe_where_some_hands_err_however_sure():
    assert _safe_among_hands(*drawn(lambda sure: np.full(sure.size, 0.2))) == NEVER


def test_too_few_hands_tell_nothing():
    sure, right, hands = drawn(lambda sure: np.full(sure.size, 0.2))
    few = hands < LEAST_HANDS - 1
    assert _safe_among_hands(sure[few], right[few], hands[few]) == 0.0
    assert _safe_among_hands(sure, right, np.full(hands.size, -1)) == 0.0
