"""The names by which the workbook knows its sheets' filters."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tousu.batch.workbook.markup import Edits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tousu.batch.workbook.frame import Area
    from tousu.batch.workbook.package import Package

FILTER = "_xlnm._FilterDatabase"
BEFORE_NAMES = ("sheets", "functionGroups", "externalReferences")


def name_filters(package: Package, filters: Mapping[int, Area]) -> None:
    """Enter the cells of filters, by the sheet's number from 0 on, where Excel keeps them beside the sheet."""
    if not filters:
        return
    data, root = package.tree(package.book)
    edits, block, new = Edits(data), root.child("definedNames"), list[str]()
    known = {
        int(one.get("localSheetId", "-1")): one
        for one in (block.children if block else ())
        if one.get("name") == FILTER
    }
    p = root.prefix.decode()
    for number, area in sorted(filters.items()):
        name = package.sheets[number].name.replace("'", "''")
        place = escape(f"'{name}'!{area.fixed()}")
        if number in known:
            edits.replace(known[number].inner, known[number].close, place.encode())
        else:
            new.append(f'<{p}definedName name="{FILTER}" localSheetId="{number}" hidden="1">{place}</{p}definedName>')
    if new and block:
        edits.append(block, "".join(new).encode())
    elif new:
        at = max(child.end for child in root.children if child.name in BEFORE_NAMES)
        edits.insert(at, f"<{p}definedNames>{''.join(new)}</{p}definedNames>".encode())
    package.put(package.book, edits.done())
