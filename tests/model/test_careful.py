"""The shipped model's second reader: it belongs to the model, is small enough, and lets more go by itself without erring more."""

from __future__ import annotations

import numpy as np
import pytest

from tousu.classifier import Classifier
from tousu.resources import shipped_path
from tousu_training.corpus import read_rows

MOST_MEGABYTES = 40


@pytest.fixture(scope="module")
def careful():
    return Classifier.load(reading="careful")


def test_both_readings_are_shipped_in_forty_megabytes(careful, shipped):
    assert careful.version.startswith(shipped.version + "+reader-")
    assert (shipped_path() / "reader" / "LICENSE").read_text("utf-8").count("MIT License") == 2
    sizes = [file.stat().st_size for file in shipped_path().rglob("*") if file.is_file()]
    assert sum(sizes) <= MOST_MEGABYTES * 1_000_000


def test_the_careful_reading_lets_more_go_by_itself(careful, shipped, root):
    rows = read_rows([root / "data" / "hard.jsonl"], codes=shipped.domains)[:480:4]
    truth = np.array([shipped.domains.index(row.primary) for row in rows])
    fast, both = (model.tag_many([row.text for row in rows]) for model in (shipped, careful))
    assert (both.primary == truth).mean() >= 0.9
    assert both.auto.sum() > fast.auto.sum()
    assert (both.primary == truth)[both.auto].mean() >= 0.95


def test_vectors_find_the_same_matter_in_other_words(careful):
    told = [
        "健身房关门跑路，卡里的钱不退",
        "瑜伽馆老板失联了，办的年卡没法用，余额要不回来",
        "小区电梯三天两头坏，没人维修",
    ]
    one, same, other = careful.vectors(told)
    assert one @ same > one @ other
