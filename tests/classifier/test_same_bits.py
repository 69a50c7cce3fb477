"""A text's tagging is the same to the last bit whichever path made it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tousu.classifier import Classifier
from tousu.classifier import model as model_module
from tousu.classifier.json_rows import json_rows

COLUMNS = ("probabilities", "primary", "codes", "auto", "facet", "online")
PIECES = [
    "电梯困人", "物业", "不退", "無糖麵包", "＆ﾒ", "&amp;", "&#30005;", "㎡", "ﷺ", "𠀀", "\ud800", "9" * 40, "\u200b", "😀", "，。", "\n",
]  # fmt: skip
ODD = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=30).map("".join))


@pytest.fixture(scope="module")
def model(small_model):
    return Classifier.load(small_model)


@pytest.fixture(scope="module")
def real(corpus_rows):
    return [row.text for row in corpus_rows]


def bits(taggings, rows=slice(None)):
    return [getattr(taggings, name)[rows].tobytes() for name in COLUMNS]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    odd=st.lists(ODD, max_size=25),
    picked=st.lists(st.integers(0, 10**6), max_size=40),
    block=st.sampled_from((1, 2, 7, 64, 1024)),
    threads=st.integers(1, 4),
)
def test_alone_in_a_batch_in_any_block_on_any_thread(model, real, monkeypatch, odd, picked, block, threads):
    batch = odd + [real[index % len(real)] for index in picked]
    alone = [model.tag_many([text]) for text in batch]
    with monkeypatch.context() as patched:
        patched.setattr(model_module, "BLOCK", block)
        together = model.tag_many(batch, threads=threads)
    assert [bits(one) for one in alone] == [bits(together, slice(at, at + 1)) for at in range(len(batch))]
    assert list(together) == [model.tag(text) for text in batch]
    assert json_rows(together) == [json_rows(one)[0] for one in alone]


def test_order_and_neighbours_do_not_matter(model, real):
    order = np.random.default_rng(3).permutation(len(real))
    straight = model.tag_many(real, threads=2)
    mixed = model.tag_many([real[index] for index in order], threads=3)
    assert bits(mixed) == bits(straight, order)


def test_a_model_loaded_again_gives_the_same(model, real, small_model):
    assert bits(Classifier.load(small_model).tag_many(real)) == bits(model.tag_many(real, threads=2))
