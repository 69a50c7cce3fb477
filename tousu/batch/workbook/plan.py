"""Which sheets of a workbook hold complaints, where, and where the tags go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tousu.batch.facts import NO_FACTS, FactColumns
from tousu.batch.workbook.cells import COLUMNS, letters_of
from tousu.batch.workbook.frame import Frame
from tousu.errors import ColumnMissing, FileError
from tousu.files.added_columns import added_names
from tousu.files.columns import is_text_name
from tousu.files.dates import DATE_NAMES, day_of
from tousu.files.layout import Layout, find_layout, merged_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.batch.options import TagOptions
    from tousu.batch.workbook.cells import Value
    from tousu.batch.workbook.package import Package
    from tousu.batch.workbook.rows import SheetRows
    from tousu.files.added_columns import Language


@dataclass(slots=True)
class Plan:
    """What is to be done with a sheet that holds complaints.

    Attributes:
        number: The sheet's place among the workbook's, from 0 on.
        rows: The sheet.
        layout: What its rows are.
        frame: What stands around them.
        texts: Letters of the columns of the texts.
        date: Letters of the column of the date, or nothing.
        names: Names of the added columns by key.
        first: Where the added columns begin.
        merged: For a cell of a text column that is merged into one above it where that one is.
        facts: The columns that tell of a case beside its text.
        above: What the cells hold that others are merged into, as far as read.
        heads: The places of these cells.
    """

    number: int
    rows: SheetRows
    layout: Layout
    frame: Frame
    texts: list[bytes]
    date: bytes
    names: dict[str, str]
    first: int
    merged: dict[tuple[int, int], tuple[int, int]]
    facts: FactColumns
    above: dict[tuple[int, int], Value] = field(default_factory=dict)

    heads: frozenset[tuple[int, int]] = field(init=False)

    def __post_init__(self) -> None:
        self.heads = frozenset(self.merged.values())

    @property
    def framed(self) -> int | None:
        """The header's row where it heads a list, which can be frozen and filtered."""
        return None if self.layout.single else self.layout.header


def plan_sheets(
    package: Package, sheets: Sequence[tuple[int, SheetRows]], options: TagOptions, language: Language, name: str
) -> tuple[list[Plan], list[str]]:
    """Return what is to be done with the sheets that hold complaints, and what is to be said of all, in Chinese.

    Args:
        package: The workbook.
        sheets: Its worksheets with their places.
        options: What the user asked for.
        language: Language of the added columns.
        name: What to call the file in errors.

    Raises:
        ColumnMissing: None of them does; it speaks of the largest.
        FileError: There is no room for more columns.
    """
    layouts, missing, said = dict[int, Layout](), list[tuple[int, ColumnMissing]](), dict[int, str]()
    for number, rows in sheets:
        try:
            layouts[number] = find_layout(
                rows.head, options.text_columns, file=f"{name} 的工作表 {rows.name}", merged=rows.merged,
                no_header=options.no_header,
            )  # fmt: skip
        except ColumnMissing as error:
            missing.append((rows.scan.last * rows.scan.used, error))
            if rows.scan.used:
                said[number] = f"工作表 {rows.name} 照抄，未标注"
    named = {number for number, layout in layouts.items() if layout.single or _is_named(layout)}
    plans, notes = list[Plan](), list[str]()
    for number, rows in sheets:
        layout = layouts.get(number)
        if layout and named and number not in named and not options.text_columns:
            # Explanations and lists of codes are long texts, too; beside a column called 投诉内容 they are no complaints.
            guess = layout.names[layout.texts[0]]
            said[number] = (
                f"工作表 {rows.name} 照抄，未标注：没有叫作投诉内容之类的列；确要标其中的 {guess}，用 --text-column {guess}"
            )
        elif layout:
            plan, renamed = _plan(package, number, rows, layout, language, name, options)
            plans.append(plan)
            title = f"，表头在第 {layout.header + 1} 行" if layout.header and not layout.single else ""
            notes += [f"工作表 {rows.name}：{layout.said}{title}", *renamed]
            if layout.header is None:
                notes.append(f"工作表 {rows.name} 没有表头，新增的各格依次为：{'、'.join(plan.names.values())}")
        if number in said:
            notes.append(said[number])
    if not plans:
        if missing:
            raise max(missing, key=lambda one: one[0])[1]
        raise ColumnMissing(f"{name} 中没有数据", expected="带表头的投诉清单", fix="检查文件内容")
    return plans, notes


def _is_named(layout: Layout) -> bool:
    """Return whether a column of texts is known by its name, not only by what stands in it."""
    return any(is_text_name(layout.names[place]) for place in layout.texts)


def _plan(
    package: Package, number: int, rows: SheetRows, layout: Layout, language: Language, name: str,
    options: TagOptions,
) -> tuple[Plan, list[str]]:  # fmt: skip
    """Return what is to be done with a sheet, and which added columns had to be called otherwise."""
    names, below = layout.names, rows.head[layout.first :]
    added, renamed = added_names(names, language, options.asked)
    facts = FactColumns(names)
    if options.wants_facts:
        renamed = [NO_FACTS if layout.header is None else facts.said, *renamed]
    dates = [names.index(known) for known in DATE_NAMES if known in names]
    date = next((column for column in dates if _has_days(below, column)), None)
    frame = Frame(package, rows)
    with package.reading(f"工作表 {rows.name}"):
        first = frame.first_free(layout.first if layout.header is None else layout.header)
    if first + len(added) > COLUMNS:
        raise FileError(
            f"{name} 的工作表 {rows.name} 已用到第 {first:,} 列，再添 {len(added)} 列就超过 Excel 的 {COLUMNS:,} 列",
            expected=f"不超过 {COLUMNS - len(added):,} 列", fix="删去多余的列，再试",
        )  # fmt: skip
    texts = [letters_of(column).encode() for column in layout.texts]
    letters = b"" if date is None else letters_of(date).encode()
    merged = merged_texts([area for area in rows.merged if area[0][0] >= layout.first], layout.texts)
    return Plan(number, rows, layout, frame, texts, letters, added, first, merged, facts), renamed


def _has_days(rows: Sequence[Sequence[Value]], column: int) -> bool:
    """Return whether most filled cells of a column tell a day."""
    filled = [row[column] for row in rows if column < len(row) and row[column] != ""]
    return bool(filled) and sum(day_of(cell) is not None for cell in filled) * 2 > len(filled)
