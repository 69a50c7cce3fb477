"""Workbooks: the package as it was, columns added where a sheet holds complaints, a summary at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tousu.batch.added import FlatColumns, words_of
from tousu.batch.asked import asked_of
from tousu.batch.rejects import NO_RESULT, Fault, reject_line, text_of
from tousu.batch.workbook.archive import Packing
from tousu.batch.workbook.cells import Uncomputed, Value, letters_of
from tousu.batch.workbook.frame import Area
from tousu.batch.workbook.names import name_filters
from tousu.batch.workbook.package import Package
from tousu.batch.workbook.plan import Plan, plan_sheets
from tousu.batch.workbook.rows import Insertion, SheetRows
from tousu.batch.workbook.summary import Overview, add_summary
from tousu.batch.workbook.tags import AddedCells, width_of
from tousu.errors import FileError
from tousu.files.dates import day_of
from tousu.files.formats import MACROS
from tousu.files.layout import is_long
from tousu.files.sink import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tousu.batch.facts import Facts
    from tousu.batch.options import Job
    from tousu.classifier import Taggings
    from tousu.files.added_columns import Language

CHUNK, MOST_MONTHS = 4000, 100_000  # rows, cells
# Rows that are copied, and not listed: they are no cases.
BLANK, FURNITURE = Fault("blank", ""), Fault("furniture", "")


@dataclass(slots=True)
class _Chunk:
    """Some rows, looked at.

    Attributes:
        numbers: Their numbers, from 1 on.
        rows: Their bytes.
        bases: The style each row's added cells are to look like.
        texts: Text, or nothing.
        faults: Why a row has no text.
    """

    numbers: list[int] = field(default_factory=list)
    rows: list[bytes] = field(default_factory=list)
    bases: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    faults: list[Fault | None] = field(default_factory=list)


class WorkbookRun:
    """One workbook, from one file to another."""

    def __init__(self, job: Job, tick: Callable[[int], None]) -> None:
        self._job, self._tick = job, tick
        self._language: Language = job.options.language or "zh"
        self._flat = FlatColumns(self._language, job.options.asked)
        self._overview = Overview()
        self._done = 0
        self._months: dict[tuple[bytes, bytes], str] = {}

    def go(self, part: Path, reject: Callable[[bytes], None]) -> None:
        """Tag the job's workbook and write it to ``part``.

        Raises:
            FileError: It cannot be read, is locked, or is suspicious; or there is no room for the output.
            ColumnMissing: No sheet of it holds complaints.
        """
        source, output = self._job.source, self._job.output
        name = Path(source).name
        try:
            with Package(source, name, part.parent, lambda: self._tick(self._done)) as package:
                self._sheets(package, name, reject)
                if package.macros and not output.lower().endswith(MACROS):
                    package.drop_macros()
                    self._job.summary.notes.append(f"工作簿的宏未保留：输出文件名以 {MACROS} 结尾就能保留")
                with part.open("wb") as file:
                    package.write(file)
        except OSError as error:
            raise refuse(Path(output), error) from error

    def _sheets(self, package: Package, name: str, reject: Callable[[bytes], None]) -> None:
        """Tag every sheet that holds complaints, then add the summary."""
        found = [
            (number, SheetRows(package, sheet))
            for number, sheet in enumerate(package.sheets)
            if sheet.kind == "worksheet"
        ]
        _refuse_twins(name, [sheet.name for sheet in package.sheets])
        plans, notes = plan_sheets(package, found, self._job.options, self._language, name)
        self._job.summary.notes += notes
        self._overview.dated = any(plan.date for plan in plans)
        filters = dict[int, Area]()
        for plan in plans:
            self._sheet(plan, package, reject)
            if plan.frame.filter:
                filters[plan.number] = plan.frame.filter
            self._job.summary.notes += _notes(plan)
        with package.reading(package.book):
            name_filters(package, filters)
            add_summary(package, self._overview, self._language)

    def _sheet(self, plan: Plan, package: Package, reject: Callable[[bytes], None]) -> None:
        """Write a sheet with its added cells."""
        rows, scan, names = plan.rows, plan.rows.scan, list(plan.names.values())
        header = 0 if plan.layout.header is None else plan.layout.header + 1
        with package.reading(f"工作表 {rows.name}"):
            head = plan.frame.head(plan.framed, plan.first, [width_of(key) for key in plan.names])
            tail = plan.frame.tail(plan.framed, plan.first, names)
            spell = AddedCells(scan.prefix, package.styles, list(plan.names), plan.first)
            insertion = Insertion(scan.tags, plan.first, plan.first + len(names) - 1)
            with Packing(package.scratch()) as packing:
                packing.write([head, scan.open])
                chunk = _Chunk()
                for some in scan.rows():
                    for number, row in some:
                        if number == header:
                            style = _style_beside(rows, row, plan.first)
                            packing.write([insertion.put(row, spell.header(number, style, plan.names))])
                        elif number <= plan.layout.first:
                            packing.write([row, scan.tags.row_end])
                            self._job.summary.tally.copied += number > header and not rows.reader.is_blank(row)
                        else:
                            chunk.numbers.append(number)
                            chunk.rows.append(row)
                    if len(chunk.rows) >= CHUNK:
                        packing.write(self._tagged(plan, chunk, spell, insertion, reject))
                        chunk = _Chunk()
                packing.write(self._tagged(plan, chunk, spell, insertion, reject))
                packing.write([scan.between, tail])
                package.put(rows.sheet.part, packing.finish())

    def _tagged(
        self, plan: Plan, chunk: _Chunk, spell: AddedCells, insertion: Insertion, reject: Callable[[bytes], None]
    ) -> list[bytes]:
        """Tag some rows; return them with their added cells."""
        for number, row in zip(chunk.numbers, chunk.rows, strict=True):
            base, text, fault = _look_at(plan, number, row)
            chunk.bases.append(base)
            chunk.texts.append(text)
            chunk.faults.append(fault)
        texts = [text for text, fault in zip(chunk.texts, chunk.faults, strict=True) if fault is None]
        taggings = self._job.classifier.tag_many(texts)
        words = words_of(self._job.classifier, texts, taggings) if self._job.options.evidence else None
        fine = [at for at, fault in enumerate(chunk.faults) if fault is None]
        self._job.summary.tally.count(taggings)
        self._count(plan, chunk, fine, taggings)
        facts = (
            [_facts(plan, chunk.rows[at], chunk.numbers[at]) for at in fine] if self._job.options.wants_facts else []
        )
        asked = asked_of(self._job.classifier, texts, taggings, facts, self._job.options)
        columns = self._flat.values(taggings, words, asked)
        numbers, bases = [chunk.numbers[at] for at in fine], [chunk.bases[at] for at in fine]
        made = iter(spell.of(numbers, bases, columns))
        out = []
        tally = self._job.summary.tally
        for number, row, base, fault in zip(chunk.numbers, chunk.rows, chunk.bases, chunk.faults, strict=True):
            if fault is None:
                tally.rows += 1
                out.append(insertion.put(row, next(made)))
            elif fault in (BLANK, FURNITURE):
                tally.copied += fault is FURNITURE
                out += [row, plan.rows.scan.tags.row_end]
            else:
                tally.rows += 1
                tally.rejects += 1
                self._overview.faults += 1
                reject(reject_line(tally.rows, fault, sheet=plan.rows.name, line=number))
                out.append(insertion.put(row, spell.fault(number, base, fault.reason)))
        self._done += len(chunk.rows)
        self._tick(self._done)
        return out

    def _count(self, plan: Plan, chunk: _Chunk, fine: Sequence[int], taggings: Taggings) -> None:
        """Count some rows that are tagged for the summary sheet."""
        overview = self._overview
        for counts, chosen in (
            (overview.auto, taggings.auto),
            (overview.review, ~taggings.auto),
            (overview.online, taggings.online),
        ):
            for code, number in zip(taggings.domains, np.bincount(taggings.primary[chosen]).tolist(), strict=False):
                counts[code] += number
        if not plan.date:
            overview.months[""] += len(fine)
            return
        reader, months = plan.rows.reader, self._months
        for at in fine:
            found = reader.find(chunk.rows[at], b"%s%d" % (plan.date, chunk.numbers[at])) or (b"", b"")
            key = reader.whole(*found)  # a day's moments are many
            month = months.get(key)
            if month is None:
                month = _month_of(reader.value(*found))
                if len(months) < MOST_MONTHS:
                    months[key] = month
            overview.months[month] += 1


def _month_of(value: Value) -> str:
    """Return the month that a cell tells, ``2026-01``, nothing if it tells none."""
    day = day_of(value) if value != "" else None
    return f"{day.year}-{day.month:02}" if day else ""


def _refuse_twins(name: str, sheets: Sequence[str]) -> None:
    """Refuse a workbook with two sheets of one name: no program opens it."""
    seen = set[str]()
    for sheet in sheets:
        if sheet.casefold() in seen:
            raise FileError(
                f"{name} 中有两张工作表都叫 {sheet}",
                expected="互不相同的名字（不分大小写）",
                fix="改工作表的名字，再试",
            )
        seen.add(sheet.casefold())


def _value_at(rows: SheetRows, row: bytes, letters: bytes, number: int) -> Value:
    """Return what a cell of a row holds, nothing if there is none."""
    found = rows.reader.find(row, b"%s%d" % (letters, number))
    return rows.reader.value(*found) if found else ""


def _facts(plan: Plan, row: bytes, number: int) -> Facts:
    """Return what a row tells of its case beside the text."""
    return plan.facts.facts(lambda place: _value_at(plan.rows, row, letters_of(place).encode(), number))


def _look_at(plan: Plan, number: int, row: bytes) -> tuple[int, str, Fault | None]:
    """Return the style of a row's text, and the text or why there is none."""
    base, parts, reader = 0, list[Value](), plan.rows.reader
    if plan.layout.single and number - 1 > plan.layout.first:
        return base, "", BLANK if reader.is_blank(row) else FURNITURE
    for letters, column in zip(plan.texts, plan.layout.texts, strict=True):
        found = reader.find(row, b"%s%d" % (letters, number))
        part: Value = ""
        if found:
            part = reader.value(*found)
            base = base or reader.style(found[0])
        parts.append(_unmerged(plan, row, (number - 1, column), part) if plan.merged else part)
    if not any(isinstance(part, str) and is_long(part) for part in parts):
        values = reader.row(row)
        if all(value == "" for value in values):
            return base, "", BLANK
        if plan.layout.is_furniture(values):
            return base, "", FURNITURE
    if any(isinstance(part, Uncomputed) for part in parts):
        return base, "", NO_RESULT
    return base, *text_of(parts)


def _unmerged(plan: Plan, row: bytes, place: tuple[int, int], value: Value) -> Value:
    """Return what a cell holds, or the one above or beside it into which it is merged."""
    head = plan.merged.get(place)
    if head is None:
        if place in plan.heads:
            plan.above[place] = value
        return value
    if head[0] == place[0]:
        plan.above[head] = _value_at(plan.rows, row, letters_of(head[1]).encode(), place[0] + 1)
    return plan.above.get(head, "")


def _style_beside(rows: SheetRows, row: bytes, first: int) -> int:
    """Return the style of the last cell before column ``first`` in the header's row."""
    number = rows.scan.number(row)
    for column in range(first - 1, -1, -1):
        found = rows.reader.find(row, b"%s%d" % (letters_of(column).encode(), number))
        if found:
            return rows.reader.style(found[0])
    return 0


def _notes(plan: Plan) -> list[str]:
    """Return what is to be said of a sheet that was written."""
    scan = plan.rows.scan
    said = [
        (scan.uncomputed, "个公式没有计算结果，公式已保留，用 Excel 打开时会计算"),
        (scan.hidden, "行是隐藏的，结果中仍隐藏"),
    ]
    notes = [f"工作表 {plan.rows.name} 有 {number:,} {what}" for number, what in said if number]
    return [*notes, *(f"工作表 {plan.rows.name}：{note}" for note in plan.frame.notes)]
