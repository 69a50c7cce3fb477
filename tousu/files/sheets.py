"""Workbooks of every kind as sheets of cells: .xlsx, .xls, .xlsb, .ods, .et, and what only calls itself one.

Many systems write a web page, an XML table or tab-separated text and call it ``.xls``: the content tells.
"""

from __future__ import annotations

import codecs
import csv
import mmap
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from tousu.errors import FileError
from tousu.files.delimiters import find_delimiter
from tousu.files.markup import read_markup
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
    except (zipfile.BadZipFile, OSError, ValueError):
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
    """Yield the worksheets that the cell reader finds."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    with readable(path.name), path.open("rb") as file:
        book = CalamineWorkbook.from_filelike(file)
        metas = [meta for meta in book.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]
        for meta in metas:
            sheet = book.get_sheet_by_name(meta.name)
            left = [""] * (sheet.start[1] if sheet.start else 0)
            rows = (left + row if left else row for row in (sheet.iter_rows() if sheet.start else ()))
            yield Sheet(meta.name, rows, list(sheet.merged_cell_ranges or ()))


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


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Turn whatever the cell reader says of a broken workbook into a named error.

    Raises:
        FileError: It is broken or has a password.
    """
    from python_calamine import CalamineError, PasswordError

    try:
        yield
    except PasswordError as error:
        raise FileError(f"{name} 有密码保护", fix="在 Excel 中去掉密码后再试") from error
    except (CalamineError, OSError, ValueError, OverflowError, MemoryError) as error:
        raise FileError(f"{name} 不是可读的工作簿", fix=f"检查文件是否完整；{AGAIN}") from error
    except BaseException as error:
        # The reader's own language ends a broken file with a panic, which Python sees as no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise FileError(f"{name} 不是完好的工作簿", fix=AGAIN) from error


def first_rows(sheet: Sheet) -> tuple[list[list[Any]], Iterator[list[Any]]]:
    """Return a sheet's first rows, and all of them."""
    rows = iter(sheet.rows)
    head = list(islice(rows, HEAD))
    return head, chain(head, rows)
