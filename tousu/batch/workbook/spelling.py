"""How a sheet's XML is spelt: the names the rows are found by, and one spelling for all that cannot be read so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers import expat

from tousu.batch.workbook.cells import column_of, letters_of
from tousu.batch.workbook.markup import PIECE, UTF_16, Attributes, refuse_type

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

PLACE = re.compile(r"\$?([A-Za-z]{1,3})\$?[0-9]+")
# Spellings that the rows are not read in.
ODD = (b" >", b"\n>", b' s=""', b' t=""')
LONGEST_ODD = max(map(len, ODD))


class Odd(ValueError):
    """A sheet is spelt in a way that the rows are not read in."""


class Tags:
    """How a sheet spells its elements.

    Args:
        prefix: What all names begin with.
    """

    def __init__(self, prefix: bytes) -> None:
        name = re.escape(prefix)
        self.data = re.compile(rb"<%ssheetData(?:\s[^>]*)?>" % name)
        self.data_end = b"</%ssheetData" % prefix
        self.row, self.row_r, self.row_end = b"<%srow" % prefix, b'<%srow r="' % prefix, b"</%srow>" % prefix
        self.cell, self.cell_r, self.cell_end = b"<%sc" % prefix, b'<%sc r="' % prefix, b"</%sc>" % prefix
        self.number = re.compile(rb'<%srow r="([1-9][0-9]*)"' % name)
        self.formula, self.value_end, self.no_value = (
            b"<%sf" % prefix,
            b"</%sv>" % prefix,
            b"<%sv></%sv>" % (prefix, prefix),
        )
        self.blank = {b"", self.no_value, b"<%sv/>" % prefix, b"<%sv />" % prefix}
        self.with_formula = re.compile(
            rb'<%sc r="[A-Z]+[0-9]+"([^>]*)(?<!/)>(<%sf[\s/>].*?)</%sc>' % (name, name, name), re.DOTALL
        )
        self.hidden = re.compile(rb'<%srow [^>]*\bhidden="(?:1|true)"' % name)


class CheckedStream:
    """A part's bytes, checked for well-formedness while they are read.

    Args:
        stream: The part, from its start.
        tick: Is called all the while.
        root: What its outermost element is called.
        trusted: Whether the part has been spelt anew; else a spelling that is not read here is ``Odd``.

    Attributes:
        prefix: What all names begin with.
    """

    def __init__(
        self, stream: IO[bytes], tick: Callable[[], None], *, root: str = "worksheet", trusted: bool = False
    ) -> None:
        self._stream, self._tick, self._root_name, self._trusted = stream, tick, root, trusted
        self._odd, self._last, self._first = False, b"", b""
        parser = self._parser = expat.ParserCreate()
        parser.StartElementHandler = self._root
        parser.CommentHandler = parser.ProcessingInstructionHandler = parser.StartCdataSectionHandler = self._met
        parser.StartDoctypeDeclHandler = refuse_type
        parser.XmlDeclHandler = self._declared
        self.prefix, self._begun = b"", False
        self._first = self.read(PIECE)
        if not self._begun:
            raise ValueError("no root")

    def read(self, size: int) -> bytes:
        """Read some bytes, ``size`` at most."""
        if self._first:
            piece, self._first = self._first, b""
            return piece
        piece = self._stream.read(size)
        self._tick()
        self._odd = self._odd or piece.startswith(UTF_16)
        self._parser.Parse(piece, not piece)
        if not self._trusted:
            seam = self._last + piece[:LONGEST_ODD]
            if self._odd or any(sign in piece or sign in seam for sign in ODD):
                raise Odd
            self._last = piece[-LONGEST_ODD:]
        return piece

    def _root(self, name: str, _attributes: Attributes) -> None:
        prefix, _, local = name.rpartition(":")
        if local != self._root_name:
            raise ValueError("another kind of part")
        self.prefix = f"{prefix}:".encode() if prefix else b""
        self._parser.StartElementHandler = None
        self._begun = True

    def _met(self, *_told: object) -> None:
        self._odd = True

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self._odd = self._odd or (encoding or "utf-8").casefold() != "utf-8"


class Places:
    """Gives every row and cell its place, where a program left it out or counted in its own way."""

    def __init__(self) -> None:
        self._row = self._column = 0
        self._names: tuple[str, str] | None = None

    def __call__(self, name: str, attributes: Attributes) -> None:
        """Set the place of an element, if it is a row or a cell."""
        if self._names is None:
            prefix = name[: -len("worksheet")]
            self._names = (f"{prefix}row", f"{prefix}c")
        if name == self._names[0]:
            told = attributes.pop("r", "")
            self._row = int(told) if told.isdecimal() and int(told) else self._row + 1
            self._column = 0
            _lead(attributes, str(self._row))
        elif name == self._names[1]:
            found = PLACE.fullmatch(attributes.pop("r", ""))
            self._column = column_of(found[1].upper()) + 1 if found else self._column + 1
            _lead(attributes, f"{letters_of(self._column - 1)}{self._row}")


def _lead(attributes: Attributes, place: str) -> None:
    """Put a place before the other attributes, of which those of no value go."""
    others = {key: value for key, value in attributes.items() if value or key not in ("s", "t")}
    attributes.clear()
    attributes.update({"r": place, **others})
