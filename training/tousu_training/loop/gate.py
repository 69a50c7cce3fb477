"""May the new model replace the old? Both tag the same held-out rows; what falls beyond chance refuses.

Accuracy is compared by McNemar's exact test over the rows on which one model is right and the other is not (McNemar
1947, doi:10.1007/BF02295996); the share of right ones among ``auto`` by a paired permutation test, since each model
chooses its own rows: under the null hypothesis the two models' answers to a row may be exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import binomtest

from tousu_training.evaluate import bootstrap, predicted_by, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tousu.classifier import Classifier
    from tousu_training.corpus import LabelledRow
    from tousu_training.evaluate import Predictions

ALPHA = 0.05  # one-sided, of each test
PERMUTATIONS = 10_000
SEED = 20211
ENOUGH = 100  # rows; fewer show large changes alone
COMMON = 20  # rows of a domain whose fall is named
FALL = 0.10


@dataclass(frozen=True, slots=True)
class GateSet:
    """Rows by which models are judged.

    Attributes:
        code: Its English name.
        name: Its Chinese one.
        rows: The rows.
        must: Of each row, whether a model that says another primary is refused.
    """

    code: str
    name: str
    rows: Sequence[LabelledRow]
    must: Sequence[bool] = ()


def judge(old: Classifier, new: Classifier, sets: Sequence[GateSet]) -> dict[str, Any]:
    """Return the comparison of two models and the verdict.

    Returns:
        ``passed``, ``reasons`` (why not, in Chinese), ``notes``, ``alpha``, ``old`` and ``new`` (versions), ``sets``
        (figures of each, with 95 % intervals and the tests' p) and ``changes`` (rows whose primary, codes or decision
        differ: places and codes, no texts).
    """
    reasons: list[str] = []
    notes: list[str] = []
    told, changes = [], []
    for each in sets:
        if not each.rows:
            continue
        before, after = predicted_by(old, each.rows), predicted_by(new, each.rows)
        told.append(_compared(each, before, after, reasons, notes))
        changes += _changes(each, before, after)
        wrong = [
            row.place
            for row, must, right in zip(each.rows, each.must, _right(after), strict=False)
            if must and not right
        ]
        if wrong:
            reasons.append(f"{each.name}里必过的 {len(wrong)} 条没有标对：{'、'.join(wrong[:10])}")
    if not told:
        notes.append("没有可以比较的行")
    return {
        "passed": not reasons, "reasons": reasons, "notes": notes, "alpha": ALPHA, "old": old.version, "new": new.version,
        "sets": told, "changes": changes,
    }  # fmt: skip


def mcnemar(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> float:
    """Return the one-sided exact p that so many more answers are lost than gained by chance."""
    lost, gained = int((before & ~after).sum()), int((~before & after).sum())
    if lost + gained == 0:
        return 1.0
    return float(binomtest(lost, lost + gained, 0.5, alternative="greater").pvalue)


def permuted(
    before: NDArray[np.bool_], before_auto: NDArray[np.bool_], after: NDArray[np.bool_], after_auto: NDArray[np.bool_]
) -> float:
    """Return the one-sided p that right-among-auto falls so much by chance; 1 where one model decides nothing alone.

    Args:
        before: Whether the old model is right, shape (rows,).
        before_auto: Whether it decides alone.
        after: Whether the new model is right.
        after_auto: Whether it decides alone.
    """
    if not before_auto.any() or not after_auto.any():
        return 1.0
    counts = np.stack([before_auto, before & before_auto, after_auto, after & after_auto]).astype(np.float64)
    observed = counts[3].sum() / counts[2].sum() - counts[1].sum() / counts[0].sum()
    differ = (counts[0] != counts[2]) | (counts[1] != counts[3])
    if observed >= 0 or not differ.any():
        return 1.0
    sums, own = counts[:, ~differ].sum(axis=1), counts[:, differ]
    total = own[:2] + own[2:]
    random = np.random.default_rng(SEED)
    below = 0
    for _ in range(PERMUTATIONS // 1000):
        swapped = random.random((1000, own.shape[1])) < 0.5
        first = np.where(swapped[:, None, :], own[None, 2:], own[None, :2]).sum(axis=2) + sums[:2]
        second = total.sum(axis=1) - first + sums[:2] + sums[2:]
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn = second[:, 1] / second[:, 0] - first[:, 1] / first[:, 0]
        below += int((drawn <= observed + 1e-12).sum())
    return (below + 1) / (PERMUTATIONS + 1)


def _right(said: Predictions) -> NDArray[np.bool_]:
    return np.asarray(said.truth == said.primary)


def _compared(
    each: GateSet, before: Predictions, after: Predictions, reasons: list[str], notes: list[str]
) -> dict[str, Any]:
    """Return the figures of a set; add to the reasons why the new model is refused."""
    was, now = _right(before), _right(after)
    count = was.size
    told: dict[str, Any] = {
        "code": each.code, "name": each.name, "rows": count,
        "old": _figures(before, was), "new": _figures(after, now),
        "lost": int((was & ~now).sum()), "gained": int((~was & now).sum()),
        "difference": bootstrap(lambda at: float(now[at].mean() - was[at].mean()), count),
        "p_accuracy": round(mcnemar(was, now), 4),
        "p_auto": round(permuted(was, before.auto, now, after.auto), 4),
        "domains": _domains(each.rows, was, now),
    }  # fmt: skip
    if told["p_accuracy"] < ALPHA:
        reasons.append(
            f"{each.name}：正确率下降超出偶然（丢 {told['lost']} 条、得 {told['gained']} 条，McNemar p={told['p_accuracy']}）"
        )
    if told["p_auto"] < ALPHA:
        values = (told["old"]["auto_precision"]["value"], told["new"]["auto_precision"]["value"])
        reasons.append(
            f"{each.name}：自动分派中的正确率下降超出偶然（{values[0]:.3f} → {values[1]:.3f}，置换检验 p={told['p_auto']}）"
        )
    if count < ENOUGH:
        notes.append(f"{each.name}只有 {count} 条，看不出小的变化")
    fallen = [
        f"{row['code']}（{row['old']['value']:.2f} → {row['new']['value']:.2f}）"
        for row in told["domains"]
        if row["n"] >= COMMON and row["old"]["value"] - row["new"]["value"] > FALL
    ]
    if fallen:
        notes.append(f"{each.name}：这些领域掉了 {FALL:.0%} 以上：{'、'.join(fallen)}")
    return told


def _figures(said: Predictions, right: NDArray[np.bool_]) -> dict[str, Any]:
    return {
        "accuracy": share(int(right.sum()), right.size),
        "auto_coverage": share(int(said.auto.sum()), right.size),
        "auto_precision": share(int((right & said.auto).sum()), int(said.auto.sum())),
    }


def _domains(rows: Sequence[LabelledRow], was: NDArray[np.bool_], now: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Return how many of each domain's rows each model finds, most frequent first."""
    primaries = np.array([row.primary for row in rows])
    codes, counts = np.unique(primaries, return_counts=True)
    table = []
    for code, count in sorted(zip(codes.tolist(), counts.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0])):
        own = primaries == code
        table.append({
            "code": code, "n": count, "old": share(int(was[own].sum()), count), "new": share(int(now[own].sum()), count),
            "p": round(mcnemar(was[own], now[own]), 4),
        })  # fmt: skip
    return table


def _changes(each: GateSet, before: Predictions, after: Predictions) -> list[dict[str, Any]]:
    """Return the rows of which the models say different things."""
    was, now = _right(before), _right(after)
    found = []
    for at, row in enumerate(each.rows):
        old, new = before.domains[before.primary[at]], after.domains[after.primary[at]]
        decisions = [("auto" if auto else "review") for auto in (bool(before.auto[at]), bool(after.auto[at]))]
        if (old, before.codes[at], decisions[0]) == (new, after.codes[at], decisions[1]):
            continue
        effect = "gained" if now[at] and not was[at] else "lost" if was[at] and not now[at] else "same"
        found.append({
            "set": each.code, "place": row.place, "label": row.primary, "old": old, "new": new, "effect": effect,
            "old_codes": sorted(before.codes[at]), "new_codes": sorted(after.codes[at]),
            "old_decision": decisions[0], "new_decision": decisions[1],
        })  # fmt: skip
    return found
