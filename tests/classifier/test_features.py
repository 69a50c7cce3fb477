from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tousu.classifier.features import (
    TermIndex,
    key_lengths,
    pack,
    sublinear_term_frequency,
    term_keys,
    unpack,
    word_table,
)
from tousu.classifier.text import build_char_table, join_texts

TABLE = build_char_table()
TERMS = sorted(map(pack, ["电", "梯", "电梯", "困", "维修", "维修费", "消费者", "消费者协", "物业管理"]))


def found(text: str, index: TermIndex, terms: list[int]) -> list[str]:
    codes = TABLE.normalise(text).codes
    ids, places = index.find(codes)
    assert [place & 7 for place in places] == key_lengths(np.array(terms, dtype=np.uint64)[ids]).tolist()
    return [unpack(terms[i]) for i in ids]


@pytest.fixture(scope="module")
def index():
    return TermIndex.build(np.array(TERMS, dtype=np.uint64))


def test_every_known_substring_is_found(index):
    assert found("电梯困人", index, TERMS) == ["电", "电梯", "梯", "困"]
    assert found("维修费", index, TERMS) == ["维修", "维修费"]
    assert found("消费者协会", index, TERMS) == ["消费者", "消费者协"]
    assert found("物业管理", index, TERMS) == ["物业管理"]


def test_no_term_spans_a_break(index):
    assert "电梯" not in found("电，梯", index, TERMS)


@given(st.text(alphabet="电梯困维修费消者协物业管理，1", max_size=40))
def test_finding_is_what_a_plain_search_finds(text):
    index = TermIndex.build(np.array(TERMS, dtype=np.uint64))
    normal = str(TABLE.normalise(text))
    words = {unpack(key) for key in TERMS}
    substrings = [(i, n) for i in range(len(normal)) for n in (1, 2, 3, 4) if i + n <= len(normal)]
    expected = [normal[i : i + n] for i, n in substrings if normal[i : i + n] in words]
    assert sorted(found(text, index, TERMS)) == sorted(expected)


def test_every_term_of_a_large_vocabulary_is_found_and_no_other():
    rng = np.random.default_rng(7)
    chars = rng.zipf(1.3, size=(40_000, 4)) % 3000 + 0x4E00
    lengths = rng.integers(1, 5, size=len(chars))
    terms = {"".join(map(chr, row[:n])) for row, n in zip(chars.tolist(), lengths.tolist(), strict=True)}
    held = sorted(terms)[::2]
    packed = sorted(map(pack, held))
    index = TermIndex.build(np.array(packed, dtype=np.uint64))
    known = set(held)
    for row in chars[:500].reshape(50, 40):
        text = "".join(map(chr, row.tolist()))
        ids, _ = index.find(row.astype(np.uint16))
        pieces = [text[i : i + n] for n in (1, 2, 3, 4) for i in range(41 - n)]
        assert sorted(unpack(packed[i]) for i in ids) == sorted(piece for piece in pieces if piece in known)


def test_candidates_are_all_pairs_and_the_dictionary_words_of_three_and_four():
    words = word_table(["消费者", "物业管理", "维修"])
    keys = term_keys(TABLE, join_texts(["消费者维修"]), 0, words)
    listed = [unpack(int(key)) for key in keys]
    assert listed == ["消", "消费", "消费者", "费", "费者", "者", "者维", "维", "维修", "修"]


def test_term_frequency_is_sublinear():
    frequency = sublinear_term_frequency()
    assert frequency[0] == 0
    assert frequency[1] == 1
    assert frequency[2] == pytest.approx(1.6931, abs=1e-4)


def test_packing_is_exact():
    for term in ("电", "电梯", "消费者", "物业管理"):
        assert unpack(pack(term)) == term
