"""The generated pages are those that ``make docs`` would write now."""

from __future__ import annotations

import pytest

from tests.house.pages import PAGES


@pytest.mark.parametrize("place", PAGES)
def test_a_generated_page_is_current(root, place):
    assert (root / place).read_text("utf-8") == PAGES[place](), "run `make docs`"
