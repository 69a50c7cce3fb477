"""Workbooks of every kind as sheets of cells: .xlsx, .xlsm, .xls, .xlsb, .ods, .et."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tousu.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Endings the cell reader knows beside .xlsx.
OTHER_WORKBOOKS = (".xls", ".xlsb", ".ods", ".et", ".xlsm", ".xlsx")


@dataclass(slots=True)
class Sheet:
    """One sheet.

    Attributes:
        name: Its name.
        rows: Its rows from the first of the sheet on, each from the first column on; an empty cell is ``""``.
        merged: Merged ranges, as (top, left), (bottom, right).
    """

    name: str
    rows: list[list[Any]]
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)


def read_sheets(path: Path) -> Iterator[Sheet]:
    """Yield the worksheets of a workbook.

    Raises:
        FileError: It has a password or is broken.
    """
    from python_calamine import CalamineWorkbook, SheetTypeEnum

    with readable(path.name):
        book = CalamineWorkbook.from_path(path)
        metas = [meta for meta in book.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]
    for meta in metas:
        with readable(path.name):
            sheet = book.get_sheet_by_name(meta.name)
            start = sheet.start
            rows = list(sheet.iter_rows()) if start else []
            merged = list(sheet.merged_cell_ranges or ())
        left = [""] * (start[1] if start else 0)
        yield Sheet(meta.name, [left + row for row in rows] if left else rows, merged)


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
    except (CalamineError, OSError, ValueError, OverflowError) as error:
        raise FileError(
            f"{name} 不是可读的工作簿", fix="检查文件是否完整；用 Excel 或 WPS 打开后另存为 .xlsx，再试"
        ) from error
    except BaseException as error:
        # The reader's own language ends a broken file with a panic, which Python sees as no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise FileError(f"{name} 不是完好的工作簿", fix="用 Excel 或 WPS 打开后另存为 .xlsx，再试") from error
