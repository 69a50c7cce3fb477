"""Sheets of paper as Word files, in the look of official documents: a title, lines, numbered parts, tables."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
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
        table = self._document.add_table(rows=1, cols=len(heads), style="Table Grid")
        table.autofit = False
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Mm(width)
        repeated = OxmlElement("w:tblHeader")
        table.rows[0]._tr.get_or_add_trPr().append(repeated)
        self._fill(table.rows[0], heads, widths, bold=True)
        for cells in rows:
            self._fill(table.add_row(), cells, widths)
        self._paragraph("", BODY, 6)

    def data(self) -> bytes:
        """Return the file, its blanks 【待填…】 marked yellow."""
        list(mark_blanks(self._document))
        target = io.BytesIO()
        self._document.save(target)
        return target.getvalue()

    def _fill(self, row: Any, cells: Sequence[str], widths: Sequence[int], *, bold: bool = False) -> None:
        kept = OxmlElement("w:cantSplit")
        row._tr.get_or_add_trPr().append(kept)
        for cell, text, width in zip(row.cells, cells, widths, strict=True):
            cell.width = Mm(width)
            self._run(cell.paragraphs[0], text, HEAD if bold else BODY, 10)

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
