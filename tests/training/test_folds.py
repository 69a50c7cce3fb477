"""Who is held out together."""

from __future__ import annotations

import collections

import numpy as np
import pytest

from tousu.near_duplicates import group_similar
from tousu_training.corpus import LabelledRow
from tousu_training.folds import assign_folds

LETTERS = np.random.default_rng(5).integers(0x4E00, 0x9000, size=(60, 20))
TEXTS = ["".join(map(chr, row)) for row in LETTERS.tolist()]  # none like another


def rows_of(*series, texts=None):
    """Return a row for each series named, each with a text of its own."""
    return [LabelledRow(text, ("a",), series=name) for text, name in zip(texts or TEXTS, series, strict=False)]


def test_the_corpus_is_held_out_by_whole_series(corpus_rows):
    folds = assign_folds(corpus_rows)
    assert folds.to_dict()["by"] == "series"
    assert folds.count == 5
    where = collections.defaultdict(set)
    for row, fold in zip(corpus_rows, folds.numbers.tolist(), strict=True):
        where[row.series].add(fold)
    assert len(where) > 16
    assert all(len(found) == 1 for found in where.values())
    leaders = np.array(group_similar([row.text for row in corpus_rows]))
    assert (folds.numbers == folds.numbers[leaders]).all()  # no near-duplicates on both sides
    shares = np.bincount(folds.numbers) / len(corpus_rows)
    assert 0.15 < shares.min() <= shares.max() < 0.35
    primaries = [
        {row.primary for row, n in zip(corpus_rows, folds.numbers, strict=True) if n == fold} for fold in range(5)
    ]
    assert all(found == primaries[0] for found in primaries)


def test_series_that_share_a_text_are_held_out_together():
    rows = [*rows_of(*"aabbccddeeff"), LabelledRow("打错了，不好意思", ("a",), series="a")]
    rows += [LabelledRow("打错了不好意思", ("a",), series="f"), LabelledRow("打错了不好意思！", ("a",))]
    folds = assign_folds(rows)
    assert (folds.groups, folds.count) == (5, 5)
    assert len({fold for row, fold in zip(rows, folds.numbers, strict=True) if row.series in ("a", "f", "")}) == 1


def test_near_duplicates_are_held_out_together():
    texts = [f"第{n}栋的电梯坏了没有人来修，物业只说在等配件，老人下不了楼" for n in range(3)]
    folds = assign_folds(rows_of(*[""] * 3, texts=texts) + rows_of(*[""] * 8))
    assert len(set(folds.numbers[:3])) == 1
    assert (folds.by, folds.count) == ("texts", 5)


@pytest.mark.parametrize(
    ("series", "by", "count", "why"),
    [
        ("", "texts", 5, "没有写明来源"),
        ("a", "texts", 5, "来源不到"),
        ("ab", "texts", 5, "来源不到"),
        ("abc", "series", 3, "整个来源"),
        ("abcd", "series", 4, "整个来源"),
        ("abcdefg", "series", 5, "整个来源"),
        ("aaaaabcdef"[:9], "texts", 5, "过半"),
    ],
)
def test_how_is_said(series, by, count, why):
    names = [series[n % len(series)] if series else "" for n in range(36)]
    folds = assign_folds(rows_of(*names))
    assert (folds.by, folds.count) == (by, count)
    assert why in folds.how


def test_fewer_groups_than_folds():
    texts = ["电梯困人没有人来修", "健身卡余额不给退", "面包里吃出一只虫子"]
    folds = assign_folds(rows_of(*[""] * 9, texts=texts * 3))
    assert (folds.groups, folds.count) == (3, 3)
    assert folds.numbers[:3].tolist() == folds.numbers[3:6].tolist()
    assert assign_folds(rows_of("", "", texts=texts[:1] * 2)).count == 1


def test_the_order_of_the_rows_says_nothing():
    rows = rows_of(*[""] * 60)
    straight, turned = assign_folds(rows).numbers, assign_folds(rows[::-1]).numbers
    assert straight.tolist() == turned[::-1].tolist()
    assert np.bincount(straight).tolist() == [12] * 5
