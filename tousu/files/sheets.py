"""Workbooks of every kind as sheets of cells: .xlsx, .xls, .xlsb, .ods, .et, and what only calls itself one.

Many systems write a web page, an XML table or tab-separated text and call it ``.xls``: the content tells.
"""

from __future__ import annotations

import codecs
import csv
import mmap
import os
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import orjson

from tousu.errors import FileError
from tousu.files.delimiters import find_delimiter
from tousu.files.markup import read_markup
from tousu.files.sheet_child import cell
from tousu.files.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tousu.files.markup import Range

OLE = b"\xd0\xcf\x11\xe0"  # a workbook before 2007, or any with a password
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
MARKUP = (
    b"<?xml",
    b"<html",
    b"<!doctype",
    b"<table",
    b"<workbook",
    b"<meta",
    b"<head",
    b"<style",
    b"<div",
    b"<body",
    b"<ss:",
)
AGAIN = "用 Excel 或 WPS 打开后另存为 .xlsx，再试"
MOST_TEXT = 256 << 20
HEAD = 200
# Address space of the process that reads cells: a sound file needs far less.
MEMORY_FLOOR, MEMORY_PER_BYTE = 1 << 30, 64


@dataclass(slots=True)
class Sheet:
    """One sheet.

    Attributes:
        name: Its name.
        rows: Its rows from the first of the sheet on, each from the first column on; an empty cell is ``""``. Once.
        merged: Merged ranges, as (top, left), (bottom, right).
    """

    name: str
    rows: Iterable[list[Any]]
    merged: list[Range] = field(default_factory=list)


def workbook_kind(path: Path) -> str:
    """Return what a workbook is by its content: ``package`` (.xlsx), ``binary``, ``markup`` or ``text``.

    One with a password counts as a package: whoever opens it says so.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
            if head.startswith(OLE):
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                    return "package" if data.find(ENCRYPTED) >= 0 else "binary"
    except OSError as error:
        raise FileError(f"读不了 {path.name}", fix="检查路径与权限") from error
    if head.startswith(b"PK"):
        return "package" if path.suffix.lower() in (".xlsx", ".xlsm") or _holds_xlsx(path) else "binary"
    plain = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if plain.startswith(MARKUP):
        return "markup"
    plain_text = b"\0" not in head or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return "text" if head.strip() and path.suffix.lower() in (".xls", ".et") and plain_text else "package"


def _holds_xlsx(path: Path) -> bool:
    """Return whether a zip archive is an .xlsx file, whatever its name."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.replace("\\", "/").lower().endswith("workbook.xml") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def read_sheets(path: Path) -> Iterator[Sheet]:
    """Yield the worksheets of a workbook.

    Raises:
        FileError: It has a password or is broken.
    """
    kind = workbook_kind(path)
    if kind == "markup":
        for name, rows, merged in read_markup(read_text(path), path.name):
            yield Sheet(name, rows, merged)
    elif kind == "text":
        lines = read_text(path).splitlines(keepends=True)
        delimiter = find_delimiter([line.rstrip("\r\n") for line in lines[:HEAD]], tab=True)
        yield Sheet("Sheet1", _text_rows(lines, delimiter, path.name))
    else:
        yield from _binary(path)


def _binary(path: Path) -> Iterator[Sheet]:
    """Yield the worksheets that the cell reader finds, which works in a process of its own."""
    most = MEMORY_FLOOR + MEMORY_PER_BYTE * path.stat().st_size
    command = [sys.executable, "-m", "tousu.files.sheet_child", str(path), str(most)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as child:
        try:
            yield from _sheets_of(_Lines(child.stdout), path.name)
        finally:
            child.kill()


class _Lines:
    """The lines of the child, of which the one that begins the next sheet can be looked at before it is taken."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._next: Any = None

    def peek(self) -> Any:
        """Return the next value, None at the end."""
        if self._next is None:
            line = self._stream.readline()
            self._next = orjson.loads(line) if line.endswith(b"\n") else None
        return self._next

    def rows(self) -> Iterator[list[Any]]:
        """Yield the rows of the sheet that has begun."""
        while isinstance(self.peek(), list):
            row, self._next = self._next, None
            yield [cell(value) for value in row]

    def take(self) -> Any:
        """Return the next value that is no row."""
        for _ in self.rows():
            pass
        value, self._next = self.peek(), None
        return value


def _sheets_of(lines: _Lines, name: str) -> Iterator[Sheet]:
    """Yield the sheets that the child tells of.

    Raises:
        FileError: The file has a password, or the child ended before its end.
    """
    while True:
        told = lines.take()
        if told is None:
            raise FileError(f"{name} 不是可读的工作簿", fix=f"检查文件是否完整；{AGAIN}")
        if "locked" in told:
            raise FileError(f"{name} 有密码保护", fix="在 Excel 中去掉密码后再试")
        if "end" in told:
            return
        merged = [((top, left), (bottom, right)) for (top, left), (bottom, right) in told["merged"]]
        yield Sheet(told["sheet"], lines.rows(), merged)


def _text_rows(lines: list[str], delimiter: str, name: str) -> Iterator[list[Any]]:
    """Yield the rows of delimited text."""
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error as error:
        raise FileError(f"{name} 读不成表格", expected="引号成对的表格", fix=AGAIN) from error


def read_text(path: Path) -> str:
    """Return a text file's characters; bytes that spell none become replacement characters.

    Raises:
        FileError: It cannot be read, or is larger than such files are.
    """
    with Source(str(path)) as source:
        encoding = source.settle(None, strict=True)
        data = source.read(MOST_TEXT + 1)
    if len(data) > MOST_TEXT:
        raise FileError(f"{path.name} 超过 {MOST_TEXT >> 20} MB", expected="普通的表格", fix=AGAIN)
    return data.decode(encoding.inner, "replace")


def first_rows(sheet: Sheet) -> tuple[list[list[Any]], Iterator[list[Any]]]:
    """Return a sheet's first rows, and all of them."""
    rows = iter(sheet.rows)
    head = list(islice(rows, HEAD))
    return head, chain(head, rows)
