from __future__ import annotations

from tousu_training.describe import page, page_path


def test_the_corpus_page_is_current():
    assert page_path().read_text("utf-8") == page()
