"""What stands in a file that was handed in: its tables, which column says what, its first rows."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from tousu.errors import ColumnMissing, FileError
from tousu.files.columns import choose_text_columns
from tousu.files.tables import read_file
from tousu.ledger.fields import find_fields
from tousu.masking import mask
from tousu_service.desk.store.headers import LEDGER

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.files.tables import Table

SAMPLE, SHOWN = 50, 5
LONGEST = 80
COMPLAINANTS = ("投诉人", "举报人", "来电人", "反映人", "诉求人", "投诉人姓名", "联系人", "姓名")


def look(path: Path) -> dict[str, Any]:
    """Return the first table that may hold complaints: ``place``, ``names``, ``columns`` by role, ``rows``, ``note``.

    Personal numbers of the rows are zeros. ``columns`` has no ``text`` where it cannot be told.

    Raises:
        FileError: The file cannot be read, or nothing is in it.
    """
    first: dict[str, Any] | None = None
    for table in read_file(path):
        found = _looked_at(table)
        if "text" in found["columns"]:
            return found
        first = first or found
    if first is None:
        raise FileError("这份文件里没有表格，或表格是空的", fix="检查是不是导错了文件")
    return first


def _looked_at(table: Table) -> dict[str, Any]:
    """Return what a table seems to hold."""
    rows = [list(cells) for _, cells in itertools.islice(table.rows, SAMPLE)]
    readers = [table.column(name) for name in table.names]
    sample = [[plain(reader(cells)) for reader in readers] for cells in rows]
    columns: dict[str, str] = {}
    try:
        places, note = choose_text_columns(table.names, sample, (), file="这份文件")
        columns["text"] = table.names[places[0]]
    except ColumnMissing as error:
        note = str(error)
    found = find_fields(table.names, taken=columns.values())
    columns |= {role: found[field] for role, field in LEDGER.items() if field in found}
    who = next((name for name in table.names if name.strip() in COMPLAINANTS and name not in columns.values()), None)
    if who is not None:
        columns["complainant"] = who
    told, _, more = note.partition("，可用")
    return {
        "place": table.place, "names": list(table.names), "columns": columns, "note": f"{told}）" if more else told,
        "rows": [[mask(cell)[:LONGEST] for cell in row] for row in sample[:SHOWN]],
    }  # fmt: skip


def plain(value: object) -> str:
    """Return a cell as it is read; empty for an empty one."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
