"""One ledger in, of any format that is read here: one table of known columns out, and what could not be read."""

from __future__ import annotations

import functools
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from tousu.errors import ColumnMissing
from tousu.files.columns import choose_text_columns
from tousu.files.json_paths import value_at
from tousu.files.layout import Layout
from tousu.files.tables import Unreadable, read_file
from tousu.ledger import tags
from tousu.ledger.days import read_day
from tousu.ledger.fields import DAYS, FIELDS, OTHERS, TITLES, columns_said, find_fields
from tousu.ledger.respondents import respondent_of

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tousu.files.tables import Table

SAMPLE = 200
SHOWN = 24  # characters of a cell in a message
SCHEMA: dict[str, Any] = {
    "row": pl.Int64,
    "text": pl.String,
    **dict.fromkeys(DAYS, pl.Date),
    **dict.fromkeys(OTHERS, pl.String),
    "amount": pl.Float64,
    **tags.SCHEMA,
}
MONEY = re.compile(r"[¥￥]?\s*([\d,，]+(?:\.\d+)?)\s*(万)?\s*元?")


class WrongCell(NamedTuple):
    """A cell that tells no day though it should, or a line that is no row.

    Attributes:
        row: Data row of the ledger, from 1 on.
        field: Name in ``DAYS``; nothing for a whole line.
        value: What stands there, cut where it is long.
        reason: Why it cannot be taken, in Chinese.
    """

    row: int
    field: str
    value: str
    reason: str


@dataclass(slots=True)
class Ledger:
    """A ledger that was read.

    Attributes:
        name: The file's name.
        rows: One line a row: ``row`` (data rows, the first is 1; a workbook's sheets go on counting), ``text``, the days of
            ``fields.DAYS`` as dates, ``amount`` in yuan, the others of ``fields.OTHERS`` as texts, and the tags in the
            columns ``tousu_…`` of ``tags.SCHEMA``. None wherever the ledger has nothing.
        columns: Name of the column found for each field, ``text`` included.
        wrong: Cells that could not be read as days, in the order of the rows.
    """

    name: str
    rows: pl.DataFrame
    columns: dict[str, str] = field(default_factory=dict)
    wrong: list[WrongCell] = field(default_factory=list)

    @property
    def said(self) -> str:
        """Which columns were found, in Chinese."""
        return columns_said(self.columns)

    def unread(self) -> list[str]:
        """Return in Chinese which cells could not be read as days."""
        return [f"日期读不出　{line}" for line in wrong_said(self.wrong)]

    def with_tags(self) -> pl.DataFrame:
        """Return the rows, those that have no tags yet tagged by the shipped model."""
        return tags.with_tags(self.rows)

    def needs(self, *fields: str) -> None:
        """Check that the ledger has a column for each field.

        Raises:
            ColumnMissing: It lacks one.
        """
        missing = [TITLES[name] for name in fields if name not in self.columns]
        if missing:
            raise ColumnMissing(
                f"{self.name} 中没有认出这些列：{'、'.join(missing)}",
                expected="、".join("/".join(FIELDS[name].names[:3]) for name in fields if name not in self.columns),
                fix="改列名，或用 --column 栏目=列名 指定",
            )


def read_ledger(path: Path, wanted: Mapping[str, str] | None = None) -> Ledger:
    """Read a ledger.

    Args:
        path: A workbook, delimited or JSON text or Parquet: whatever ``tousu/files/tables.py`` reads.
        wanted: Columns the user named, by field or by its Chinese title; the others are found by name.

    Raises:
        FileError: The file cannot be read, or its type is unknown.
        ColumnMissing: No table of it looks like a ledger, or it lacks a column the user named.
    """
    return read_tables(path.name, ((table, wanted or {}) for table in read_file(path)))


def read_tables(name: str, tables: Iterable[tuple[Table, Mapping[str, str]]]) -> Ledger:
    """Read a ledger that lies in tables, of a file or of a database; see ``read_ledger``.

    Args:
        name: What to call it.
        tables: Each with the columns the user named.

    Raises:
        ColumnMissing: No table looks like a ledger, or one lacks a column the user named.
    """
    lines: dict[str, list[Any]] = {name: [] for name in SCHEMA}
    ledger = Ledger(name, pl.DataFrame(schema=SCHEMA))
    count, found, seen, refused = 0, False, [], None
    for table, wanted in tables:
        seen += table.names
        try:
            reading = _Reading(table, wanted, ledger)
        except ColumnMissing as error:
            refused = error
            continue
        if reading.is_ledger:
            found = True
            count = reading.into(lines, count)
    if refused is not None and not found:
        raise refused
    if not found:
        raise ColumnMissing(
            f"{name} 看不出是台账：没有认出编号、内容、时间、状态等列",
            expected="第一行（或标题下一行）写列名，如 工单编号、登记时间、受理时间、办结时间、办理状态、投诉内容",
            fix=f"现有的列：{'、'.join(map(str, seen[:30])) or '无'}；改列名，或用 --column 栏目=列名 指定",
        )
    ledger.rows = pl.DataFrame(lines, schema=SCHEMA)
    return ledger


class _Reading:
    """One table being read: where its columns are, and how a row becomes a line."""

    def __init__(self, table: Table, wanted: Mapping[str, str], ledger: Ledger) -> None:
        self._table, self._ledger, self._json = table, ledger, table.nested
        self._row = 0
        self._head = list(islice(table.rows, SAMPLE))
        names = list(map(str, table.names))
        self._tags = {} if self._json else tags.tag_places(names)
        taken = {names[place] for place in self._tags.values()}
        taken |= {name for name in names if self._json and name.partition(".")[0].startswith(tags.TAGGING)}
        text = wanted.get("text") or wanted.get(TITLES["text"]) or self._text_name(names, taken)
        rest = {key: name for key, name in wanted.items() if key not in ("text", TITLES["text"])}
        if text is not None:
            rest["text"] = text
        self._columns = {} if table.headless else find_fields(names, taken=taken, wanted=rest)
        self._furniture = Layout(
            0, 1, names, [names.index(text)] if text in names else [], "",
            heads=(tuple(name.strip() for name in names if name.strip()),),
        )  # fmt: skip

    @property
    def is_ledger(self) -> bool:
        """Whether the table tells of cases: of some by number or text, and when or how they stand."""
        found = self._columns.keys()
        told = bool(found & {"text", "case", "respondent", "complainant"}) + bool(found & {*DAYS, "state"})
        return told == 2 or ("text" in found and len(self._table.names) > 0)

    def _text_name(self, names: Sequence[str], taken: set[str]) -> str | None:
        """Return the column of the texts, or None: clocks can do without."""
        rows = [cells for _, cells in self._head]
        if self._json:
            rows = [[value_at(cells[0], name) for name in names] for cells in rows if isinstance(cells[0], dict)]
        free = [place for place, name in enumerate(names) if name not in taken and not name.startswith("#")]
        sample = [[row[place] if place < len(row) else None for place in free] for row in rows]
        try:
            places, _ = choose_text_columns([names[place] for place in free], sample, (), file=self._table.place)
        except ColumnMissing:
            return None
        return names[free[places[0]]]

    def into(self, lines: dict[str, list[Any]], count: int) -> int:
        """Append the table's rows to the columns ``lines``; return the number of the last row.

        Args:
            lines: A list for each name of ``SCHEMA``.
            count: How many rows came before.
        """
        self._ledger.columns = {**self._columns, **self._ledger.columns}
        told = [(lines[name], self._table.column(column), self._reader(name)) for name, column in self._columns.items()]
        untold = [lines[name] for name in SCHEMA if name not in ("row", *self._columns, *tags.SCHEMA)]
        tagged = [lines[name] for name in tags.SCHEMA]
        for _, cells in self._all():
            count += 1
            self._row = count
            if self._json and not isinstance(cells[0], dict):
                self._ledger.wrong.append(WrongCell(count, "", "", "这一行不是 JSON 对象"))
                continue
            if not self._json and self._furniture.is_furniture(cells):
                continue
            lines["row"].append(count)
            for kept, take, read in told:
                kept.append(read(take(cells)))
            for kept in untold:
                kept.append(None)
            values = tags.nested_values(cells[0]) if self._json else tags.flat_values(cells, self._tags)
            for kept, value in zip(tagged, values, strict=True):
                kept.append(value)
        return count

    def _all(self) -> Iterator[tuple[int, Sequence[Any]]]:
        return chain(self._head, self._table.rows)

    def _reader(self, name: str) -> Callable[[Any], Any]:
        """Return what makes of a cell the value of a field."""
        if name in DAYS:
            return functools.partial(self._day, name)
        if name == "respondent":
            known: dict[str | None, str | None] = {}
            return lambda value: _cached(known, _word(value))
        return {"amount": _money, "text": _text}.get(name, _word)

    def _day(self, name: str, value: object) -> datetime.date | None:
        """Return the day of a cell; what is none is kept among the wrong cells."""
        if value == "" or value is None:
            return None
        day = read_day(value)
        if isinstance(day, str):
            shown = " ".join(str(value).split())
            shown = shown if len(shown) <= SHOWN else f"{shown[: SHOWN - 1]}…"
            self._ledger.wrong.append(WrongCell(self._row, name, shown, day))
            return None
        return day


def _cached(known: dict[str | None, str | None], word: str | None) -> str | None:
    if word not in known:
        known[word] = respondent_of(word)
    return known[word]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _word(value: object) -> str | None:
    """Return a short cell as text without white space around it; None for an empty one or a list."""
    if value is None or isinstance(value, (dict, list, Unreadable)):
        return None
    return str(value).strip() or None


def _money(value: object) -> float | None:
    """Return a sum in yuan; None for what is no plain sum."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if value == value else None
    found = MONEY.fullmatch(str(value if value is not None else "").strip())
    if found is None:
        return None
    digits = re.sub("[,，]", "", found[1])
    return float(digits) * (10_000 if found[2] else 1) if digits else None


def wrong_said(wrong: Sequence[WrongCell], most: int = 5) -> list[str]:
    """Return in Chinese which cells could not be read, the first few of each reason.

    Args:
        wrong: The cells.
        most: How many are shown for each field and reason.
    """
    counts = Counter((cell.field, cell.reason) for cell in wrong)
    said = []
    for (name, reason), count in counts.items():
        shown = [cell for cell in wrong if (cell.field, cell.reason) == (name, reason)][:most]
        rows = "、".join(f"第 {cell.row} 行" + (f"（{cell.value}）" if cell.value else "") for cell in shown)
        more = f"等 {count} 行" if count > most else ""
        said.append(f"{TITLES.get(name, '整行')}：{reason}：{rows}{more}")
    return said
