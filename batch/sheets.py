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

from batch.columns import added_names, choose_text_columns, free_name
from batch.evidence import words_of
from batch.flat import FlatColumns
from batch.header import names_of
from batch.lines import count
from batch.options import LONGEST_TEXT
from batch.rejects import CELL_CUT, fault_of, reject_line
from batch.report_data import DATE_NAMES, day_of
from batch.sheet_rows import SheetRows, some_sheet_names_texts
from batch.sheet_summary import WORDS, Overview, write_summary
from batch.sheet_write import ADDED_WIDTHS, Formats, SheetWriter, widths
from batch.styles import Package
from classifier.errors import ColumnMissing, FileError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from batch.options import Language, TagOptions, TagSummary
    from batch.rejects import Fault
    from batch.sheet_rows import Cells
    from classifier import Classifier

CHUNK = 2000
BROKEN = "用 Excel 打开后另存为 .xlsx，再试"


@dataclass(slots=True)
class Plan:
    """What is to be done with a sheet.

    Attributes:
        header: Which row is the header, or None if the sheet holds no complaints and is only copied.
        texts: Columns of the texts.
        date: Column of the date, or None.
        names: Names of the added columns by key.
    """

    header: int | None = None
    texts: list[int] = field(default_factory=list)
    date: int | None = None
    names: dict[str, str] = field(default_factory=dict)


class WorkbookRun:
    """One workbook, from one file to another."""

    def __init__(
        self, classifier: Classifier, options: TagOptions, summary: TagSummary, tick: Callable[[int], None]
    ) -> None:
        self._classifier, self._options, self._summary, self._tick = classifier, options, summary, tick
        self._language: Language = options.language or "zh"
        self._flat = FlatColumns(self._language)
        self._overview = Overview()
        self._tables: set[str] = set()
        self._done = 0
        self._named: bool | None = None

    def go(self, source: str, part: Path, reject: Callable[[bytes], None]) -> None:
        """Tag the workbook at ``source`` and write it to ``part``.

        Raises:
            FileError: It cannot be read, is locked, or is suspicious.
            ColumnMissing: No sheet of it holds complaints.
        """
        name = Path(source).name
        package = Package(source, name)
        scratch = part.with_suffix(".tousu-tmp")
        shutil.rmtree(scratch, ignore_errors=True)  # of a run that was killed
        try:
            scratch.mkdir()
            book = _opened(source, name)
            seen = datetime.datetime.fromtimestamp(Path(source).stat().st_mtime, tz=datetime.UTC)
            target = xlsxwriter.Workbook(
                str(part),
                {
                    "constant_memory": True,
                    "strings_to_formulas": False,
                    "strings_to_urls": False,
                    "tmpdir": str(scratch),
                },
            )
            # A date that does not change makes the same input give the same bytes.
            target.set_properties({"created": seen.replace(tzinfo=None)})
            try:
                self._sheets(book, package, target, name, reject)
            except BaseException:
                _abandon(target)
                raise
            target.close()
        finally:
            package.close()
            shutil.rmtree(scratch, ignore_errors=True)

    def _sheets(self, book: Any, package: Package, target: Any, name: str, reject: Callable[[bytes], None]) -> None:
        """Write every sheet, then the summary."""
        formats = Formats(target, package.formats)
        missing: ColumnMissing | None = None
        tagged = 0
        for meta in book.sheets_metadata:
            if meta.typ != python_calamine.SheetTypeEnum.WorkSheet:
                self._summary.notes.append(f"图表页 {meta.name} 未保留")
                continue
            sheet = book.get_sheet_by_name(meta.name)
            rows = SheetRows(sheet)
            plan, why = self._plan(rows, name, book)
            missing = why or missing
            tagged += plan.header is not None
            page = target.add_worksheet(meta.name)
            scan = package.scan(meta.name)
            try:
                self._sheet(rows, plan, page, SheetWriter(page, formats, scan), reject)
                self._finish(rows, plan, page, scan.widths)
            finally:
                scan.close()
            for (top, left), (bottom, right) in rows.merged:
                page.merge.append([top, left, bottom, right])
            if meta.visible != python_calamine.SheetVisibleEnum.Visible:
                page.hide()
            if scan.formulas:
                self._summary.notes.append(f"工作表 {meta.name} 中的公式以结果值写出")
        if not tagged:
            raise missing or ColumnMissing(f"{name} 中没有数据", expected="带表头的投诉清单", fix="检查文件内容")
        taken = [meta.name for meta in book.sheets_metadata]
        summary = target.add_worksheet(free_name(WORDS[self._language]["sheet"], taken))
        write_summary(target, summary, self._overview, self._language)

    def _plan(self, rows: SheetRows, name: str, book: Any) -> tuple[Plan, ColumnMissing | None]:
        """Return what is to be done with a sheet, and why it is only copied, if it is."""
        wanted = self._options.text_columns
        header = rows.header_row(wanted)
        place = f"{name} 的工作表 {rows.name}"
        if header is None:
            why = ColumnMissing(
                f"{place} 中没有表头含 {'、'.join(wanted)} 的行" if wanted else f"{place} 中没有表头",
                expected="含投诉内容列的表头", fix="检查工作表，或用 --text-column 指定列名",
            )  # fmt: skip
            self._summary.notes.append(f"工作表 {rows.name} 原样保留，未标注")
            return Plan(), why
        names = names_of(rows.head[header])
        try:
            texts, said = choose_text_columns(names, rows.head[header + 1 :], wanted, file=place)
        except ColumnMissing as error:
            self._summary.notes.append(f"工作表 {rows.name} 原样保留，未标注")
            return Plan(), error
        if not wanted and not rows.names_texts() and self._some_named(book):
            # Explanations and lists of codes are long texts, too; beside a column called 投诉内容 they are no complaints.
            guess = names[texts[0]]
            self._summary.notes.append(
                f"工作表 {rows.name} 原样保留，未标注：没有叫作投诉内容之类的列；确要标其中的 {guess}，用 --text-column {guess}"
            )
            return Plan(), None
        added, renamed = added_names(names, self._language)
        title = f"，表头在第 {header + 1} 行" if header else ""
        self._summary.notes += [f"工作表 {rows.name}：{said}{title}", *renamed]
        dates = [names.index(known) for known in DATE_NAMES if known in names]
        date = next((column for column in dates if _has_days(rows.head[header + 1 :], column)), None)
        self._overview.dated |= date is not None
        return Plan(header, texts, date, added), None

    def _some_named(self, book: Any) -> bool:
        """Return whether any sheet has a column of texts by its name; looked up once, and only when it matters."""
        if self._named is None:
            self._named = some_sheet_names_texts(book)
        return self._named

    def _sheet(
        self, rows: SheetRows, plan: Plan, page: Any, writer: SheetWriter, reject: Callable[[bytes], None]
    ) -> None:
        """Write a sheet's rows, those under the header with their added cells."""
        numbered = enumerate(rows)
        merged = {top for (top, left), (_, right) in rows.merged if right > left}
        if plan.header is None:
            for number, row in numbered:
                writer.row(number, row)
            return
        for number, row in islice(numbered, plan.header + 1):
            writer.row(number, row, "header" if number == plan.header else "title" if number in merged else "")
        for column, name in enumerate(plan.names.values(), rows.width):
            page.write_string(plan.header, column, name, writer.header())
        while chunk := list(islice(numbered, CHUNK)):
            self._chunk(rows, plan, writer, chunk, reject)
            self._done += len(chunk)
            self._tick(self._done)

    def _chunk(
        self, rows: SheetRows, plan: Plan, writer: SheetWriter, chunk: list[tuple[int, Cells]],
        reject: Callable[[bytes], None],
    ) -> None:  # fmt: skip
        """Tag some rows and write them."""
        looked = [_look_at(row, plan.texts) for _, row in chunk]
        texts = [text for text, fault in looked if fault is None]
        taggings = self._classifier.tag_many(texts)
        words = words_of(self._classifier, texts, taggings) if self._options.evidence else None
        columns = self._flat.values(taggings, words)
        tags = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
        tally = self._summary.tally
        count(tally, taggings)
        self._overview_of(plan, chunk, looked, taggings)
        decided = iter(taggings.auto.tolist())
        for (number, row), (_, fault) in zip(chunk, looked, strict=True):
            writer.row(number, row)
            if all(cell == "" for cell in row):
                continue
            tally.rows += 1
            if fault is None:
                review = not next(decided)
                writer.added(number, rows.width, next(tags), review=review)
                fault = CELL_CUT if writer.cut else None
            else:
                values = dict.fromkeys(plan.names, "") | {"error": fault.reason}
                writer.added(number, rows.width, values, review=False)
            if fault:
                tally.rejects += 1
                reject(reject_line(tally.rows, fault, sheet=rows.name, line=number + 1))

    def _overview_of(
        self, plan: Plan, chunk: list[tuple[int, Cells]], looked: list[tuple[str, Fault | None]], taggings: Any
    ) -> None:
        """Count some rows for the summary sheet."""
        overview = self._overview
        primary, auto, online = taggings.primary.tolist(), taggings.auto.tolist(), taggings.online.tolist()
        for column, sure, facet in zip(primary, auto, online, strict=True):
            code = taggings.domains[column]
            (overview.auto if sure else overview.review)[code] += 1
            overview.online[code] += facet
        for (_, row), (_, fault) in zip(chunk, looked, strict=True):
            overview.faults += fault is not None and any(cell != "" for cell in row)
            if fault is None:
                day = day_of(row[plan.date]) if plan.date is not None and plan.date < len(row) else None
                overview.months[f"{day:%Y-%m}" if day else ""] += 1

    def _finish(self, rows: SheetRows, plan: Plan, page: Any, kept: dict[int, float]) -> None:
        """Set widths, filters and the frozen header; Excel allows one table's filter per name."""
        sample = rows.head[plan.header or 0 :]
        for column, width in enumerate(widths(sample, kept, plan.texts, rows.width)):
            page.set_column(column, column, width)
        if plan.header is None:
            return
        for column, key in enumerate(plan.names, rows.width):
            page.set_column(column, column, ADDED_WIDTHS[key])
        page.freeze_panes(plan.header + 1, 0)
        page.repeat_rows(plan.header)
        page.set_landscape()
        page.set_paper(8)  # A3
        page.fit_to_pages(1, 0)
        last = max(plan.header + 1, rows.height - 1)
        page.autofilter(plan.header, 0, last, rows.width + len(plan.names) - 1)


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
    if len(parts) > 1:
        parts = ["\n".join(part for part in parts if isinstance(part, str) and part.strip())]
    fault = fault_of(parts[0], LONGEST_TEXT)
    return ("" if fault else parts[0]), fault


def _has_days(rows: Sequence[Cells], column: int) -> bool:
    """Return whether most filled cells of a column tell a day."""
    filled = [row[column] for row in rows if column < len(row) and row[column] != ""]
    return bool(filled) and sum(day_of(cell) is not None for cell in filled) * 2 > len(filled)
