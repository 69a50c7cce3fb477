"""What stands around a sheet's rows: extent, frozen header, columns, filter and tables take in the added columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tousu.batch.workbook.cells import column_of, letters_of
from tousu.batch.workbook.markup import Edits, parse, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.batch.workbook.markup import Element
    from tousu.batch.workbook.package import Package
    from tousu.batch.workbook.rows import SheetRows

AREA = re.compile(r"\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6})(?::\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6}))?")
SINGLE = re.compile(rb'<[\w:]*mergeCell\s[^>]*?ref="([A-Z]+[0-9]+)(?::\1)?"[^>]*?/>')
# Pictures and ranges of formulas that reach so far beyond the cells are gone round; others are left where they are.
GO_ROUND = 40
COLUMN_EMU = 609_600  # the common width of a column, in the units of drawings
BEFORE_FILTER = ("sheetData", "sheetCalcPr", "sheetProtection", "protectedRanges", "scenarios")


class Area(NamedTuple):
    """Cells from a corner to the other; rows and columns from 0 on."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def of(cls, text: str) -> Area | None:
        """Return the area that a text such as ``A1:B2`` names, if it names any."""
        found = AREA.fullmatch(text)
        if not found:
            return None
        left, top, right, bottom = found.groups()
        return cls(int(top) - 1, column_of(left), int(bottom or top) - 1, column_of(right or left))

    def __str__(self) -> str:
        corners = ((self.left, self.top), (self.right, self.bottom))
        return ":".join(f"{letters_of(column)}{row + 1}" for column, row in corners)

    def fixed(self) -> str:
        """Return it with dollar signs, as defined names spell it."""
        corners = ((self.left, self.top), (self.right, self.bottom))
        return ":".join(f"${letters_of(column)}${row + 1}" for column, row in corners)


@dataclass(slots=True)
class _Table:
    """A table of the sheet: its part, its bytes and elements, its cells."""

    part: str
    data: bytes
    root: Element
    area: Area


@dataclass(slots=True)
class Frame:
    """What stands around the rows of one sheet.

    Args:
        package: The workbook.
        rows: The sheet.

    Attributes:
        filter: The cells the sheet's own filter has in the end, if the run set it.
        notes: What is to be said of it, in Chinese.
    """

    package: Package
    rows: SheetRows
    filter: Area | None = None
    notes: list[str] = field(default_factory=list)

    def first_free(self, header: int) -> int:
        """Return where added columns can begin: behind all that stands beside the rows from the header on.

        Cells and formulas, merged ranges, tables, pictures and charts; and ranges of formulas, whose results
        the added cells would change.
        """
        scan = self.rows.scan
        edges = [right + 1 for _, (bottom, right) in self.rows.merged if bottom >= header]
        edges += [table.area.right + 1 for table in self._tables() if table.area.bottom >= header]
        first = max(scan.used, *edges) if edges else scan.used
        beside = [right for bottom, right in self._pictures() if bottom >= header]
        beyond = max((right for right in [*beside, scan.reach] if first < right <= first + GO_ROUND), default=first)
        if beyond > first:
            what = "有图片或图表" if beyond in beside else "有公式引用"
            self.notes.append(f"{letters_of(beyond - 1)} 列以前{what}，新增的列从 {letters_of(beyond)} 列开始")
        return beyond

    def _pictures(self) -> list[tuple[int, int]]:
        """Return for each picture or chart its last row and how many columns it reaches over."""
        found = []
        for link in self.package.links(self.rows.sheet.part).values():
            if link.kind != "drawing" or not link.part:
                continue
            data, root = self.package.tree(link.part)
            for anchor in root.walk():
                end = anchor.child("to") if anchor.name == "twoCellAnchor" else None
                if end:
                    found.append((_number(data, end, "row"), _number(data, end, "col") + 1))
                elif (
                    anchor.name == "oneCellAnchor" and (start := anchor.child("from")) and (size := anchor.child("ext"))
                ):
                    wide = int(size.get("cx", "0")) // COLUMN_EMU + 1
                    found.append((_number(data, start, "row"), _number(data, start, "col") + wide))
        return found

    def _tables(self) -> list[_Table]:
        """Return the sheet's tables."""
        links = self.package.links(self.rows.sheet.part).values()
        found = []
        for link in links:
            if link.kind == "table" and link.part:
                data, root = self.package.tree(link.part)
                if area := Area.of(root.get("ref")):
                    found.append(_Table(link.part, data, root, area))
        return found

    def head(self, header: int | None, first: int, widths: Sequence[float]) -> bytes:
        """Return what stands before the rows, mended.

        Args:
            header: The header's row, None where nothing is to be frozen.
            first: The first added column.
            widths: Widths of the added columns, in characters.
        """
        scan = self.rows.scan
        edits, root = Edits(scan.head), parse(scan.head, whole=False)
        last = first + len(widths) - 1
        if extent := root.child("dimension"):
            old = Area.of(extent.get("ref")) or Area(0, 0, 0, 0)
            new = Area(old.top, old.left, max(old.bottom, scan.last - 1), max(old.right, last))
            edits.set(extent, "ref", str(new))
        if header is not None:
            self._freeze(edits, root, header)
        self._widen(edits, root, first, widths)
        return edits.done()

    def _freeze(self, edits: Edits, root: Element, header: int) -> None:
        """Freeze the header where nothing is frozen yet."""
        p = root.prefix.decode()
        place = f'topLeftCell="A{header + 2}" activePane="bottomLeft" state="frozen"'
        pane = f'<{p}pane ySplit="{header + 1}" {place}/>'
        views = root.child("sheetViews")
        if views is None:
            fresh = f'<{p}sheetView workbookViewId="0">{pane}<{p}selection pane="bottomLeft"/></{p}sheetView>'
            behind = [child.start for child in root.children if child.name in ("sheetFormatPr", "cols")]
            at = min([*behind, len(edits.data)])
            edits.insert(at, f"<{p}sheetViews>{fresh}</{p}sheetViews>".encode())
            return
        for view in views.children:
            if view.name != "sheetView" or view.child("pane"):
                continue
            edits.drop(view, "topLeftCell")
            if view.closed:
                edits.append(view, f'{pane}<{p}selection pane="bottomLeft"/>'.encode())
                continue
            edits.insert(view.inner, pane.encode())
            for selection in view.children:
                if selection.name == "selection" and "pane" not in selection.attributes:
                    edits.set(selection, "pane", "bottomLeft")

    def _widen(self, edits: Edits, root: Element, first: int, widths: Sequence[float]) -> None:
        """Give the added columns their widths, and let them be seen."""
        p, last = root.prefix, first + len(widths) - 1
        cols = root.child("cols")
        new = [
            (column, b'<%scol min="%d" max="%d" width="%.7g" customWidth="1"/>' % (p, column, column, width))
            for column, width in enumerate(widths, first + 1)
        ]
        for old in cols.children if cols else ():
            low, high = int(old.get("min")), int(old.get("max"))
            raw = edits.data[old.start : old.end]
            if high <= first or low > last + 1:
                new.append((low, raw))
                continue
            for left, right in ((low, first), (last + 2, high)):
                if left <= right:
                    piece = Edits(raw)
                    whole = parse(raw)
                    piece.set(whole, "min", str(left))
                    piece.set(whole, "max", str(right))
                    new.append((left, piece.done()))
        inner = b"".join(raw for _, raw in sorted(new, key=lambda one: one[0]))
        if cols is None:
            edits.insert(len(edits.data), b"<%scols>%s</%scols>" % (p, inner, p))
        elif cols.closed:
            edits.append(cols, inner)
        else:
            edits.replace(cols.inner, cols.close, inner)

    def tail(self, header: int | None, first: int, names: Sequence[str]) -> bytes:
        """Return what stands behind the rows, mended, and mend the tables.

        Args:
            header: The header's row, None where there is nothing to filter by.
            first: The first added column.
            names: Names of the added columns.
        """
        scan = self.rows.scan
        root = parse(scan.head, whole=False, depth=0)
        lead = scan.head[: root.inner] + scan.open
        edits = Edits(lead + scan.tail)
        root = parse(edits.data, depth=1)
        if header is not None:
            self._take_in(edits, root, header, first, names)
        self._unmerge(edits, root)
        return edits.done()[len(lead) :]

    def _take_in(self, edits: Edits, root: Element, header: int, first: int, names: Sequence[str]) -> None:
        """Let tables and filter take in the added columns."""
        tables = self._tables()
        for table in tables:
            beside = table.area.top <= header <= table.area.bottom
            if beside and not self._extend(table, header, first, names):
                self.notes.append(
                    f"表格 {table.root.get('displayName')} 不含新增的列：在表格中排序会使标签错行，排序前先转换为区域"
                )
        area = Area(header, 0, max(header + 1, self.rows.scan.last - 1), first + len(names) - 1)
        self._filter(edits, root, area, tables)

    def _filter(self, edits: Edits, root: Element, wanted: Area, tables: Sequence[_Table]) -> None:
        """Let the sheet's filter take in the added columns; set one where there is none and no table."""
        old = root.child("autoFilter")
        if old:
            area = Area.of(old.get("ref"))
            if area and area.top == wanted.top and area.right < wanted.right:
                self.filter = area._replace(right=wanted.right)
                edits.set(old, "ref", str(self.filter))
        elif not any(table.area.bottom >= wanted.top and table.area.top <= wanted.bottom for table in tables):
            self.filter = wanted
            behind = [child.end for child in root.children if child.name in BEFORE_FILTER]
            edits.insert(max(behind), b'<%sautoFilter ref="%s"/>' % (root.prefix, str(wanted).encode()))

    def _unmerge(self, edits: Edits, root: Element) -> None:
        """Take out merged ranges of one cell: Excel takes a workbook with such for a broken one."""
        merged = root.child("mergeCells")
        if merged is None:
            return
        raw = edits.data[merged.inner : merged.close]
        kept, gone = SINGLE.subn(b"", raw)
        if not gone:
            return
        left = len(re.findall(rb"<[\w:]*mergeCell\s", kept))
        if left:
            edits.replace(merged.inner, merged.close, kept)
            edits.set(merged, "count", str(left))
        else:
            edits.replace(merged.start, merged.end, b"")

    def _extend(self, table: _Table, header: int, first: int, names: Sequence[str]) -> bool:
        """Let a table take in the added columns behind its last one; return whether it does."""
        root, area = table.root, table.area
        columns = root.child("tableColumns")
        fits = (
            columns is not None and area.top == header and area.right == first - 1
            and root.get("headerRowCount", "1") == "1" and root.get("tableType", "worksheet") == "worksheet"
        )  # fmt: skip
        if not fits or columns is None:
            return False
        taken = {column.get("name").casefold() for column in columns.children}
        if taken & {name.casefold() for name in names}:
            return False
        wide = str(area._replace(right=first + len(names) - 1))
        edits = Edits(table.data)
        edits.set(root, "ref", wide)
        own = root.child("autoFilter")
        if own and (old := Area.of(own.get("ref"))):
            edits.set(own, "ref", str(old._replace(right=first + len(names) - 1)))
        used = max((int(column.get("id") or "0") for column in columns.children), default=0)
        p = root.prefix.decode()
        new = (f'<{p}tableColumn id="{used + n}" name="{quoted(name)}"/>' for n, name in enumerate(names, 1))
        edits.append(columns, "".join(new).encode())
        edits.set(columns, "count", str(len(columns.children) + len(names)))
        self.package.put(table.part, edits.done())
        return True


def _number(data: bytes, place: Element, name: str) -> int:
    """Return a number that stands in an element, 0 if there is none."""
    found = place.child(name)
    return int(data[found.inner : found.close].strip() or b"0") if found else 0
