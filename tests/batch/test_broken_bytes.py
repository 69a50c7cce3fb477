"""Files with wrong bytes, in every format: a named error in Chinese or an output, never anything else, and nothing left over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.batch.wrong_bytes import try_formats

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier

DRAWS = 4


@pytest.mark.parametrize("use", ["tag", "train"])
def test_wrong_bytes_end_in_a_named_error_or_an_output(tmp_path: Path, shipped: Classifier, use: str) -> None:
    ended = try_formats(tmp_path, shipped, use, DRAWS)
    assert set(ended) == {"well", "named"}
    assert min(ended.values()) > DRAWS
