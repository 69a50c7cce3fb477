"""The fast ways over columns say just what the plain ones say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.support import COMPLAINTS
from tousu.classifier.json_rows import json_rows
from tousu.classifier.tagging import Taggings

if TYPE_CHECKING:
    from tousu.classifier import Classifier


@st.composite
def taggings(draw):
    rows, domains = draw(st.integers(0, 6)), draw(st.integers(1, 9))
    shares = st.floats(0, 1) | st.integers(0, 20000).map(lambda step: step / 20000)
    names = draw(st.lists(st.text(min_size=1, max_size=4), min_size=domains, max_size=domains, unique=True))
    most = draw(st.integers(1, 3))
    codes = np.array(
        [
            draw(st.lists(st.integers(0, domains - 1), min_size=1, max_size=min(most, domains), unique=True))
            + [-1] * most
            for _ in range(rows)
        ]
        or [],
        dtype=object,
    )
    codes = np.array([row[:most] for row in codes], dtype=np.int32).reshape(rows, most)
    return Taggings(
        model=draw(st.text(max_size=5)),
        domains=tuple(name.encode("utf-8", "replace").decode() for name in names),
        probabilities=draw(arrays(np.float64, (rows, domains), elements=shares)),
        primary=codes[:, 0].copy(),
        codes=codes,
        auto=draw(arrays(np.bool_, rows)),
        facet=np.zeros(rows),
        online=draw(arrays(np.bool_, rows)),
    )


@settings(max_examples=200, deadline=None)
@given(taggings())
def test_json_rows_are_the_bytes_of_to_dict(found: Taggings) -> None:
    if len(set(found.domains)) < len(found.domains):
        return
    plain = [orjson.dumps(tagging.to_dict()) for tagging in found]
    for row, tagging in zip(found.probabilities.tolist(), found, strict=True):
        best = sorted(row, reverse=True)[: len(tagging.probabilities)]
        assert list(tagging.probabilities.values()) == [round(value, 4) for value in best]
    assert json_rows(found) == plain
    assert json_rows(found, before=b"<", after=b">") == [b"<" + row + b">" for row in plain]


def test_json_rows_of_the_real_model(shipped: Classifier) -> None:
    found = shipped.tag_many([*COMPLAINTS, "", "😀", "&amp;"])
    assert json_rows(found) == [orjson.dumps(tagging.to_dict()) for tagging in found]


TEXTS = st.lists(
    st.sampled_from([*COMPLAINTS, "", "，。", "電梯壞了&lt;b&gt;", "１２３ＡＢＣ 电梯\n坏 了", "😀电梯"]), max_size=5
)


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS.map("".join) | st.text(max_size=40))
def test_explaining_many_is_explaining_each(shipped: Classifier, texts: str) -> None:
    code = shipped.tag(texts).primary
    found = shipped.explain_many(["电梯", texts, ""], ["elevator", code, "online"], most=3)
    assert found[1] == [item for item in shipped.explain(texts, most=10_000) if item.weight > 0][:3]
    assert all(texts[item.start : item.end] == item.text for item in found[1])
    assert found[2] == []
