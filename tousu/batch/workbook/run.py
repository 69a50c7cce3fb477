"""Workbooks: every sheet as it was, columns added where a sheet holds complaints, a summary at the end."""

from __future__ import annotations

import datetime
import shutil
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import python_calamine
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from tousu.batch.added import FlatColumns, words_of
from tousu.batch.rejects import CELL_CUT, NO_RESULT, reject_line, text_of
from tousu.batch.workbook.cells import SheetCells, Uncomputed
from tousu.batch.workbook.formulas import FormulaRules
from tousu.batch.workbook.layout import COLUMNS, begin_sheet, by_column, set_columns, set_filter, set_links
from tousu.batch.workbook.package import Package
from tousu.batch.workbook.rows import SheetRows
from tousu.batch.workbook.summary import WORDS, Overview, write_summary
from tousu.batch.workbook.write import ADDED_WIDTHS, Formats, SheetWriter, widths
from tousu.errors import ColumnMissing, FileError
from tousu.files.added_columns import added_names, free_name
from tousu.files.columns import choose_text_columns
from tousu.files.dates import DATE_NAMES, day_of
from tousu.files.header import names_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tousu.batch.options import Job
    from tousu.batch.rejects import Fault
    from tousu.batch.workbook.package import Name
    from tousu.batch.workbook.rows import Cells
    from tousu.batch.workbook.scan import RowMarks, SheetScan
    from tousu.files.added_columns import Language

CHUNK, MOST_IN_CHUNK = 2000, 50_000  # rows, cells
WORKSHEET = python_calamine.SheetTypeEnum.WorkSheet
BROKEN = "用 Excel 打开后另存为 .xlsx，再试"


@dataclass(slots=True)
class Plan:
    """What is to be done with a sheet.

    Attributes:
        header: Which row is the header, or None if the sheet holds no complaints and is only copied.
        texts: Columns of the texts.
        date: Column of the date, or None.
        names: Names of the added columns by key.
        first: Where the added columns begin: behind every cell, formula and merged range they stand beside.
    """

    header: int | None = None
    texts: list[int] = field(default_factory=list)
    date: int | None = None
    names: dict[str, str] = field(default_factory=dict)
    first: int = 0


class WorkbookRun:
    """One workbook, from one file to another."""

    def __init__(self, job: Job, tick: Callable[[int], None]) -> None:
        self._source, self._classifier, self._options, self._summary = (
            job.source, job.classifier, job.options, job.summary,
        )  # fmt: skip
        self._tick = tick
        self._language: Language = job.options.language or "zh"
        self._flat = FlatColumns(self._language)
        self._overview = Overview()
        self._done = 0
        self._book: Any = None
        self._named: bool | None = None

    def go(self, part: Path, reject: Callable[[bytes], None]) -> None:
        """Tag the job's workbook and write it to ``part``.

        Raises:
            FileError: It cannot be read, is locked, or is suspicious.
            ColumnMissing: No sheet of it holds complaints.
        """
        source = self._source
        name = Path(source).name
        package = Package(source, name)
        scratch = part.with_suffix(".tousu-tmp")
        shutil.rmtree(scratch, ignore_errors=True)  # of a run that was killed
        try:
            scratch.mkdir()
            self._book = _opened(source, name)
            seen = datetime.datetime.fromtimestamp(Path(source).stat().st_mtime, tz=datetime.UTC)
            target = xlsxwriter.Workbook(
                str(part),
                {
                    "constant_memory": True,
                    "strings_to_formulas": False,
                    "strings_to_urls": False,
                    "tmpdir": str(scratch),
                    "date_1904": package.since_1904,
                },
            )
            # A date that does not change makes the same input give the same bytes.
            target.set_properties({"created": seen.replace(tzinfo=None)})
            try:
                self._sheets(package, target, name, reject)
            except BaseException:
                _abandon(target)
                raise
            target.close()
        finally:
            package.close()
            shutil.rmtree(scratch, ignore_errors=True)

    def _sheets(self, package: Package, target: Any, name: str, reject: Callable[[bytes], None]) -> None:
        """Write every sheet, then the summary."""
        formats = Formats(target, package.formats)
        rules = FormulaRules(package.lost_names, macros=package.macros)
        missing: ColumnMissing | None = None
        tagged = 0
        for meta in self._book.sheets_metadata:
            if meta.typ != WORKSHEET:
                self._summary.notes.append(f"图表页 {meta.name} 未保留")
                continue
            rows = SheetRows(_sheet_of(self._book, meta.name, name))
            page = _page_of(target, meta.name, name)
            why = self._sheet(rows, page, SheetWriter(page, formats, rules), package, name, reject)
            missing = why or missing
            tagged += why is None
            _show(page, meta.visible, target)
        if not tagged:
            raise missing or ColumnMissing(f"{name} 中没有数据", expected="带表头的投诉清单", fix="检查文件内容")
        if package.lost:
            self._summary.notes.append(f"工作簿的这些内容未保留：{'、'.join(package.lost)}")
        _define(target, package.names)
        wanted = WORDS[self._language]["sheet"]
        taken = [meta.name for meta in self._book.sheets_metadata]
        # Excel takes names for the same whatever their case.
        taken += [wanted for other in taken if other.casefold() == wanted.casefold()]
        hidden = all(page.hidden for page in target.worksheets())
        summary = target.add_worksheet(free_name(wanted, taken))
        if hidden:
            summary.activate()
        write_summary(target, summary, self._overview, self._language)

    def _plan(self, rows: SheetRows, name: str, formulas: int) -> tuple[Plan, ColumnMissing | None]:
        """Return what is to be done with a sheet, and why it is only copied, if it is."""
        wanted = self._options.text_columns
        header = rows.header_row(wanted)
        copied = Plan(first=max(rows.width, formulas))
        place = f"{name} 的工作表 {rows.name}"
        if header is None:
            why = ColumnMissing(
                f"{place} 中没有表头含 {'、'.join(wanted)} 的行" if wanted else f"{place} 中没有表头",
                expected="含投诉内容列的表头", fix="检查工作表，或用 --text-column 指定列名",
            )  # fmt: skip
            self._summary.notes.append(f"工作表 {rows.name} 照抄，未标注")
            return copied, why
        names = names_of(rows.head[header])
        try:
            texts, said = choose_text_columns(names, rows.head[header + 1 :], wanted, file=place)
        except ColumnMissing as error:
            self._summary.notes.append(f"工作表 {rows.name} 照抄，未标注")
            return copied, error
        if not wanted and not rows.names_texts() and self._some_named(name):
            # Explanations and lists of codes are long texts, too; beside a column called 投诉内容 they are no complaints.
            guess = names[texts[0]]
            self._summary.notes.append(
                f"工作表 {rows.name} 照抄，未标注：没有叫作投诉内容之类的列；确要标其中的 {guess}，用 --text-column {guess}"
            )
            return copied, None
        added, renamed = added_names(names, self._language)
        title = f"，表头在第 {header + 1} 行" if header else ""
        self._summary.notes += [f"工作表 {rows.name}：{said}{title}", *renamed]
        dates = [names.index(known) for known in DATE_NAMES if known in names]
        date = next((column for column in dates if _has_days(rows.head[header + 1 :], column)), None)
        self._overview.dated |= date is not None
        first = max(rows.width, formulas, *(right + 1 for _, (bottom, right) in rows.merged if bottom >= header), 0)
        if first + len(added) > COLUMNS:
            raise FileError(
                f"{place} 已用到第 {first:,} 列，再添 {len(added)} 列就超过 Excel 的 {COLUMNS:,} 列",
                expected=f"不超过 {COLUMNS - len(added):,} 列", fix="删去多余的列，再试",
            )  # fmt: skip
        return Plan(header, texts, date, added, first), None

    def _some_named(self, name: str) -> bool:
        """Return whether any sheet has a column of texts by its name; looked up once, and only when it matters."""
        if self._named is None:
            sheets = (meta.name for meta in self._book.sheets_metadata if meta.typ == WORKSHEET)
            self._named = any(SheetRows(_sheet_of(self._book, sheet, name)).names_texts() for sheet in sheets)
        return self._named

    def _sheet(
        self, rows: SheetRows, page: Any, writer: SheetWriter, package: Package, name: str,
        reject: Callable[[bytes], None],
    ) -> ColumnMissing | None:  # fmt: skip
        """Write a sheet; return why it was only copied, if it was."""
        scan = package.scan(rows.name)
        try:
            cells = SheetCells(rows, scan)
            plan, why = self._plan(rows, name, package.formula_width(rows.name))
            begin_sheet(page, scan)
            self._rows(rows, cells, plan, page, writer, reject)
            scan.finish()
        finally:
            scan.close()
        self._finish(rows, cells.height, plan, page, scan)
        for (top, left), (bottom, right) in rows.merged:
            if (top, left) != (bottom, right):  # Excel takes such a workbook for a broken one
                page.merge.append([top, left, bottom, right])
        if not set_links(page, scan.links, package.targets(rows.name)):
            scan.lost.append("第 65,530 个以后的超链接")
        self._summary.notes += _notes(rows.name, writer, scan.lost + package.lost_parts(rows.name))
        return why

    def _rows(
        self, rows: SheetRows, cells: SheetCells, plan: Plan, page: Any, writer: SheetWriter,
        reject: Callable[[bytes], None],
    ) -> None:  # fmt: skip
        """Write a sheet's rows, those under the header with their added cells."""
        numbered = iter(cells)
        merged = {top for (top, left), (_, right) in rows.merged if right > left}
        if plan.header is None:
            for number, row, marks in numbered:
                writer.row(number, row, marks)
            return
        for number, row, marks in islice(numbered, plan.header + 1):
            writer.row(number, row, marks, "header" if number == plan.header else "title" if number in merged else "")
        for column, name in enumerate(plan.names.values(), plan.first):
            page.write_string(plan.header, column, name, writer.header())
        size = min(CHUNK, MOST_IN_CHUNK // plan.first + 1)
        while chunk := list(islice(numbered, size)):
            self._chunk(rows.name, plan, writer, chunk, reject)
            self._done += len(chunk)
            self._tick(self._done)

    def _chunk(
        self, sheet: str, plan: Plan, writer: SheetWriter, chunk: list[tuple[int, Cells, RowMarks]],
        reject: Callable[[bytes], None],
    ) -> None:  # fmt: skip
        """Tag some rows and write them."""
        looked = [_look_at(row, plan.texts) for _, row, _ in chunk]
        texts = [text for text, fault in looked if fault is None]
        taggings = self._classifier.tag_many(texts)
        words = words_of(self._classifier, texts, taggings) if self._options.evidence else None
        columns = self._flat.values(taggings, words)
        tags = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
        tally = self._summary.tally
        tally.count(taggings)
        self._overview_of(plan, [row for _, row, _ in chunk], looked, taggings)
        decided = iter(taggings.auto.tolist())
        for (number, row, marks), (_, fault) in zip(chunk, looked, strict=True):
            writer.row(number, row, marks)
            if all(cell == "" for cell in row):
                continue
            tally.rows += 1
            if fault is None:
                review = not next(decided)
                writer.added(number, plan.first, next(tags), review=review)
                fault = CELL_CUT if writer.cut else None
            else:
                values = dict.fromkeys(plan.names, "") | {"error": fault.reason}
                writer.added(number, plan.first, values, review=False)
            if fault:
                tally.rejects += 1
                reject(reject_line(tally.rows, fault, sheet=sheet, line=number + 1))

    def _overview_of(
        self, plan: Plan, rows: list[Cells], looked: list[tuple[str, Fault | None]], taggings: Any
    ) -> None:
        """Count some rows for the summary sheet."""
        overview = self._overview
        primary, auto, online = taggings.primary.tolist(), taggings.auto.tolist(), taggings.online.tolist()
        for column, sure, facet in zip(primary, auto, online, strict=True):
            code = taggings.domains[column]
            (overview.auto if sure else overview.review)[code] += 1
            overview.online[code] += facet
        for row, (_, fault) in zip(rows, looked, strict=True):
            overview.faults += fault is not None and any(cell != "" for cell in row)
            if fault is None:
                day = day_of(row[plan.date]) if plan.date is not None and plan.date < len(row) else None
                overview.months[f"{day:%Y-%m}" if day else ""] += 1

    def _finish(self, rows: SheetRows, height: int, plan: Plan, page: Any, scan: SheetScan) -> None:
        """Set widths, filters and the frozen header; Excel allows one table's filter per name."""
        kept = {column: look.width for column, look in by_column(scan.columns, plan.first).items() if look.width}
        found = widths(rows.head[plan.header or 0 :], kept, plan.texts, plan.first)
        set_columns(page, scan.columns, found, [ADDED_WIDTHS[key] for key in plan.names])
        if plan.header is None:
            page.freeze_panes(*scan.frozen)
            set_filter(page, scan.filter)
            return
        page.freeze_panes(plan.header + 1, scan.frozen[1])
        page.repeat_rows(plan.header)
        page.set_landscape()
        page.set_paper(8)  # A3
        page.fit_to_pages(1, 0)
        page.autofilter(plan.header, 0, max(plan.header + 1, height - 1), plan.first + len(plan.names) - 1)


def _sheet_of(book: Any, sheet: str, name: str) -> Any:
    """Return the cell reader's sheet.

    Raises:
        FileError: It is broken.
    """
    try:
        return book.get_sheet_by_name(sheet)
    except (python_calamine.CalamineError, OSError) as error:
        raise FileError(f"{name} 的工作表 {sheet} 读不出", fix=BROKEN) from error


def _page_of(target: Any, sheet: str, name: str) -> Any:
    """Return a new sheet of a name.

    Raises:
        FileError: Excel would not take the name, or there is another of it.
    """
    try:
        return target.add_worksheet(sheet)
    except XlsxWriterException as error:
        raise FileError(
            f"{name} 的工作表名 {sheet} 不合 Excel 的规定", expected="互不相同（不分大小写）、不超过 31 个字、不含 []:*?/\\",
            fix="改工作表的名字，再试",
        ) from error  # fmt: skip


def _show(page: Any, visible: Any, target: Any) -> None:
    """Hide a sheet as it was hidden; the first that is seen is the one Excel opens."""
    if visible == python_calamine.SheetVisibleEnum.Hidden:
        page.hide()
    elif visible == python_calamine.SheetVisibleEnum.VeryHidden:
        page.very_hidden()
    elif not target.worksheet_meta.activesheet and all(other.hidden for other in target.worksheets()[:-1]):
        page.activate()


def _define(target: Any, names: Sequence[Name]) -> None:
    """Define the names of the workbook and of its sheets."""
    pages = {page.name for page in target.worksheets()}
    for name in names:
        if not name.sheet or name.sheet in pages:
            target.define_name(f"{name.sheet}!{name.name}" if name.sheet else name.name, f"={name.text}")


def _notes(sheet: str, writer: SheetWriter, lost: list[str]) -> list[str]:
    """Return what is to be said of a sheet that was written."""
    said = [
        (writer.uncomputed, "个公式没有计算结果，公式已保留，用 Excel 打开时会计算"),
        (writer.valued, "个公式引用了未保留的内容（其他文件、表格、名称、宏）或占几格，以结果值写出"),
        (writer.spelled, "个公式引用了未保留的内容，又没有计算结果，以文字写出"),
        (writer.hidden, "行是隐藏的，结果中仍隐藏"),
        (writer.cuts, "个单元格超过 32767 个字符，Excel 容不下，已截短"),
    ]
    notes = [f"工作表 {sheet} 有 {number:,} {what}" for number, what in said if number]
    return [*notes, f"工作表 {sheet} 的这些内容未保留：{'、'.join(dict.fromkeys(lost))}"] if lost else notes


def _abandon(book: Any) -> None:
    """Let go of a workbook that will not be finished; xlsxwriter has no way to say so."""
    book.fileclosed = True
    for sheet in book.worksheets():
        sheet.row_data_fh.close()


def _opened(source: str, name: str) -> Any:
    """Return the cell reader's workbook.

    Raises:
        FileError: It is locked by a password or broken.
    """
    try:
        return python_calamine.load_workbook(source)
    except python_calamine.PasswordError as error:
        raise FileError(f"{name} 有密码保护", fix="在 Excel 中去掉密码后再试") from error
    except (python_calamine.CalamineError, OSError) as error:
        raise FileError(f"{name} 读不出", fix=BROKEN) from error


def _look_at(row: Cells, texts: Sequence[int]) -> tuple[str, Fault | None]:
    """Return a row's text, or why it has none."""
    parts = [row[column] if column < len(row) else "" for column in texts]
    if any(isinstance(part, Uncomputed) for part in parts):
        return "", NO_RESULT
    return text_of(parts)


def _has_days(rows: Sequence[Cells], column: int) -> bool:
    """Return whether most filled cells of a column tell a day."""
    filled = [row[column] for row in rows if column < len(row) and row[column] != ""]
    return bool(filled) and sum(day_of(cell) is not None for cell in filled) * 2 > len(filled)
