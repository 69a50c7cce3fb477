"""Sheets of paper as Word files, in the look of official documents: a title, lines, numbered parts, tables."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt

from tousu.letters.facts import clean
from tousu.letters.write import mark_blanks

if TYPE_CHECKING:
    from collections.abc import Sequence

BODY, HEAD, TITLE = "仿宋", "黑体", "宋体"


class Paper:
    """A Word file being written.

    Args:
        landscape: Whether the sheet lies.
    """

    def __init__(self, *, landscape: bool = False) -> None:
        self._document = Document()
        section = self._document.sections[0]
        section.page_width, section.page_height = (Mm(297), Mm(210)) if landscape else (Mm(210), Mm(297))
        section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
        section.top_margin = section.bottom_margin = Mm(22 if landscape else 30)
        section.left_margin = section.right_margin = Mm(22 if landscape else 26)

    def title(self, text: str) -> None:
        """Write the title."""
        self._paragraph(text, TITLE, 20, bold=True, centred=True, after=6)
        self._document.core_properties.title = clean(text)
        self._document.core_properties.author = ""

    def part(self, text: str) -> None:
        """Write a part's heading, kept with what follows."""
        self._paragraph(text, HEAD, 14, before=8, after=2).paragraph_format.keep_with_next = True

    def line(self, text: str, *, centred: bool = False) -> None:
        """Write a paragraph."""
        self._paragraph(text, BODY, 12, centred=centred, after=3)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
        """Write a table whose heading repeats on every page.

        Args:
            heads: The columns.
            rows: Cells of each row.
            widths: Of the columns, in millimetres.
        """
        tags = [
            "<w:tblPr><w:tblStyle w:val='TableGrid'/><w:tblW w:w='0' w:type='auto'/><w:tblLayout w:type='fixed'/></w:tblPr>",
            "<w:tblGrid>" + "".join(f"<w:gridCol w:w='{_twips(width)}'/>" for width in widths) + "</w:tblGrid>",
            _row(heads, widths, HEAD, "<w:tblHeader/>"),
            *(_row(cells, widths, BODY) for cells in rows),
        ]
        # Written as it stands in the file: cell by cell through the library takes minutes for a long table.
        made = parse_xml(f"<w:tbl {nsdecls('w')}>{''.join(tags)}</w:tbl>")
        self._document.element.body.insert_element_before(made, "w:sectPr")
        self._paragraph("", BODY, 6)

    def data(self) -> bytes:
        """Return the file, its blanks 【待填…】 marked yellow."""
        list(mark_blanks(self._document))
        target = io.BytesIO()
        self._document.save(target)
        return target.getvalue()

    def _paragraph(
        self,
        text: str,
        font: str,
        size: int,
        *,
        bold: bool = False,
        centred: bool = False,
        before: int = 0,
        after: int = 0,
    ) -> Any:
        paragraph = self._document.add_paragraph()
        paragraph.paragraph_format.space_before, paragraph.paragraph_format.space_after = Pt(before), Pt(after)
        if centred:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        self._run(paragraph, text, font, size, bold=bold)
        return paragraph

    def _run(self, paragraph: Any, text: str, font: str, size: int, *, bold: bool = False) -> None:
        run = paragraph.add_run(clean(text) if text.strip() else "")
        run.font.size, run.bold, run.font.name = Pt(size), bold, "Times New Roman"
        run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)


def _row(cells: Sequence[str], widths: Sequence[int], font: str, more: str = "") -> str:
    """Return a row of a table, not to be broken over two pages."""
    face = f"<w:rFonts w:ascii='Times New Roman' w:hAnsi='Times New Roman' w:eastAsia='{font}'/>"
    made = "".join(
        f"<w:tc><w:tcPr><w:tcW w:w='{_twips(width)}' w:type='dxa'/></w:tcPr><w:p><w:r><w:rPr>{face}<w:sz w:val='20'/></w:rPr>"
        f"<w:t xml:space='preserve'>{escape(clean(text))}</w:t></w:r></w:p></w:tc>"
        for text, width in zip(cells, widths, strict=True)
    )
    return f"<w:tr><w:trPr><w:cantSplit/>{more}</w:trPr>{made}</w:tr>"


def _twips(millimetres: int) -> int:
    return round(millimetres * 1440 / 25.4)
