"""Workbooks: the package as it was, columns added where a sheet holds complaints, a summary at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tousu.batch.added import FlatColumns, words_of
from tousu.batch.rejects import NO_RESULT, reject_line, text_of
from tousu.batch.workbook.archive import Packing
from tousu.batch.workbook.cells import COLUMNS, STYLE, Uncomputed, Value, letters_of
from tousu.batch.workbook.layout import Area, Layout
from tousu.batch.workbook.names import name_filters
from tousu.batch.workbook.package import Package
from tousu.batch.workbook.rows import Insertion, SheetRows
from tousu.batch.workbook.summary import Overview, add_summary
from tousu.batch.workbook.tags import AddedCells, width_of
from tousu.errors import ColumnMissing, FileError
from tousu.files.added_columns import added_names
from tousu.files.columns import choose_text_columns
from tousu.files.dates import DATE_NAMES, day_of
from tousu.files.formats import MACROS
from tousu.files.header import names_of
from tousu.files.sink import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tousu.batch.options import Job
    from tousu.batch.rejects import Fault
    from tousu.classifier import Taggings
    from tousu.files.added_columns import Language

CHUNK = 4000  # rows


@dataclass(slots=True)
class Plan:
    """What is to be done with a sheet that holds complaints.

    Attributes:
        rows: The sheet.
        layout: What stands around its rows.
        header: Which row is the header, from 0 on.
        texts: Letters of the columns of the texts.
        date: Letters of the column of the date, or nothing.
        names: Names of the added columns by key.
        first: Where the added columns begin.
    """

    rows: SheetRows
    layout: Layout
    header: int
    texts: list[bytes]
    date: bytes
    names: dict[str, str]
    first: int


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
        self._flat = FlatColumns(self._language)
        self._overview = Overview()
        self._done = 0

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
        missing, filters = None, dict[int, Area]()
        plans = []
        for number, rows in found:
            plan = self._plan(rows, package, name, others=[other for _, other in found])
            if isinstance(plan, Plan):
                plans.append((number, plan))
            else:
                missing = plan or missing
        if not plans:
            raise missing or ColumnMissing(f"{name} 中没有数据", expected="带表头的投诉清单", fix="检查文件内容")
        for number, plan in plans:
            self._sheet(plan, package, reject)
            if plan.layout.filter:
                filters[number] = plan.layout.filter
            self._job.summary.notes += _notes(plan)
        name_filters(package, filters)
        add_summary(package, self._overview, self._language)

    def _plan(
        self, rows: SheetRows, package: Package, name: str, others: Sequence[SheetRows]
    ) -> Plan | ColumnMissing | None:
        """Return what is to be done with a sheet; of one that is only copied why, if there is a reason to tell."""
        wanted = self._job.options.text_columns
        header = rows.header_row(wanted)
        place = f"{name} 的工作表 {rows.name}"
        if header is None:
            self._job.summary.notes.append(f"工作表 {rows.name} 照抄，未标注")
            return ColumnMissing(
                f"{place} 中没有表头含 {'、'.join(wanted)} 的行" if wanted else f"{place} 中没有表头",
                expected="含投诉内容列的表头", fix="检查工作表，或用 --text-column 指定列名",
            )  # fmt: skip
        names = names_of(rows.head[header])
        try:
            texts, said = choose_text_columns(names, rows.head[header + 1 :], wanted, file=place)
        except ColumnMissing as error:
            self._job.summary.notes.append(f"工作表 {rows.name} 照抄，未标注")
            return error
        if not wanted and not rows.names_texts() and any(other.names_texts() for other in others):
            # Explanations and lists of codes are long texts, too; beside a column called 投诉内容 they are no complaints.
            guess = names[texts[0]]
            self._job.summary.notes.append(
                f"工作表 {rows.name} 照抄，未标注：没有叫作投诉内容之类的列；确要标其中的 {guess}，用 --text-column {guess}"
            )
            return None
        added, renamed = added_names(names, self._language)
        title = f"，表头在第 {header + 1} 行" if header else ""
        self._job.summary.notes += [f"工作表 {rows.name}：{said}{title}", *renamed]
        dates = [names.index(known) for known in DATE_NAMES if known in names]
        date = next((column for column in dates if _has_days(rows.head[header + 1 :], column)), None)
        self._overview.dated |= date is not None
        layout = Layout(package, rows)
        with package.reading(f"工作表 {rows.name}"):
            first = layout.first_free(header)
        if first + len(added) > COLUMNS:
            raise FileError(
                f"{place} 已用到第 {first:,} 列，再添 {len(added)} 列就超过 Excel 的 {COLUMNS:,} 列",
                expected=f"不超过 {COLUMNS - len(added):,} 列", fix="删去多余的列，再试",
            )  # fmt: skip
        letters = [letters_of(column).encode() for column in texts]
        return Plan(rows, layout, header, letters, b"" if date is None else letters_of(date).encode(), added, first)

    def _sheet(self, plan: Plan, package: Package, reject: Callable[[bytes], None]) -> None:
        """Write a sheet with its added cells."""
        rows, scan, names = plan.rows, plan.rows.scan, list(plan.names.values())
        with package.reading(f"工作表 {rows.name}"):
            head = plan.layout.head(plan.header, plan.first, [width_of(key) for key in plan.names])
            tail = plan.layout.tail(plan.header, plan.first, names)
            spell = AddedCells(scan.prefix, package.styles, list(plan.names), plan.first)
            insertion = Insertion(scan.tags, plan.first, plan.first + len(names) - 1)
            with Packing(package.scratch()) as packing:
                packing.write([head, scan.open])
                chunk = _Chunk()
                for some in scan.rows():
                    for number, row in some:
                        if number <= plan.header:
                            packing.write([row, scan.tags.row_end])
                        elif number == plan.header + 1:
                            style = _style_beside(rows, row, plan.first)
                            packing.write([insertion.put(row, spell.header(number, style, plan.names))])
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
        columns = self._flat.values(taggings, words)
        numbers, bases = [chunk.numbers[at] for at in fine], [chunk.bases[at] for at in fine]
        made = iter(spell.of(numbers, bases, columns))
        out = []
        tally = self._job.summary.tally
        for number, row, base, fault in zip(chunk.numbers, chunk.rows, chunk.bases, chunk.faults, strict=True):
            if fault is None:
                tally.rows += 1
                out.append(insertion.put(row, next(made)))
            elif next(plan.rows.reader.filled(row), None) is None:
                out += [row, plan.rows.scan.tags.row_end]  # a row without anything is no row
            else:
                tally.rows += 1
                tally.rejects += 1
                self._overview.faults += 1
                reject(reject_line(tally.rows, fault, sheet=plan.rows.name, line=number))
                (cells,) = spell.of([number], [base], {"error": [fault.reason]})
                out.append(insertion.put(row, cells))
        self._done += len(chunk.rows)
        self._tick(self._done)
        return out

    def _count(self, plan: Plan, chunk: _Chunk, fine: Sequence[int], taggings: Taggings) -> None:
        """Count some rows that are tagged for the summary sheet."""
        overview = self._overview
        primary, auto, online = taggings.primary.tolist(), taggings.auto.tolist(), taggings.online.tolist()
        for column, sure, facet in zip(primary, auto, online, strict=True):
            code = taggings.domains[column]
            (overview.auto if sure else overview.review)[code] += 1
            overview.online[code] += facet
        for at in fine:
            value = _value_at(plan.rows, chunk.rows[at], plan.date, chunk.numbers[at]) if plan.date else ""
            day = day_of(value) if value != "" else None
            overview.months[f"{day.year}-{day.month:02}" if day else ""] += 1


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


def _look_at(plan: Plan, number: int, row: bytes) -> tuple[int, str, Fault | None]:
    """Return the style of a row's text, and the text or why there is none."""
    base, parts = 0, list[Value]()
    for letters in plan.texts:
        found = plan.rows.reader.find(row, b"%s%d" % (letters, number))
        if found is None:
            parts.append("")
            continue
        parts.append(plan.rows.reader.value(*found))
        if not base and (style := STYLE.search(found[0])):
            base = int(style[1])
    if any(isinstance(part, Uncomputed) for part in parts):
        return base, "", NO_RESULT
    return base, *text_of(parts)


def _style_beside(rows: SheetRows, row: bytes, first: int) -> int:
    """Return the style of the last cell before column ``first`` in the header's row."""
    number = rows.scan.number(row)
    for column in range(first - 1, -1, -1):
        found = rows.reader.find(row, b"%s%d" % (letters_of(column).encode(), number))
        if found:
            style = STYLE.search(found[0])
            return int(style[1]) if style else 0
    return 0


def _has_days(rows: Sequence[Sequence[Value]], column: int) -> bool:
    """Return whether most filled cells of a column tell a day."""
    filled = [row[column] for row in rows if column < len(row) and row[column] != ""]
    return bool(filled) and sum(day_of(cell) is not None for cell in filled) * 2 > len(filled)


def _notes(plan: Plan) -> list[str]:
    """Return what is to be said of a sheet that was written."""
    scan = plan.rows.scan
    said = [
        (scan.uncomputed, "个公式没有计算结果，公式已保留，用 Excel 打开时会计算"),
        (scan.hidden, "行是隐藏的，结果中仍隐藏"),
    ]
    notes = [f"工作表 {plan.rows.name} 有 {number:,} {what}" for number, what in said if number]
    return [*notes, *(f"工作表 {plan.rows.name}：{note}" for note in plan.layout.notes)]
