"""How good kinds, routes and signals are against labelled rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tousu.case_codes import AUTHORITIES, KINDS, SIGNALS
from tousu_training.evaluate import binary_f1, bootstrap, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.classifier.cases import Cases
    from tousu_training.corpus import LabelledRow

THREE = ("complaint", "report", "consult")


def evaluate_cases(rows: Sequence[LabelledRow], cases: Cases) -> dict[str, Any]:
    """Return the scores of kinds, routes and signals on the rows that say them; nothing of what no row says.

    Returns:
        ``kind_accuracy``, ``kind_accuracy_three`` (complaint, report or consult), ``route_accuracy`` and
        ``route_first_two`` as figures of ``evaluate.evaluate``, and ``signals``: a list with precision, recall, F1 with
        its interval, and support of each. A text that was taken to lie within the remit has no route and counts as wrong.
    """
    result: dict[str, Any] = {}
    kinds = [(row.kind, int(kind)) for row, kind in zip(rows, cases.kinds, strict=True) if row.kind is not None]
    if kinds:
        right = [label == KINDS[said] if said >= 0 else False for label, said in kinds]
        three = [hit for hit, (label, _) in zip(right, kinds, strict=True) if label in THREE]
        result["kind_accuracy"] = share(sum(right), len(right))
        result["kind_accuracy_three"] = share(sum(three), len(three))
    outside = [number for number, row in enumerate(rows) if row.route is not None]
    if outside:
        labels = [AUTHORITIES.index(str(rows[number].route)) for number in outside]
        first = cases.routes[outside]
        result["route_accuracy"] = share(int((first == labels).sum()), len(outside))
        if cases.route_logits.shape[1]:
            order = np.argsort(-cases.route_logits[outside], axis=1, kind="stable")[:, :2]
            hits = (order == np.array(labels)[:, None]).any(axis=1) & (first >= 0) | (first == labels)
            result["route_first_two"] = share(int(hits.sum()), len(outside))
    known = np.array([row.signals is not None for row in rows])
    if known.any():
        result["signals"] = [_signal_scores(rows, cases, known, number) for number in range(len(SIGNALS))]
    return result


def _signal_scores(
    rows: Sequence[LabelledRow], cases: Cases, known: np.ndarray[Any, Any], number: int
) -> dict[str, Any]:
    """Return precision, recall, F1 and support of one signal."""
    label = np.array([SIGNALS[number] in (row.signals or ()) for row in rows])[known]
    said = cases.signals[known, number]
    hits = int((label & said).sum())
    return {
        "code": SIGNALS[number], "support": int(label.sum()), "said": int(said.sum()),
        "precision": round(hits / int(said.sum()), 4) if said.any() else None,
        "recall": round(hits / int(label.sum()), 4) if label.any() else None,
        "f1": bootstrap(lambda at: binary_f1(label[at], said[at]), label.size),
    }  # fmt: skip
