"""Which files can be tagged, and what is said of those that cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import xlsxwriter

from tests.support import COMPLAINTS
from tousu.batch.folder import tag_folder
from tousu.batch.options import TagOptions
from tousu.errors import FormatUnknown
from tousu.files.formats import format_of

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.classifier import Classifier


def test_only_a_workbook_with_macros_becomes_one() -> None:
    with pytest.raises(FormatUnknown, match=r"\.xlsm.*没有宏.*b\.xlsx"):
        format_of("a.xlsx", "b.XLSM", None)
    for output in ("b.xlsx", "b.xlsm"):
        assert format_of("a.XLSM", output, None) == ".xlsx"


def test_a_directory_with_macros_keeps_its_names(tmp_path: Path, shipped: Classifier) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.xlsm", "a.xlsx"):
        book = xlsxwriter.Workbook(tmp_path / "in" / name)
        book.add_worksheet().write_column(0, 0, ["投诉内容", *COMPLAINTS])
        book.close()
    done = tag_folder(str(tmp_path / "in"), str(tmp_path / "out"), shipped, TagOptions())
    assert not done.failed
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.xlsm", "a.xlsx"]


@pytest.mark.parametrize("name", ["a.xlt", "a.ett", "a.numbers", "a.xltx"])
def test_other_workbooks_are_told_how_to_become_one(name: str) -> None:
    with pytest.raises(FormatUnknown, match=r"另存为 \.xlsx"):
        format_of(name, "b.xlsx", None)
