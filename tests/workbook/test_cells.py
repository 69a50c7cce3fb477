"""What a cell's bytes say."""

from __future__ import annotations

import pytest

from tousu.batch.workbook.cells import CellReader

DATE, NUMBER = b' s="1"', b' s="0"'


@pytest.mark.parametrize(
    ("attributes", "inner", "kept"),
    [
        (DATE, b"<v>46000.75</v>", b"46000"),
        (DATE, b"<v>46000</v>", b"<v>46000</v>"),
        (DATE, b"<v>4.6E4</v>", b"<v>4.6E4</v>"),
        (DATE, b"<f>A1*1.5</f><v>46000.75</v>", b"<f>A1*1.5</f><v>46000.75</v>"),
        (NUMBER, b"<v>20260101.5</v>", b"<v>20260101.5</v>"),
        (b' s="1" t="s"', b"<v>46000.75</v>", b"<v>46000.75</v>"),
    ],
)
def test_only_the_moments_of_one_day_are_one(attributes: bytes, inner: bytes, kept: bytes) -> None:
    reader = CellReader(b"", None, [1], since_1904=False)
    assert reader.whole(attributes, inner) == (attributes, kept)
