"""Reads a workbook in a process of its own: ``python -m tousu.files.sheet_child FILE BYTES``.

The cell reader is fast, but a few wrong bytes can make it ask for all the memory there is or end its process. Here it
may: the parent reads lines of JSON from standard output and knows that the file is at fault where they end too soon.
"""

from __future__ import annotations

import datetime
import math
import resource
import sys
from typing import Any

import orjson

DATES: dict[str, type] = {
    "datetime": datetime.datetime, "date": datetime.date, "time": datetime.time,
}  # fmt: skip


def main(path: str, most: int) -> int:
    """Write the sheets of a workbook to standard output, a line each and a line for each row.

    Args:
        path: The workbook.
        most: Bytes of memory that may be used.
    """
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum

    write = sys.stdout.buffer.write
    try:
        with open(path, "rb") as file:
            book = CalamineWorkbook.from_filelike(file)
            for meta in book.sheets_metadata:
                if meta.typ != SheetTypeEnum.WorkSheet:
                    continue
                sheet = book.get_sheet_by_name(meta.name)
                write(orjson.dumps({"sheet": meta.name, "merged": sheet.merged_cell_ranges or []}) + b"\n")
                left = [""] * (sheet.start[1] if sheet.start else 0)
                for row in sheet.iter_rows() if sheet.start else ():
                    write(
                        orjson.dumps(
                            [*left, *row] if left else row, option=orjson.OPT_PASSTHROUGH_DATETIME, default=_told
                        )
                        + b"\n"
                    )
        write(b'{"end":true}\n')
    except PasswordError:
        write(b'{"locked":true}\n')
    sys.stdout.flush()
    return 0


def _told(value: Any) -> Any:
    """Return a date or time in JSON's terms."""
    if isinstance(value, datetime.timedelta):
        return {"timedelta": value.total_seconds()}
    return {type(value).__name__: value.isoformat()}


def cell(value: Any) -> Any:
    """Return a cell that ``main`` wrote."""
    if value is None:
        return ""
    if isinstance(value, dict):
        ((kind, told),) = value.items()
        return datetime.timedelta(seconds=told) if kind == "timedelta" else DATES[kind].fromisoformat(told)  # type: ignore[attr-defined]
    return (
        int(value)
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 and not math.isnan(value)
        else value
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], int(sys.argv[2])))
