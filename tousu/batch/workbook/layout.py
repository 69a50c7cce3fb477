"""A sheet's layout beside its cells: columns, rows, groups, hyperlinks."""

from __future__ import annotations

import re
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from xlsxwriter.url import Url, UrlTypes
from xlsxwriter.utility import xl_cell_to_rowcol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tousu.batch.workbook.scan import ColumnRange, Link, SheetScan

COLUMNS = 16_384
MOST_LINKS = 65_530
AREA = re.compile(r"[A-Z]{1,3}[0-9]{1,7}(:[A-Z]{1,3}[0-9]{1,7})?")


def begin_sheet(page: Any, scan: SheetScan) -> None:
    """Set what must be known before the first row is written."""
    if scan.height is not None:
        page.set_default_row(scan.height)
    below, right = scan.outline
    if not (below and right):
        page.outline_settings(symbols_below=below, symbols_right=right)


def by_column(ranges: Sequence[ColumnRange], columns: int) -> dict[int, ColumnRange]:
    """Return the looks of each of the first ``columns`` columns that has any."""
    return {column: one for one in ranges for column in range(one.first, min(one.last + 1, columns))}


def set_columns(page: Any, ranges: Sequence[ColumnRange], widths: Sequence[float], added: Sequence[float]) -> None:
    """Set every column's width, whether it is hidden, its group; the added ones are always seen.

    Args:
        page: The sheet that is written.
        ranges: Looks of the input's columns.
        widths: Widths of the input's columns, in characters.
        added: Widths of the columns that come behind these.
    """
    looks = by_column(ranges, len(widths))
    for column, width in enumerate(widths):
        page.set_column(column, column, width, None, _options(looks.get(column)))
    for column, width in enumerate(added, len(widths)):
        page.set_column(column, column, width)
    last = len(widths) + len(added)
    for one in ranges:
        if one.hidden and one.last >= last:
            page.set_column(max(one.first, last), min(one.last, COLUMNS - 1), None, None, _options(one))


def _options(look: ColumnRange | None) -> dict[str, Any]:
    """Return a column's looks as the writer takes them."""
    return {"hidden": look.hidden, "level": look.level, "collapsed": look.collapsed} if look else {}


def set_filter(page: Any, area: str) -> None:
    """Set a filter over cells such as ``A1:D9``, if they are told."""
    if AREA.fullmatch(area) and ":" in area:
        page.autofilter(area)


def set_links(page: Any, links: Sequence[Link], targets: dict[str, str]) -> bool:
    """Set the hyperlinks of cells that are written already.

    The writer's own way would write the cells anew and spell the targets differently.

    Returns:
        Whether all of them found room; a sheet has 65,530.
    """
    found = ((cell, link) for link in links for cell in _cells(link.cells))
    for (row, column), link in islice(found, MOST_LINKS):
        target = targets.get(link.relation, "")
        if target or link.location:
            page.hyperlinks[row][column] = _url(target, link)
    return next(found, None) is None


def _cells(area: str) -> Iterator[tuple[int, int]]:
    """Return the places of a range such as ``A1:B2``; none of what is no range."""
    if not AREA.fullmatch(area):
        return iter(())
    first, _, last = area.partition(":")
    (top, left), (bottom, right) = xl_cell_to_rowcol(first), xl_cell_to_rowcol(last or first)
    return product(range(top, bottom + 1), range(left, right + 1))


def _url(target: str, link: Link) -> Url:
    """Return a hyperlink with its target as the input spells it."""
    url = Url("internal:A1")
    if target:
        url._link_type, url._relationship_link, url._anchor = UrlTypes.URL, target, link.location
    else:
        url._link = url._text = link.location
    url._tip = link.tip
    return url
