"""Settings for somebody's own labels, looked for on held-out folds of real texts."""

from __future__ import annotations

from dataclasses import asdict

from tousu_training.corpus import LabelledRow
from tousu_training.fit import OWN_LABELS
from tousu_training.folds import assign_folds
from tousu_training.search import KNOBS, MARGIN, search
from tousu_training.vocabulary import default_encoder


def test_what_is_chosen_was_tried_and_beats_what_stood(corpus_rows):
    wanted = {"elevator": "a", "prepaid": "b", "pricing": "c"}
    rows = [
        LabelledRow(row.text, (wanted[row.primary],), None, row.series)
        for row in corpus_rows
        if row.primary in wanted
    ][::8]  # fmt: skip
    encoder, told = default_encoder(None), []
    found = encoder.keys([row.text for row in rows])
    chosen, tried = search(
        rows, ("a", "b", "c"), found, assign_folds(rows).numbers, encoder, OWN_LABELS,
        lambda *step: told.append(step),
    )  # fmt: skip
    scores = {str(one["settings"]): one["score"] for one in tried}
    assert len(scores) == len(tried) == len(told)
    assert tried[0]["settings"] == asdict(OWN_LABELS)
    assert scores[str(asdict(chosen))] >= max(scores.values()) - MARGIN * len(KNOBS)
    assert all(step[1] < step[2] for step in told)
