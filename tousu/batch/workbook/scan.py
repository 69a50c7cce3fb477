"""Reads a sheet's XML beside the cell reader, row by row: what that reader does not tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from xml.parsers import expat

from xlsxwriter.utility import xl_rowcol_to_cell

from tousu.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import IO

    from openpyxl.formula.translate import Translator

PIECE = 1 << 18
DIGITS = "0123456789"
# Elements whose sense is lost when the sheet is written anew, by what people call it.
LOST = {
    "sheetProtection": "工作表保护", "protectedRanges": "工作表保护", "filterColumn": "筛选条件", "scenarios": "方案",
    "conditionalFormatting": "条件格式", "x14:conditionalFormattings": "条件格式", "dataValidations": "数据有效性（下拉列表）",
    "x14:dataValidations": "数据有效性（下拉列表）", "headerFooter": "页眉页脚", "rowBreaks": "分页符", "colBreaks": "分页符",
    "drawing": "图片、图形和图表", "picture": "背景图片", "oleObjects": "嵌入的对象", "controls": "控件",
    "tableParts": "套用的表格格式", "x14:sparklineGroups": "迷你图",
}  # fmt: skip


class Formula(NamedTuple):
    """A cell's formula.

    Attributes:
        text: The formula without ``=``; nothing if it cannot be told.
        whole: Whether it stands for itself; one of several cells' array or of a data table does not.
        array: Whether it is an array formula.
        kind: Type of the result: ``n``, ``b``, ``e`` or ``str``.
        value: The result as the file spells it, or nothing.
    """

    text: str
    whole: bool
    array: bool
    kind: str
    value: str

    @property
    def computed(self) -> bool:
        """Whether the file has a result; that of an empty text is told by its type."""
        return self.value != "" or self.kind == "str"


@dataclass(slots=True)
class RowMarks:
    """What the cell reader does not tell of a row; by column, from 0.

    Attributes:
        styles: Number of the cell's style.
        errors: Error values of cells without a formula.
        formulas: The formulas.
        serials: Numbers that are shown as dates, as the file spells them.
        height: Height in points that a person set, or None.
        hidden: Whether the row is hidden.
        level: How deep it is grouped.
        collapsed: Whether the group before it is folded.
    """

    styles: dict[int, int] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    formulas: dict[int, Formula] = field(default_factory=dict)
    serials: dict[int, str] = field(default_factory=dict)
    height: float | None = None
    hidden: bool = False
    level: int = 0
    collapsed: bool = False

    @property
    def shaped(self) -> bool:
        """Whether the row is not of the common height, seen and ungrouped."""
        return self.height is not None or self.hidden or self.level > 0 or self.collapsed


class ColumnRange(NamedTuple):
    """Columns that look alike, from 0; the width in characters or None."""

    first: int
    last: int
    width: float | None
    hidden: bool
    level: int
    collapsed: bool


class Link(NamedTuple):
    """A hyperlink: its cells, the relationship that names its target, the place within, the screen tip."""

    cells: str
    relation: str
    location: str
    tip: str


class SheetScan:
    """Reads a sheet's XML from its start to its end; rows must be asked for in order.

    Args:
        stream: The XML, or None for a sheet that has none.
        dates: Cell styles that show a number as a date.

    Attributes:
        columns: Looks of the columns; known after the first row, like the three below.
        height: Common height of the rows in points, if a person set one.
        outline: Whether totals stand below and right of what they sum up.
        frozen: How many rows and columns stay where they are.
        links: The hyperlinks; known at the end, like the two below.
        filter: Cells with a filter, such as ``A1:D9``, or nothing.
        lost: What the sheet has that is not written, in Chinese.
    """

    def __init__(self, stream: IO[bytes] | None, dates: Collection[int] = ()) -> None:
        self._stream, self._dates = stream, dates
        self._rows: dict[int, RowMarks] = {}
        self._marks = RowMarks()
        self._row = self._column = -1
        self._letters: dict[str, int] = {}
        self._shared: dict[str, Translator] = {}
        self._kind: str | None = None
        self._catching = False
        self._formula: dict[str, str] | None = None
        self._text: list[str] = []
        self._value: list[str] = []
        self._into: list[str] = []
        self._others: dict[str, Callable[[dict[str, str]], None]] = {}
        self.columns: list[ColumnRange] = []
        self.height: float | None = None
        self.outline = (True, True)
        self.frozen = (0, 0)
        self.filter = ""
        self.links: list[Link] = []
        self.lost: list[str] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._root

    def row(self, number: int) -> RowMarks:
        """Return a row's marks; rows must be asked for in order, from 0 on."""
        while self._stream and self._row <= number:
            self._feed()
        return self._rows.pop(number, None) or RowMarks()

    def more(self, number: int) -> bool:
        """Return whether the sheet has rows behind row ``number``, filled or not."""
        while self._stream and self._row <= number:
            self._feed()
        return self._row > number

    def finish(self) -> None:
        """Read what stands behind the rows."""
        while self._stream:
            self._feed()

    def close(self) -> None:
        """Close the stream."""
        if self._stream:
            self._stream.close()
            self._stream = None

    def _feed(self) -> None:
        """Parse one more piece."""
        assert self._stream is not None
        piece = self._stream.read(PIECE)
        try:
            self._parser.Parse(piece, not piece)
        except (expat.ExpatError, ValueError, KeyError) as error:
            raise FileError("工作表的 XML 已损坏", fix="用 Excel 打开后另存为 .xlsx，再试") from error
        if not piece:
            self.close()

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        """Take note of the prefix all names have, if any."""
        del attributes
        prefix = name[: -len("worksheet")]
        self._cell_name, self._row_name = f"{prefix}c", f"{prefix}row"
        self._formula_name, self._value_name = f"{prefix}f", f"{prefix}v"
        found = {
            "pane": self._pane,
            "autoFilter": self._filter,
            "col": self._col, "hyperlink": self._link, "sheetFormatPr": self._common, "outlinePr": self._outline
        }  # fmt: skip
        self._others = {f"{prefix}{known}": then for known, then in found.items()}
        for known, said in LOST.items():
            self._others[known if ":" in known else f"{prefix}{known}"] = self._losing(known, said)
        self._parser.StartElementHandler = self._start

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == self._cell_name:
            place = attributes.get("r", "")
            column = self._column = self._column_of(place) if place else self._column + 1
            kind = self._kind = attributes.get("t")
            style = attributes.get("s")
            if style is not None:
                number = self._marks.styles[column] = int(style)
                if number in self._dates and (kind is None or kind == "n"):
                    self._catch()
            if kind == "e":
                self._catch()
        elif name == self._row_name:
            self._begin_row(attributes)
        elif name == self._formula_name:
            self._catch()
            self._formula, self._into = attributes, self._text
        elif name == self._value_name:
            if self._catching:
                self._into = self._value
        elif name in self._others:
            self._others[name](attributes)

    def _begin_row(self, attributes: dict[str, str]) -> None:
        """Begin a row's marks."""
        self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
        self._column = -1
        marks = self._marks = self._rows.setdefault(self._row, RowMarks())
        if len(attributes) > 1:
            # Heights nobody set follow from fonts and line breaks that are not kept either.
            marks.height = float(attributes["ht"]) if _on(attributes, "customHeight") and "ht" in attributes else None
            marks.hidden, marks.collapsed = _on(attributes, "hidden"), _on(attributes, "collapsed")
            marks.level = int(attributes.get("outlineLevel", "0"))

    def _column_of(self, place: str) -> int:
        """Return the column, from 0, of a place such as ``AB12``."""
        letters = place.rstrip(DIGITS)
        column = self._letters.get(letters)
        if column is None:
            column = self._letters[letters] = column_of(letters)
        return column

    def _catch(self) -> None:
        """Catch what stands in the cell that has begun; elsewhere the parser need not call for every text."""
        if not self._catching:
            self._catching, self._formula = True, None
            self._text, self._value, self._into = [], [], []
            self._parser.CharacterDataHandler = self._characters
            self._parser.EndElementHandler = self._end

    def _characters(self, text: str) -> None:
        self._into.append(text)

    def _end(self, name: str) -> None:
        self._into = []
        if name != self._cell_name:
            return
        self._catching = False
        self._parser.CharacterDataHandler = self._parser.EndElementHandler = None
        value, column = "".join(self._value), self._column
        if self._formula is not None:
            self._marks.formulas[column] = self._formula_of(self._formula, value)
        elif self._kind == "e":
            self._marks.errors[column] = value
        elif value:
            self._marks.serials[column] = value

    def _formula_of(self, attributes: dict[str, str], value: str) -> Formula:
        """Return the formula of the cell that ends; a shared one is spelt out for its cell."""
        text, kind = "".join(self._text), attributes.get("t")
        if kind == "shared":
            text = self._spelt(attributes.get("si", ""), text)
        # An array's first cell names all its cells.
        whole = kind != "dataTable" and not (kind == "array" and ":" in attributes.get("ref", ""))
        return Formula(text, whole and bool(text), kind == "array", self._kind or "n", value)

    def _spelt(self, group: str, text: str) -> str:
        """Return a shared formula as it reads in the cell that ends, nothing if that cannot be told."""
        from openpyxl.formula.translate import Translator, TranslatorError

        place = xl_rowcol_to_cell(self._row, self._column)
        if text:
            self._shared[group] = Translator(f"={text}", origin=place)
            return text
        try:
            return str(self._shared[group].translate_formula(place))[1:] if group in self._shared else ""
        except TranslatorError:
            return ""

    def _col(self, attributes: dict[str, str]) -> None:
        width = float(attributes["width"]) if "width" in attributes else None
        self.columns.append(
            ColumnRange(
                int(attributes["min"]) - 1, int(attributes["max"]) - 1, width, _on(attributes, "hidden"),
                int(attributes.get("outlineLevel", "0")), _on(attributes, "collapsed"),
            )
        )  # fmt: skip

    def _link(self, attributes: dict[str, str]) -> None:
        relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
        self.links.append(
            Link(attributes["ref"], relation, attributes.get("location", ""), attributes.get("tooltip", ""))
        )

    def _pane(self, attributes: dict[str, str]) -> None:
        if attributes.get("state", "").startswith("frozen"):
            self.frozen = (int(float(attributes.get("ySplit", "0"))), int(float(attributes.get("xSplit", "0"))))

    def _filter(self, attributes: dict[str, str]) -> None:
        self.filter = attributes.get("ref", "")

    def _common(self, attributes: dict[str, str]) -> None:
        if _on(attributes, "customHeight") and "defaultRowHeight" in attributes:
            self.height = float(attributes["defaultRowHeight"])

    def _outline(self, attributes: dict[str, str]) -> None:
        self.outline = tuple(attributes.get(key, "1") in ("1", "true") for key in ("summaryBelow", "summaryRight"))  # type: ignore[assignment]

    def _losing(self, known: str, said: str) -> Callable[[dict[str, str]], None]:
        """Return what takes note of something that is not kept, unless the element says there is none."""

        def met(attributes: dict[str, str]) -> None:
            off = attributes.get("count") == "0" or (known == "sheetProtection" and not _on(attributes, "sheet"))
            if said not in self.lost and not off:
                self.lost.append(said)

        return met


def _on(attributes: dict[str, str], name: str) -> bool:
    """Return whether a flag is set."""
    return attributes.get(name) in ("1", "true")


def column_of(letters: str) -> int:
    """Return the column, from 0, that letters such as ``AB`` name."""
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1
