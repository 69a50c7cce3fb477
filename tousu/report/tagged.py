"""What a report needs of a tagged file: its tags, dates, respondents and texts, as columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import polars as pl

from tousu.errors import ColumnMissing, FileError, FormatUnknown
from tousu.files.added_columns import ADDED
from tousu.files.columns import choose_text_columns, plain_name
from tousu.files.dates import DATE_NAMES, day_of
from tousu.files.json_paths import value_at
from tousu.files.tables import is_readable, names_tags, read_file
from tousu.ledger.fields import FIELDS, find_fields
from tousu.ledger.respondents import respondent_of
from tousu.ledger.tags import TAGGING, flat_values, nested_values, tag_places

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tousu.files.tables import Table

SAMPLE = 200
TOLD = ("case", "state", "closed")  # of ``ledger.fields``

SCHEMA: dict[str, Any] = {
    "row": pl.Int64, "primary": pl.String, "review": pl.Boolean, "online": pl.Boolean, "model": pl.String,
    "kind": pl.String, "route": pl.String, "signals": pl.List(pl.String), "amount": pl.Float64, "attention": pl.String,
    "date": pl.Date, "respondent": pl.String, "text": pl.String, "case": pl.String, "state": pl.String, "closed": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Columns the user named; each is found by its name when None.

    Attributes:
        text: Column of the texts.
        date: Column of the dates.
        respondent: Column of those complained of.
    """

    text: str | None = None
    date: str | None = None
    respondent: str | None = None


@dataclass(slots=True)
class Tagged:
    """A tagged file.

    Attributes:
        rows: One line a row: ``row`` (from 1), ``primary`` (None: not tagged), ``review``, ``online``,
            ``model``, ``kind``, ``route``, ``signals``, ``amount``, ``attention``, ``date``, ``respondent``, ``text``,
            ``case`` (its number), ``state`` and ``closed`` as written; None wherever the file has nothing.
        names: Chinese names of domains as the file itself gives them.
        text_column: Name of the column of texts, or None; likewise the next two.
    """

    rows: pl.DataFrame
    names: dict[str, str] = field(default_factory=dict)
    text_column: str | None = None
    date_column: str | None = None
    respondent_column: str | None = None


def read_tagged(path: Path, wanted: Wanted) -> Tagged:
    """Read a tagged file.

    Raises:
        FileError: The file cannot be read, or its type is unknown.
        ColumnMissing: It has no tags, or lacks a column the user named.
    """
    tagged = Tagged(pl.DataFrame(schema=SCHEMA))
    lines: dict[str, list[Any]] = {name: [] for name in SCHEMA}
    for table in _tagged_tables(path):
        _Reading(table, wanted, path, tagged).into(lines)
    if not any(code is not None for code in lines["primary"]):
        raise untagged(path)
    lines["row"] = list(range(1, len(lines["primary"]) + 1))
    tagged.rows = pl.DataFrame(lines, schema=SCHEMA)
    return tagged


def tagged_files(path: Path) -> list[Path]:
    """Return the files that ``read_tagged`` reads: the file, or those of a directory that may hold tags.

    Raises:
        FileError: There is no such file.
        ColumnMissing: The directory has none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FileError(f"没有这个文件：{path}", fix="检查路径")
    files = sorted(file for file in path.rglob("*") if file.is_file() and _is_ours(file, path))
    if not files:
        raise untagged(path)
    return files


def _is_ours(file: Path, folder: Path) -> bool:
    """Return whether a file of a directory may hold tags: no mark of Spark's, no list of rejects, nothing hidden."""
    inside = file.relative_to(folder).parts
    hidden = any(part.startswith((".", "_", "~$")) for part in inside)
    return not hidden and not file.name.endswith(".rejects.jsonl") and is_readable(file)


def untagged(path: Path) -> ColumnMissing:
    """Return the error for a file without tags."""
    return ColumnMissing(
        f"{path.name} 中没有标注结果",
        expected=f"JSONL 的 {TAGGING} 键，或 {ADDED['en']['primary']}、{ADDED['zh']['primary']} 等列",
        fix="先用 tousu tag 标注，再拿其输出来分析",
    )


def _tagged_tables(path: Path) -> Iterator[Table]:
    """Yield the tagged tables of a file, or of the tagged files in a directory, in the order of their names."""
    for file in tagged_files(path):
        found = False
        try:
            for table in read_file(file):
                if any(name.startswith(TAGGING) for name in table.names) if table.nested else names_tags(table.names):
                    found = True
                    yield table
        except FormatUnknown as error:
            raise FormatUnknown(
                error.found, expected=error.expected, fix="先用 tousu tag 标注，再拿其输出来分析"
            ) from error
        if not found and not path.is_dir():
            raise untagged(file)


class _Reading:
    """One table being read: where its columns are, and how a row becomes a line."""

    def __init__(self, table: Table, wanted: Wanted, path: Path, tagged: Tagged) -> None:
        self._tagged, self._table = tagged, table
        self._json = table.nested
        head = [cells for _, cells in islice(table.rows, SAMPLE)]
        self._head = head
        names = table.names
        if self._json:
            keys = dict.fromkeys(key for (row,) in head if isinstance(row, dict) for key in row)
            names = [*keys, *(name for name in names if name not in keys)]
        sample = [[value_at(row, name) for name in names] for (row,) in head] if self._json else head
        self._places = {name: place for place, name in reversed(list(enumerate(names)))}
        self._text = _text_name(names, sample, wanted.text, path)
        self._date = _named(names, DATE_NAMES, wanted.date, path, "--date-column")
        self._respondent = _named(names, FIELDS["respondent"].names, wanted.respondent, path, "--respondent-column")
        tagged.text_column = tagged.text_column or self._text
        tagged.date_column = tagged.date_column or self._date
        tagged.respondent_column = tagged.respondent_column or self._respondent
        self._tags = {} if self._json else tag_places(names)
        taken = {name for name in (self._text, self._date, self._respondent) if name}
        taken |= {names[place] for place in self._tags.values()}
        found = find_fields([name for name in names if not name.startswith(TAGGING)], taken=taken)
        self._told = {field: found.get(field) for field in TOLD}

    def into(self, lines: dict[str, list[Any]]) -> None:
        """Append the table's rows to the columns ``lines``."""
        dates: dict[object, datetime.date | None] = {}
        respondents: dict[object, str | None] = {}
        for row in self._all():
            for name, value in self._tag_of(row).items():
                lines[name].append(value)
            for told, column in self._told.items():
                cell = self._cell(row, column)
                lines[told].append(None if cell is None or not str(cell).strip() else str(cell).strip())
            day = self._cell(row, self._date)
            who = self._cell(row, self._respondent)
            text = self._cell(row, self._text)
            if isinstance(day, (dict, list)) or isinstance(who, (dict, list)):
                day, who = str(day), str(who)
            if day not in dates:
                dates[day] = day_of(day)
            if who not in respondents:
                respondents[who] = respondent_of(who)
            lines["date"].append(dates[day])
            lines["respondent"].append(respondents[who])
            lines["text"].append(text if isinstance(text, str) else None)

    def _all(self) -> Iterator[Sequence[Any]]:
        """Yield every row."""
        yield from self._head
        yield from (cells for _, cells in self._table.rows)

    def _cell(self, row: Sequence[Any], name: str | None) -> object:
        """Return the cell of column ``name``, None if there is none."""
        if name is None:
            return None
        if self._json:
            found: object = value_at(row[0], name)
            return found
        place = self._places[name]
        return row[place] if place < len(row) else None

    def _tag_of(self, row: Sequence[Any]) -> dict[str, Any]:
        """Return what a row's tags say, by the names of ``SCHEMA``."""
        values = nested_values(row[0]) if self._json else flat_values(row, self._tags)
        primary, name, decision, online, kind, route, signals, amount, attention, model = values
        if primary is not None and name:
            self._tagged.names.setdefault(primary, name)
        return {
            "primary": primary,
            "review": None if primary is None else decision == "review",
            "online": online,
            "model": model,
            "kind": kind,
            "route": route,
            "signals": signals,
            "amount": amount,
            "attention": attention,
        }


def _named(names: Sequence[str], known: Sequence[str], wanted: str | None, path: Path, option: str) -> str | None:
    """Return the column ``wanted``, or the first of the ``known`` names that is there."""
    if wanted is not None:
        if wanted not in names:
            raise ColumnMissing(
                f"{path.name} 中没有名为 {wanted} 的列", expected="、".join(names), fix=f"改正 {option}"
            )
        return wanted
    plain = {plain_name(name): name for name in reversed(names)}
    return next((plain[key] for key in map(plain_name, known) if key in plain), None)


def _text_name(names: Sequence[str], sample: Sequence[Sequence[object]], wanted: str | None, path: Path) -> str | None:
    """Return the column of the texts, or None: a report can do without."""
    try:
        places, _ = choose_text_columns(names, sample, (wanted,) if wanted else (), file=path.name)
    except ColumnMissing:
        if wanted:
            raise
        return None
    return names[places[0]]
