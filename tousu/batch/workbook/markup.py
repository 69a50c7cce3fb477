"""XML parts with the place of every element, so that a change touches nothing but what it means to change."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

PIECE = 1 << 18
TAG = re.compile(rb"""<[^>"']*(?:"[^"]*"[^>"']*|'[^']*'[^>"']*)*>""")
QUOTED = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
BROKEN = (expat.ExpatError, ValueError, IndexError, LookupError)
Attributes = dict[str, str]


@dataclass(slots=True)
class Element:
    """An element of a part, by byte places.

    Attributes:
        name: Its name without prefix.
        prefix: The prefix with its colon, or nothing.
        attributes: Its attributes, names as the part spells them.
        start: Where its start tag begins.
        inner: Where its start tag ends.
        close: Where its end tag begins; ``inner`` if it has none.
        end: Where it ends.
        children: The elements in it.
    """

    name: str
    prefix: bytes
    attributes: Attributes
    start: int
    inner: int
    close: int = -1
    end: int = -1
    children: list[Element] = field(default_factory=list)

    @property
    def closed(self) -> bool:
        """Whether it is one tag, ``<like this/>``."""
        return self.end == self.inner

    def get(self, name: str, default: str = "") -> str:
        """Return an attribute."""
        return self.attributes.get(name, default)

    def child(self, name: str) -> Element | None:
        """Return the first element of a name in it."""
        return next((child for child in self.children if child.name == name), None)

    def walk(self) -> Iterator[Element]:
        """Yield it and all elements in it."""
        yield self
        for child in self.children:
            yield from child.walk()


def parse(data: bytes, *, depth: int = 99, whole: bool = True) -> Element:
    """Return a part's root.

    Args:
        data: The part, or its beginning; UTF-8.
        depth: How deep elements are told; 0 tells the root alone.
        whole: Whether ``data`` goes to the end of the part.

    Raises:
        ExpatError: It is no well-formed XML.
        ValueError: It brings a document type, which no part of a workbook has.
    """
    parser = expat.ParserCreate()
    open_, roots, level = list[Element](), list[Element](), -1

    def begin(name: str, attributes: Attributes) -> None:
        nonlocal level
        level += 1
        if level > depth:
            return
        at = parser.CurrentByteIndex
        tag = TAG.match(data, at)
        prefix, _, local = name.rpartition(":")
        found = Element(local, f"{prefix}:".encode() if prefix else b"", attributes, at, tag.end() if tag else at)
        (open_[-1].children if open_ else roots).append(found)
        open_.append(found)

    def finish(_name: str) -> None:
        nonlocal level
        level -= 1
        if level + 1 > depth:
            return
        found = open_.pop()
        if data[found.inner - 2 : found.inner] == b"/>":
            found.close = found.end = found.inner
        else:
            found.close = parser.CurrentByteIndex
            found.end = data.index(b">", found.close) + 1

    parser.StartElementHandler, parser.EndElementHandler = begin, finish
    parser.StartDoctypeDeclHandler = refuse_type
    parser.Parse(data, whole)
    return roots[0]


def refuse_type(*_told: object) -> None:
    """Refuse a document type: parts of a workbook have none, and it could blow them up."""
    raise ValueError("a document type")


class Edits:
    """Changes of a part, put in at the end all at once."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._changes: list[tuple[int, int, bytes]] = []

    def replace(self, start: int, end: int, new: bytes) -> None:
        """Put ``new`` in the place of the bytes from ``start`` to ``end``."""
        self._changes.append((start, end, new))

    def insert(self, at: int, new: bytes) -> None:
        """Put ``new`` before the byte ``at``; what is put in at one place stands in the order of the calls."""
        self._changes.append((at, at, new))

    def append(self, element: Element, new: bytes) -> None:
        """Put ``new`` at the end of an element; once for each that is one tag only."""
        if element.closed:
            name = element.prefix + element.name.encode()
            self.replace(element.inner - 2, element.inner, b">" + new + b"</" + name + b">")
        else:
            self.insert(element.close, new)

    def set(self, element: Element, name: str, value: str) -> None:
        """Give an element an attribute, in the place of the one of this name."""
        tag = self.data[element.start : element.inner]
        spelt = quoted(value).encode()
        found = re.search(rb"""\s%s\s*=\s*("[^"]*"|'[^']*')""" % re.escape(name.encode()), tag)
        if found:
            self.replace(element.start + found.start(1), element.start + found.end(1), b'"' + spelt + b'"')
        else:
            at = element.inner - (2 if tag.endswith(b"/>") else 1)
            self.insert(at, b' %s="%s"' % (name.encode(), spelt))

    def drop(self, element: Element, name: str) -> None:
        """Take an attribute from an element."""
        tag = self.data[element.start : element.inner]
        found = re.search(rb"""\s%s\s*=\s*("[^"]*"|'[^']*')""" % re.escape(name.encode()), tag)
        if found:
            self.replace(element.start + found.start(), element.start + found.end(), b"")

    def done(self) -> bytes:
        """Return the changed part."""
        pieces, at = [], 0
        for start, end, new in sorted(self._changes, key=lambda change: change[0]):
            pieces += [self.data[at:start], new]
            at = end
        return b"".join([*pieces, self.data[at:]])


def quoted(value: str) -> str:
    """Return a text as it stands between the double quotes of an attribute."""
    return escape(value, QUOTED)


def rewrite(source: IO[bytes], target: IO[bytes], *, change: Callable[[str, Attributes], None] | None = None) -> None:
    """Write a part in the one spelling the rest of this room reads: UTF-8, no comments, double quotes.

    Args:
        source: The part.
        target: Where it is written.
        change: What may change an element's attributes, told its name.

    Raises:
        ExpatError: It is no well-formed XML.
        ValueError: It brings a document type.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    out: list[str] = ['<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n']
    waiting = False  # whether the last start tag still lacks its end

    def begin(name: str, attributes: Attributes) -> None:
        nonlocal waiting
        if change:
            change(name, attributes)
        told = "".join(f' {key}="{quoted(value)}"' for key, value in attributes.items())
        out.append(f"><{name}{told}" if waiting else f"<{name}{told}")
        waiting = True

    def finish(name: str) -> None:
        nonlocal waiting
        out.append("/>" if waiting else f"</{name}>")
        waiting = False

    def characters(text: str) -> None:
        nonlocal waiting
        spelt = escape(text, {"\r": "&#13;"})
        out.append(f">{spelt}" if waiting else spelt)
        waiting = False

    parser.StartElementHandler, parser.EndElementHandler = begin, finish
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = characters, refuse_type
    while piece := source.read(PIECE):
        parser.Parse(piece, False)
        target.write("".join(out).encode())
        out.clear()
    parser.Parse(b"", True)
    target.write("".join(out).encode())
