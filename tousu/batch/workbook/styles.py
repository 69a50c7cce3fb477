"""The workbook's cell styles: which show dates, and new ones that look like what they stand beside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tousu.batch.workbook.markup import Edits, parse, quoted

if TYPE_CHECKING:
    from tousu.batch.workbook.markup import Attributes, Element

DATE_NUMBERS = frozenset([*range(14, 23), *range(27, 37), *range(50, 59)])
DATE_CODE = re.compile(r"[ymdhs]", re.IGNORECASE)
NO_DATE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|General', re.IGNORECASE)
FIRST_OWN, MOST_STYLES = 164, 60_000
# What stands before the colour in a font.
BEFORE_COLOUR = {"b", "i", "strike", "condense", "extend", "outline", "shadow", "u", "vertAlign", "sz"}
EMPTY = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<styleSheet xmlns="{space}">'
    '<fonts count="1"><font><sz val="11"/><name val="等线"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


class Look(NamedTuple):
    """How an added cell differs from what it stands beside.

    Attributes:
        number: Its number format.
        align: Where its text stands, left to right; nothing leaves it to the program.
        colour: Colour of its letters as RGB, or nothing.
        fill: Colour of its ground as RGB, or nothing.
        bold: Whether its letters are bold.
        size: Their size in points, or 0 for the same.
        top: Colour of a line above it as RGB, or nothing.
    """

    number: str = "General"
    align: str = ""
    colour: str = ""
    fill: str = ""
    bold: bool = False
    size: int = 0
    top: str = ""


class _Block:
    """One of the lists of styles.xml: fonts, fills, borders, number formats or cell styles."""

    def __init__(self, data: bytes, element: Element) -> None:
        self.element = element
        self.kept = [data[child.start : child.end] for child in element.children]
        self.new: list[bytes] = []

    def add(self, raw: bytes) -> int:
        """Return the number of an entry, which is added if there is none like it among the new ones."""
        if raw in self.new:
            return len(self.kept) + self.new.index(raw)
        self.new.append(raw)
        return len(self.kept) + len(self.new) - 1


class Styles:
    """The styles of a workbook, as they are and with what is added.

    Args:
        data: styles.xml in UTF-8.

    Attributes:
        dates: Cell styles that show a number as a date or a time.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        root = parse(data)
        self._prefix = root.prefix.decode()
        self._root = root
        names = ("fonts", "fills", "borders", "cellXfs")
        found = {name: block for name in names if (block := root.child(name)) is not None}
        self._blocks = {name: _Block(data, block) for name, block in found.items()} if len(found) == len(names) else {}
        self._styles = found["cellXfs"].children if "cellXfs" in found else []
        own = [item for item in root.walk() if item.name == "numFmt" and "formatCode" in item.attributes]
        self._codes = {int(item.get("numFmtId", "0")): item.get("formatCode") for item in own}
        self._new_codes: dict[str, int] = {}
        self.dates = {
            number for number, style in enumerate(self._styles) if self._is_date(int(style.get("numFmtId") or "0"))
        }
        self._like: dict[tuple[int, Look], int] = {}

    def _is_date(self, number: int) -> bool:
        """Return whether a number format shows a number as a date or a time of day."""
        code = self._codes.get(number)
        return number in DATE_NUMBERS if code is None else bool(DATE_CODE.search(NO_DATE.sub("", code)))

    def like(self, base: int, look: Look) -> int:
        """Return the number of the style that is as ``base`` but for ``look``; it is added if it is new."""
        key = (base if base < len(self._styles) else 0, look)
        if key not in self._like:
            self._like[key] = self._make(*key) if len(self._like) < MOST_STYLES - len(self._styles) else key[0]
        return self._like[key]

    def _make(self, base: int, look: Look) -> int:
        """Add a style."""
        if not self._blocks or not self._styles:
            return base
        style, p = self._styles[base], self._prefix
        font, fill, border = self._parts_of(style, look)
        fitted = {"numFmtId": self._number(look.number), "fontId": font, "fillId": fill, "borderId": border}
        told = "".join(f' {name}="{value}"' for name, value in fitted.items())
        if "xfId" in style.attributes:
            told += f' xfId="{quoted(style.get("xfId"))}"'
        told += "".join(f' apply{name}="1"' for name in ("NumberFormat", "Font", "Fill", "Border", "Alignment"))
        inner = self._alignment(style, look)
        if protection := style.child("protection"):
            told += ' applyProtection="1"'
            inner += self._data[protection.start : protection.end].decode()
        return self._blocks["cellXfs"].add(f"<{p}xf{told}>{inner}</{p}xf>".encode())

    def _alignment(self, style: Element, look: Look) -> str:
        """Return how a cell's text stands: top to bottom and wrapped as beside it, left to right as the look has it."""
        old = style.child("alignment")
        kept: Attributes = {
            name: value for name, value in (old.attributes if old else {}).items() if name in ("vertical", "wrapText")
        }
        if look.align:
            kept = {"horizontal": look.align, **kept}
        told = "".join(f' {name}="{quoted(value)}"' for name, value in kept.items())
        return f"<{self._prefix}alignment{told}/>"

    def _parts_of(self, style: Element, look: Look) -> tuple[int, int, int]:
        """Return the numbers of font, fill and border of a new style."""
        font, fill, border = (int(style.get(name) or "0") for name in ("fontId", "fillId", "borderId"))
        p = self._prefix
        if look.colour or look.bold or look.size:
            font = self._font(font, look)
        if look.fill:
            ground = f'<{p}patternFill patternType="solid"><{p}fgColor rgb="FF{look.fill}"/><{p}bgColor indexed="64"/>'
            fill = self._blocks["fills"].add(f"<{p}fill>{ground}</{p}patternFill></{p}fill>".encode())
        if look.top:
            line = f'<{p}top style="thin"><{p}color rgb="FF{look.top}"/></{p}top>'
            sides = f"<{p}left/><{p}right/>{line}<{p}bottom/><{p}diagonal/>"
            border = self._blocks["borders"].add(f"<{p}border>{sides}</{p}border>".encode())
        return font, fill, border

    def _font(self, number: int, look: Look) -> int:
        """Return the number of a font like another but for its look."""
        block, p = self._blocks["fonts"], self._prefix
        old = block.element.children[number] if number < len(block.element.children) else None
        parts = [(child.name, self._data[child.start : child.end].decode()) for child in (old.children if old else [])]
        if look.bold:
            parts = [("b", f"<{p}b/>"), *(part for part in parts if part[0] != "b")]
        if look.size:
            parts = [("sz", f'<{p}sz val="{look.size}"/>') if part[0] == "sz" else part for part in parts]
        if look.colour:
            parts = [part for part in parts if part[0] != "color"]
            at = max((place for place, part in enumerate(parts, 1) if part[0] in BEFORE_COLOUR), default=0)
            parts.insert(at, ("color", f'<{p}color rgb="FF{look.colour}"/>'))
        return block.add(f"<{p}font>{''.join(raw for _, raw in parts)}</{p}font>".encode())

    def _number(self, code: str) -> int:
        """Return the number of a number format, which is added if it is new."""
        if code == "General":
            return 0
        known = next((number for number, other in self._codes.items() if other == code), None)
        if known is None:
            known = self._new_codes[code] = max(FIRST_OWN - 1, *self._codes) + 1 if self._codes else FIRST_OWN
            self._codes[known] = code
        return known

    def changed(self) -> bytes | None:
        """Return styles.xml with what was added; None if nothing was."""
        if not any(block.new for block in self._blocks.values()):
            return None
        edits = Edits(self._data)
        for block in self._blocks.values():
            if block.new:
                edits.append(block.element, b"".join(block.new))
                edits.set(block.element, "count", str(len(block.kept) + len(block.new)))
        if self._new_codes:
            p, old = self._prefix, self._root.child("numFmts")
            raw = "".join(f'<{p}numFmt numFmtId="{n}" formatCode="{quoted(c)}"/>' for c, n in self._new_codes.items())
            if old:
                edits.append(old, raw.encode())
                edits.set(old, "count", str(len(old.children) + len(self._new_codes)))
            else:
                edits.insert(
                    self._root.inner, f'<{p}numFmts count="{len(self._new_codes)}">{raw}</{p}numFmts>'.encode()
                )
        return edits.done()
