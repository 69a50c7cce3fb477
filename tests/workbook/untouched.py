"""What must be the same in a workbook before and after it was tagged."""

from __future__ import annotations

import copy
import functools
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl

from tousu.files.added_columns import ADDED

if TYPE_CHECKING:
    from pathlib import Path

KEYS = list(ADDED["zh"])
ALWAYS = {"[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"}


def parts_of(path: Path) -> dict[str, bytes]:
    """Return every part of a workbook by its name."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name.replace("\\", "/"): archive.read(name) for name in archive.namelist()}


def write_parts(path: Path, parts: dict[str, bytes]) -> Path:
    """Write a workbook of parts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def changed_parts(source: Path, output: Path) -> set[str]:
    """Return the parts of a workbook that are not there any more to the byte, but for those that always change."""
    before, after = parts_of(source), parts_of(output)
    return {name for name, content in before.items() if after.get(name) != content} - ALWAYS


def new_parts(source: Path, output: Path) -> set[str]:
    """Return the parts that were added."""
    return set(parts_of(output)) - set(parts_of(source))


def opened(path: Path) -> openpyxl.Workbook:
    """Return a workbook as openpyxl reads it, once for each state of the file; to be looked at only."""
    return _opened(path, path.stat().st_mtime_ns, path.stat().st_ino)


@functools.lru_cache(maxsize=4)
def _opened(path: Path, changed: int, inode: int) -> openpyxl.Workbook:
    return openpyxl.load_workbook(path, keep_vba=path.suffix == ".xlsm", rich_text=True)


def look_of(cell: Any) -> tuple[Any, ...]:
    """Return all that can be seen of a cell."""
    value = cell.value
    if hasattr(value, "ref"):  # an array formula
        value = (value.ref, value.text)
    link = cell.hyperlink
    return (
        value, cell.data_type if value is not None else "", *styles_of(cell),
        cell.comment.text if cell.comment else None, (link.target, link.location, link.tooltip) if link else None,
    )  # fmt: skip


def styles_of(cell: Any) -> tuple[Any, ...]:
    """Return how a cell looks; each style of a workbook is looked up once."""
    book = cell.parent.parent
    known = book.__dict__.setdefault("known_styles", {})
    if cell.style_id not in known:
        styles = (cell.font, cell.fill, cell.border, cell.alignment, cell.protection)
        known[cell.style_id] = (cell.number_format, *map(copy.copy, styles))
    return known[cell.style_id]


def assert_untouched(source: Path, output: Path) -> None:
    """Check that every cell, style and setting of a workbook is there as it was.

    Empty cells may have been filled, and cells without any look that stand in a column with such may look like them.
    """
    before, after = opened(source), opened(output)
    assert after.sheetnames[: len(before.sheetnames)] == before.sheetnames
    assert {name: one.attr_text for name, one in before.defined_names.items()} == {
        name: one.attr_text for name, one in after.defined_names.items()
    }
    for old in before.worksheets:
        new = after[old.title]
        filled = {
            cell.column
            for row in old.iter_rows()
            for cell in row
            if cell.value is None and new[cell.coordinate].value is not None
        }
        for row in old.iter_rows():
            for cell in row:
                kept = new[cell.coordinate].value is None and (cell.has_style or cell.column not in filled)
                if cell.value is not None or kept:
                    assert look_of(new[cell.coordinate]) == look_of(cell), (old.title, cell.coordinate)
        single = {area for area in map(str, old.merged_cells.ranges) if ":" not in area}
        assert {str(area) for area in new.merged_cells.ranges} == {
            str(area) for area in old.merged_cells.ranges
        } - single
        for number, row in old.row_dimensions.items():
            kept = new.row_dimensions[number]
            assert (kept.height, kept.hidden, kept.outlineLevel) == (row.height, row.hidden, row.outlineLevel)
        assert new.sheet_state == old.sheet_state
        assert new.sheet_properties.tabColor == old.sheet_properties.tabColor
        assert new.protection.sheet == old.protection.sheet
        assert new.page_setup.orientation == old.page_setup.orientation
        assert new.oddFooter.center.text == old.oddFooter.center.text
        assert len(new._images) == len(old._images)
        assert len(new._charts) == len(old._charts)
        assert [str(one.sqref) for one in new.data_validations.dataValidation] == [
            str(one.sqref) for one in old.data_validations.dataValidation
        ]
        assert [(str(one.sqref), [rule.type for rule in one.rules]) for one in new.conditional_formatting] == [
            (str(one.sqref), [rule.type for rule in one.rules]) for one in old.conditional_formatting
        ]
        if old.freeze_panes:
            assert new.freeze_panes == old.freeze_panes
