"""Writing a letter: a checked template filled with a case's values, its blanks marked, under its name when whole."""

from __future__ import annotations

import copy
import dataclasses
import io
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import jinja2
from docx.enum.text import WD_COLOR_INDEX
from docx.oxml.ns import qn
from docx.text.run import Run

from tousu.letters.facts import impersonal, remarks, values_of
from tousu.letters.table import default_folder, load_letters
from tousu.letters.template import FOOTER, HEADER, bad_mark, check_template, environment, open_template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docx.document import Document

    from tousu.letters.facts import CaseFacts, Wording

BLANK = re.compile(r"(【待填[^】]*】)")
CITED = re.compile(r"(《[^《》]+》)（[^（）]*令[^（）]*号）")


class Written(NamedTuple):
    """A letter as it came out.

    Attributes:
        data: The Word file.
        name: The letter's name.
        blanks: What is left to fill in, in the order it stands.
        remarks: What the officer should know before signing, in Chinese.
    """

    data: bytes
    name: str
    blanks: tuple[str, ...]
    remarks: tuple[str, ...]


def make_letter(kind: str, facts: CaseFacts, wording: Wording, folder: Path | None = None) -> Written:
    """Make a letter; what nothing is known of stays a visible blank 【待填：…】, marked yellow.

    Args:
        kind: Which letter: its code or Chinese name.
        facts: The case.
        wording: The officer's part.
        folder: The directory of table and templates; the shipped one by default.

    Raises:
        RulesError: The table breaks a rule, or there is no such letter or ground.
        TemplateError: The template cannot be used.
        UsageError: The officer named a field that does not exist.
    """
    table = load_letters(folder)
    letter = table.letter(kind)
    path = (folder or default_folder()) / letter.template
    checked = check_template(path, facts.law_day(wording.date), table)
    template = open_template(path)
    if letter.kind == "handover" and facts.text:
        facts = dataclasses.replace(facts, text=impersonal(facts.text, facts.sender))
    values = values_of(facts, wording, table)
    try:
        template.render(values, environment(), autoescape=True)
    except jinja2.TemplateError as error:
        raise bad_mark(path, "", error) from error
    document: Document = template.docx
    document.core_properties.title = letter.name
    _cite_numbers_once(document)
    blanks = tuple(dict.fromkeys(mark_blanks(document)))
    target = io.BytesIO()
    document.save(target)
    unused = [
        f"{letter.name}的模板里没有 {{{{ {name} }}}}，写明的{name}没有用上"
        for name in wording.own
        if name not in checked.fields
    ]
    return Written(target.getvalue(), letter.name, blanks, (*remarks(facts, letter.kind, wording, table), *unused))


def _texts(document: Document) -> list[Any]:
    """Return the pieces of text of a document's body and of every header and footer, those of first and even pages too.

    By the parts themselves: a rendered template's sections still lead to its headers as they were before.
    """
    parts = [rel.target_part for rel in document.part.rels.values() if rel.reltype in (HEADER, FOOTER)]
    roots = [document.element.body, *(part.element for part in parts)]
    return [text for root in roots for text in root.iter(qn("w:t"))]


def _cite_numbers_once(document: Document) -> None:
    """Leave a law's number where it is first cited only, as letters do."""
    seen: set[str] = set()

    def cited(found: re.Match[str]) -> str:
        first = found[0] not in seen
        seen.add(found[0])
        return found[0] if first else found[1]

    for text in _texts(document):
        text.text = CITED.sub(cited, text.text or "")


def mark_blanks(document: Document) -> Iterator[str]:
    """Mark every blank of a document yellow, and yield what is to be filled in there."""
    for text in _texts(document):
        pieces = [piece for piece in BLANK.split(text.text or "") if piece]
        blank = [bool(BLANK.fullmatch(piece)) for piece in pieces]
        run = text.getparent()
        if not any(blank) or run.tag != qn("w:r"):
            continue
        yield from (piece[3:-1].lstrip("：") for piece, is_blank in zip(pieces, blank, strict=True) if is_blank)
        _split_run(run, text, pieces, blank)


def _split_run(run: Any, text: Any, pieces: list[str], blank: list[bool]) -> None:
    """Put runs of one piece each in the place of a run, the blanks among them yellow."""
    others = [child for child in run if child is not text and child.tag != qn("w:rPr")]
    if others:  # a run that holds breaks or tabs as well stays whole
        Run(run, None).font.highlight_color = WD_COLOR_INDEX.YELLOW  # type: ignore[arg-type]
        return
    for piece, is_blank in zip(pieces, blank, strict=True):
        part = copy.deepcopy(run)
        made = Run(part, None)  # type: ignore[arg-type]
        made.text = piece
        if is_blank:
            made.font.highlight_color = WD_COLOR_INDEX.YELLOW
        run.addprevious(part)
    run.getparent().remove(run)
