"""A workbook's parts and how they hang together, whatever program wrote it."""

from __future__ import annotations

import contextlib
import errno
import io
import itertools
import posixpath
import re
import tempfile
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from tousu.batch.workbook.archive import UNREADABLE, Archive, ArchiveWriter, Packed, plain_name, suspicious
from tousu.batch.workbook.markup import BROKEN, PIECE, UTF_16, Edits, Element, parse, quoted, rewrite
from tousu.batch.workbook.scan import SheetScan, TooLong
from tousu.batch.workbook.spelling import CheckedStream, Odd
from tousu.batch.workbook.strings import SharedStrings
from tousu.batch.workbook.styles import EMPTY, Styles
from tousu.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import IO, Self

DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([^"']+)""")
# What the transitional and the strict form of the standard call the same.
MAIN = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
KINDS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
# What parts of our own are spelt with in the common form, and in the strict one.
STRICT = [
    (common.encode(), strict.encode())
    for common, strict in (
        (MAIN[0], MAIN[1]),
        (KINDS[0], KINDS[1]),
        ("http://schemas.openxmlformats.org/drawingml/2006/", "http://purl.oclc.org/ooxml/drawingml/"),
    )
]
LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
TYPES = "[Content_Types].xml"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."
BOOK, BOOK_WITH_MACROS = f"{SHEET_TYPE}sheet.main+xml", "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
TYPE_OF = {
    "worksheet": f"{SHEET_TYPE}worksheet+xml",
    "styles": f"{SHEET_TYPE}styles+xml",
    "sharedStrings": f"{SHEET_TYPE}sharedStrings+xml",
    "table": f"{SHEET_TYPE}table+xml",
    "drawing": "application/vnd.openxmlformats-officedocument.drawing+xml",
    "chart": "application/vnd.openxmlformats-officedocument.drawingml.chart+xml",
}
IN_MEMORY = 8 << 20
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Link(NamedTuple):
    """What a part refers to: the kind's last word, and the part; nothing for what lies outside or is not there."""

    kind: str
    part: str


class Sheet(NamedTuple):
    """A sheet of the workbook: its name, its kind (``worksheet``, ``chartsheet`` …) and its part."""

    name: str
    kind: str
    part: str


class Package:
    """A workbook, taken apart.

    Args:
        path: The file.
        name: What to call it in errors.
        folder: Where what is too large for the memory may lie for a while; nothing of it has a name.
        tick: Is called all the while, and may raise.

    Attributes:
        sheets: Its sheets in their order.
        since_1904: Whether days are counted from 1904.
        strict: Whether it is written in the strict form of the standard.
        macros: Whether it says of itself that it may have macros.

    Raises:
        FileError: It is broken, locked by a password, or no .xlsx.
        FileSuspicious: It unpacks to far more than it should.
    """

    def __init__(self, path: str, name: str, folder: Path, tick: Callable[[], None]) -> None:
        self._name, self._folder, self._tick = name, folder, tick
        self._changed: dict[str, bytes | Packed] = {}
        self._types: dict[str, str] = {}
        self._dropped: set[str] = set()
        self._sound: set[str] = set()
        with contextlib.ExitStack() as held:
            self.archive = held.enter_context(Archive(path, name))
            self.book = self._find_book()
            self.sheets = list(self._find_sheets())
            self._held = held.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._held.close()

    @contextlib.contextmanager
    def reading(self, part: str) -> Iterator[None]:
        """Turn what reading a part may raise into our own errors."""
        try:
            yield
        except TooLong as error:
            raise suspicious(self._name, f"{part} 的一行或行外的内容过长") from error
        except (*UNREADABLE, *BROKEN) as error:
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise
            raise self.archive.broken(part) from error

    def scratch(self) -> IO[bytes]:
        """Return a file without a name, which lasts as long as the package is open."""
        return self._held.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(self._folder)))

    def data(self, part: str) -> bytes:
        """Return a small part as it now is, in UTF-8."""
        kept = self._changed.get(part)
        if isinstance(kept, bytes):
            return kept
        data = self.archive.read(part)
        told = DECLARED.match(data.removeprefix(b"\xef\xbb\xbf"))
        if data.startswith(UTF_16) or (told and told[1].lower() not in (b"utf-8", b"utf8")):
            target = io.BytesIO()
            with self.reading(part):
                rewrite(io.BytesIO(data), target)
            data = target.getvalue()
        return data

    def tree(self, part: str) -> tuple[bytes, Element]:
        """Return a small part and its elements.

        Raises:
            FileError: It is not there or broken.
        """
        if part not in self.archive.parts and part not in self._changed:
            raise self.archive.broken(part)
        data = self.data(part)
        with self.reading(part):
            return data, parse(data)

    def _links_of(self, part: str) -> str:
        """Return the part that says what a part refers to."""
        folder, file = posixpath.split(part)
        wanted = posixpath.join(folder, "_rels", f"{file}.rels")
        return self.archive.find(wanted) or wanted

    def links(self, part: str) -> dict[str, Link]:
        """Return what a part refers to, by identifier."""
        place = self._links_of(part)
        if place not in self.archive.parts and place not in self._changed:
            return {}
        folder = posixpath.dirname(part)
        found = {}
        for link in self.tree(place)[1].children:
            inside = link.get("TargetMode") != "External"
            target = self._target(folder, link.get("Target")) if inside else ""
            found[link.get("Id")] = Link(link.get("Type").rpartition("/")[2], target)
        return found

    def _target(self, folder: str, target: str) -> str:
        """Return the part that a target names, nothing if it is not there."""
        wanted = posixpath.normpath(posixpath.join("/", folder, target.replace("\\", "/"))).lstrip("/")
        return self.archive.find(wanted) or self.archive.find(unquote(wanted)) or ""

    def _find_book(self) -> str:
        """Return the part that is the workbook itself."""
        linked = (link.part for link in self.links("").values() if link.kind == "officeDocument" and link.part)
        found = next(linked, None) or self.archive.find("xl/workbook.xml")
        if found is None:
            raise self.archive.broken()
        return found

    def _find_sheets(self) -> Iterator[Sheet]:
        """Yield the sheets; take note of how the workbook is written."""
        root, links = self.tree(self.book)[1], self.links(self.book)
        self.strict = MAIN[1] in root.attributes.values()
        told = root.child("workbookPr")
        self.since_1904 = told is not None and told.get("date1904") in ("1", "true")
        self.macros = self._type_of(self.book).casefold() == BOOK_WITH_MACROS.casefold() or any(
            link.kind == "vbaProject" for link in links.values()
        )
        sheets = root.child("sheets")
        for sheet in sheets.children if sheets else ():
            relation = next((value for key, value in sheet.attributes.items() if key.endswith(":id")), "")
            kind, part = links.get(relation, Link("", ""))
            if not part:
                raise FileError(
                    f"{self._name} 中工作表 {sheet.get('name')} 的内容不在文件里", expected="完整的工作簿",
                    fix="重新取得文件，或用 Excel 打开后另存为 .xlsx，再试",
                )  # fmt: skip
            yield Sheet(sheet.get("name"), kind, part)

    def part_of(self, kind: str) -> str:
        """Return the workbook's part of a kind, nothing if it has none."""
        return next((link.part for link in self.links(self.book).values() if link.kind == kind), "")

    def scan(self, sheet: Sheet) -> SheetScan:
        """Return a look through a sheet.

        Raises:
            FileError: It is broken.
        """
        with self.reading(f"工作表 {sheet.name}"):
            found = SheetScan(lambda: self.archive.open(sheet.part), self.scratch, self._tick)
        self._sound.add(sheet.part)
        return found

    @cached_property
    def strings(self) -> SharedStrings | None:
        """The shared strings, or None if there are none."""
        part = self.part_of("sharedStrings")
        if not part:
            return None
        file = self.scratch()
        with self.reading(part):
            try:
                with self.archive.open(part) as stream:
                    checked = CheckedStream(stream, self._tick, root="sst")
                    while piece := checked.read(PIECE):
                        file.write(piece)
            except Odd:
                file.seek(0)
                file.truncate()
                with self.archive.open(part) as stream:
                    rewrite(stream, file)
            self._sound.add(part)
            return SharedStrings(file, checked.prefix)

    @cached_property
    def styles(self) -> Styles:
        """The cell styles; the simplest ones if there are none."""
        part = self.part_of("styles")
        with self.reading(part or "styles.xml"):
            return Styles(self.data(part) if part else EMPTY.format(space=MAIN[self.strict]).encode())

    @cached_property
    def _told_types(self) -> dict[str, str]:
        """The content types the workbook tells, by part or by ``.ending``."""
        if TYPES not in self.archive.parts:
            return {}
        told = self.tree(TYPES)[1].children
        return {
            (f".{one.get('Extension')}" if one.name == "Default" else plain_name(one.get("PartName"))).casefold():
            one.get("ContentType") for one in told
        }  # fmt: skip

    def _type_of(self, part: str) -> str:
        """Return a part's content type, nothing if none is told."""
        return self._told_types.get(part.casefold()) or self._told_types.get(posixpath.splitext(part)[1].casefold(), "")

    def free(self, pattern: str, first: int | str = 1) -> str:
        """Return a name beside the workbook that no part has yet: ``pattern`` with ``first``, else the lowest number from 2."""
        folder = posixpath.dirname(self.book)
        names = (
            posixpath.join(folder, pattern.format(number)) for number in itertools.chain([first], itertools.count(2))
        )
        return next(name for name in names if self.archive.find(name) is None and name not in self._changed)

    def put(self, part: str, content: bytes | Packed, kind: str = "") -> None:
        """Put a part in, or in the place of the one there was; a new one needs its kind."""
        self._changed[part] = content
        if kind:
            self._types[part] = TYPE_OF[kind]

    def relate(self, part: str, kind: str, target: str) -> str:
        """Let a part refer to another; return the identifier."""
        place = self._links_of(part)
        link = f'Type="{KINDS[self.strict]}/{kind}" Target="/{quoted(target)}"'
        if place not in self.archive.parts and place not in self._changed:
            inner = f'<Relationships xmlns="{LINKS}"><Relationship Id="rId1" {link}/></Relationships>'
            self.put(place, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{inner}'.encode())
            return "rId1"
        data, root = self.tree(place)
        used = {child.get("Id") for child in root.children}
        new = next(name for number in range(1, len(used) + 2) if (name := f"rId{number}") not in used)
        edits = Edits(data)
        edits.append(root, b'<%sRelationship Id="%s" %s/>' % (root.prefix, new.encode(), link.encode()))
        self.put(place, edits.done())
        return new

    def drop_macros(self) -> None:
        """Leave the macros out, and say of the workbook that it has none."""
        place = self._links_of(self.book)
        data, root = self.tree(place)
        edits = Edits(data)
        for link in root.children:
            if link.get("Type").endswith("/vbaProject"):
                edits.replace(link.start, link.end, b"")
                part = self._target(posixpath.dirname(self.book), link.get("Target"))
                self._dropped |= {part, self._links_of(part), *(more.part for more in self.links(part).values())}
        self.put(place, edits.done())
        self._types[self.book] = BOOK
        self.macros = False

    def write(self, file: IO[bytes]) -> None:
        """Write the workbook: every part that was not changed as it was packed.

        Raises:
            FileError: A part is broken.
        """
        if (styles := self.styles.changed()) is not None:
            part = self.part_of("styles")
            if not part:
                part = self.free("styles{}.xml", first="")
                self.relate(self.book, "styles", part)
            self.put(part, styles, "styles")
        self.put(TYPES, self._content_types())
        writer = ArchiveWriter(file)
        for part in (TYPES, *(part for part in self.archive.parts if part != TYPES)):
            self._tick()
            if part in self._dropped:
                continue
            if part in self._changed:
                self._place(writer, part)
            else:
                if part not in self._sound:
                    self.archive.check(part)
                writer.copy(self.archive, part)
        for part in self._changed:
            if part not in self.archive.parts and part != TYPES:
                self._place(writer, part)
        writer.finish()

    def _place(self, writer: ArchiveWriter, part: str) -> None:
        content = self._changed[part]
        if isinstance(content, Packed):
            writer.place(part, content)
        else:
            writer.add(part, content)

    def _content_types(self) -> bytes:
        """Return the list of the parts' types, with those that are new or were missing."""
        wanted = {sheet.part: TYPE_OF["worksheet"] for sheet in self.sheets if sheet.kind == "worksheet"}
        wanted |= {part: TYPE_OF[kind] for kind in ("styles", "sharedStrings") if (part := self.part_of(kind))}
        wanted[self.book] = BOOK_WITH_MACROS if self.macros else BOOK
        told = {part: self._type_of(part) for part in wanted}
        missing = {part: kind for part, kind in wanted.items() if not told[part].endswith("+xml")} | self._types
        if TYPES in self.archive.parts:
            data, root = self.tree(TYPES)
        else:
            data = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Types xmlns="%s"></Types>' % TYPES_SPACE
            root = parse(data)
        edits, new = Edits(data), []
        for ending, kind in (("rels", RELS_TYPE), ("xml", "application/xml")):
            if f".{ending}" not in self._told_types:
                new.append(f'<{{p}}Default Extension="{ending}" ContentType="{kind}"/>')
        for item in root.children:
            part = plain_name(item.get("PartName"))
            if item.name == "Override" and (part in missing or self.archive.find(part) in self._dropped):
                edits.replace(item.start, item.end, b"")
        new += [f'<{{p}}Override PartName="/{quoted(part)}" ContentType="{kind}"/>' for part, kind in missing.items()]
        edits.append(root, "".join(new).replace("{p}", root.prefix.decode()).encode())
        return edits.done()


TYPES_SPACE = b"http://schemas.openxmlformats.org/package/2006/content-types"
RELS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"
