"""How a table is laid out: which rows name its columns, which hold complaints, which belong to the page around them.

People make ledgers by hand: a header may take two rows whose cells are merged, stand again on each printed page, be
followed by a hint, an example or the same names in English, and end in totals and signatures. All these rows are
copied and not tagged. A form of one case has its names beside its values, not above.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tousu.errors import ColumnMissing
from tousu.files.columns import CHINESE, cell_text, choose_text_columns, is_text_name, plain_name, unsure
from tousu.files.header import LONGEST_NAME, PAUSE, Kind, find_header, kind_of, names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Row = Sequence[object]
    Range = tuple[tuple[int, int], tuple[int, int]]

WITHIN = 30  # rows from the top that may be the header
DEEPEST_HEADER = 3  # rows
MOST_HINTS = 3  # rows below the header
LONG = 15  # characters of a text that is one whatever its row looks like
MOST_FORM_ROWS, MOST_FORM_COLUMNS = 60, 8
# How the names of columns end or what they hold; a first row without any of these may be a row of data.
NAMED = re.compile(
    "[号號名称稱期间間类類型别別址話话源态態位门門区區额額量况況容求注註式文述由项項题題次人性年月日码碼度果见見复覆点點要案主页頁备備]$|"
    "[编編序][号號]|[时時][间間]|[内內]容|[诉訴]|[举舉][报報]|[A-Za-z]",
)
TOTAL = re.compile(
    r"(?:本[页頁月]|全[月年部])?(?:合\s*[计計]|[总總]\s*[计計数數]|小\s*[计計]|共\s*[计計]|累[计計]|total|sum)[：: ]*[\d,]*\s*[件条條]?",
    re.IGNORECASE,
)
SIGNED = re.compile(
    "(?:填[表报報制]|制[表单單]|[审審][核批]|复核|[负負][责責]|主管|[经經][办辦]|[报報]送|[签簽][发發字]|[统統][计計]|[联聯][系繫]|"
    "打印|[导導]出|[录錄]入|[单單]位|截[止至]|日期|科[室长長]|分管)[^：:，。]{0,8}[：:]|"
    r"第\s*\d+\s*[页頁]|共\s*\d+\s*[页頁条條件]"
)
NOTE = re.compile(
    r"(?:\*|※|注|附注|[备備][注註]|[说說]明|填[表报報写寫][说說]明|[数數][据據][来來]源)\s*[\d一二三]?[：:、]|以下空白|本表"
)
HINT = re.compile(
    r"[（(【*]?\s*(?:必填|[选選]填|非必填|[请請][填输輸选選]|填[写寫]|示例|[样樣]例|[样樣]本|范例|模板|例[：:如]|例子|格式[：:]|"
    r"不[得超][过過于於]|最多|限\s*\d|下拉|[单單]位[：:]|e\.?g\.|example|required|optional)",
    re.IGNORECASE,
)
UNIT = re.compile(r"[（(【].{1,8}[）)】]|[-—/]")


@dataclass(frozen=True, slots=True)
class Layout:
    """What a table's rows are.

    Attributes:
        header: Which row names the columns, from 0 on, the lowest of several; None if no row does.
        first: Which row is the first that may hold a complaint; those between are copied.
        names: Names of the columns.
        texts: Places of the columns of texts.
        said: How these were found, in Chinese.
        single: Whether ``first`` is the only row with a complaint: a form of one case.
        heads: The header's rows, cells stripped, as they may stand again further down.
    """

    header: int | None
    first: int
    names: list[str]
    texts: list[int]
    said: str
    single: bool = False
    heads: tuple[tuple[str, ...], ...] = field(default=())

    def is_furniture(self, cells: Row) -> bool:
        """Return whether a row below the header holds no complaint but the header again, totals or signatures."""
        if not self.heads and self.header is None:
            return False
        if any(is_long(cell_text(cells, place)) for place in self.texts):
            return False
        filled = [(place, str(cell).strip()) for place, cell in enumerate(cells) if cell is not None]
        filled = [(place, text) for place, text in filled if text]
        if not filled:
            return False
        texts = [text for _, text in filled]
        if len(texts) > 1 and tuple(texts) in self.heads:
            return True
        if TOTAL.fullmatch(texts[0]):
            return True
        if len(self.names) < 2:
            return False
        if all(SIGNED.match(text) for text in texts):
            return True
        return len(filled) == 1 and filled[0][0] not in self.texts and bool(NOTE.match(texts[0]))


def find_layout(
    rows: Sequence[Row], wanted: Sequence[str], *, file: str, merged: Iterable[Range] = (), no_header: bool = False,
    within: int = WITHIN,
) -> Layout:  # fmt: skip
    """Return how a table is laid out.

    Args:
        rows: Its first rows.
        wanted: Names of columns the user gave, or places such as ``#4``.
        file: What to call it in an error.
        merged: Merged ranges, as (top, left), (bottom, right).
        no_header: Whether the first row is one of data.
        within: How many rows from the top on may be the header.

    Raises:
        ColumnMissing: No row names the columns, or none of them holds the texts; or it is not sure which.
    """
    merged = [area for area in merged if area[0] != area[1]]
    if no_header:
        widths = Counter(len(row) for row in rows if _stripped(row))
        names = [""] * (widths.most_common(1)[0][0] if widths else 0)
        texts, said = choose_text_columns(names, rows, wanted, file=file)
        return Layout(None, 0, names, texts, said)
    form = None if wanted else _form(rows)
    if form:
        return form
    found = _header(rows, [name for name in wanted if not name.startswith("#")], merged, within)
    if found is None:
        raise _headless(rows, file, wanted)
    top, header, names = found
    if not wanted and not _like_names(names):
        raise _headless(rows, file, wanted, names)
    heads = tuple(_stripped(rows[number]) for number in range(top, header + 1))
    texts, said = choose_text_columns(names, rows[header + 1 :], wanted, file=file)
    first = header + 1
    while first < len(rows) and first - header <= MOST_HINTS and _is_hint(rows[first], texts, rows[first + 1 :]):
        heads = (*heads, _stripped(rows[first]))
        first += 1
    if first > header + 1:  # what a hint says must not count for the choice
        texts, said = choose_text_columns(names, rows[first:], wanted, file=file)
    return Layout(header, first, names, texts, said, heads=heads)


def find_names(
    rows: Sequence[Row], wanted: Sequence[str] = (), *, merged: Iterable[Range] = (), within: int = WITHIN
) -> tuple[int, list[str]] | None:
    """Return which row is a table's header, the lowest of several, and the names of the columns; None if there is none."""
    found = _header(rows, wanted, [area for area in merged if area[0] != area[1]], within)
    return found and found[1:]


def _header(
    rows: Sequence[Row], wanted: Sequence[str], merged: Sequence[Range], within: int
) -> tuple[int, int, list[str]] | None:
    """Return the header's highest and lowest row and the columns' names."""
    top = find_header(rows, wanted, within=within)
    if top is None:
        return None
    low = _lowest(rows, top, merged)
    names = _names(rows, top, low, merged)
    if not set(wanted) <= set(names):
        for number in range(min(within, len(rows))):
            below = _names(rows, number, number, merged)
            if set(wanted) <= set(below):
                return number, number, below
    return top, low, names


def merged_texts(merged: Iterable[Range], texts: Sequence[int]) -> dict[tuple[int, int], tuple[int, int]]:
    """Return for each cell of a text column that is merged into one above it where that one is."""
    return {
        (row, column): (top, left)
        for (top, left), (bottom, right) in merged
        for column in texts
        if left <= column <= right
        for row in range(top, bottom + 1)
        if (row, column) != (top, left)
    }


def _headless(rows: Sequence[Row], file: str, wanted: Sequence[str], names: Sequence[str] = ()) -> ColumnMissing:
    """Return the error for a table that seems to have no header."""
    if not any(_stripped(row) for row in rows):
        return ColumnMissing(f"{file} 中没有数据", expected="带表头的投诉清单", fix="检查文件内容")
    first = list(names) or names_of(next(row for row in rows if _stripped(row)))
    asked = unsure(first, [], f"{file} 中看不出哪一行是表头")
    found = f"{asked.found}（没有表头含 {'、'.join(wanted)} 的行）" if wanted else f"{asked.found}：第一行像是数据"
    return ColumnMissing(
        found, expected=f"第一行或标题下面的一行写列名；{asked.expected}",
        fix="在最上面加一行列名；没有表头的，用 --no-header 和 --text-column '#列号'；已有列名的，用 --text-column 列名",
    )  # fmt: skip


def _stripped(row: Row) -> tuple[str, ...]:
    """Return the filled cells of a row as texts."""
    return tuple(text for cell in row if cell is not None and (text := str(cell).strip()))


def is_long(text: str) -> bool:
    """Return whether a cell of a text column is a complaint, whatever its row looks like; quick, for every row."""
    return len(text) >= LONG and (len(text) > LONGEST_NAME or PAUSE.search(text) is not None)


def _is_prose(cell: object) -> bool:
    return kind_of(cell) is Kind.PROSE


def _like_names(names: Sequence[str]) -> bool:
    """Return whether some of a header's cells read like the names of columns."""
    return any(NAMED.search(name.rstrip("：:？?*（）() ")) or is_text_name(name) for name in names if name)


def _lowest(rows: Sequence[Row], top: int, merged: Sequence[Range]) -> int:
    """Return the lowest row of the header that begins at ``top``."""
    low = top
    while low + 1 < len(rows) and low - top + 1 < DEEPEST_HEADER and _goes_on(rows, low, merged):
        low += 1
    return low


def _goes_on(rows: Sequence[Row], row: int, merged: Sequence[Range]) -> bool:
    """Return whether the header goes on in the row below: names under merged or empty cells, above data."""
    here, below = rows[row], rows[row + 1]
    kinds = [kind_of(cell) for cell in below]
    if Kind.VALUE in kinds or Kind.PROSE in kinds or Kind.NAME not in kinds:
        return False
    spans = any(top == row and bottom == row and right > left for (top, left), (bottom, right) in merged)
    hangs = any(top <= row < bottom for (top, _), (bottom, _) in merged)
    if spans or hangs:
        split = sum(
            sum(column < len(kinds) and kinds[column] is Kind.NAME for column in range(left, right + 1)) > 1
            for (top, left), (bottom, right) in merged
            if top == bottom == row
        )
        return hangs or bool(split)
    under = [column for column, kind in enumerate(kinds) if kind is Kind.NAME]
    empty_above = [column for column in under if column >= len(here) or kind_of(here[column]) is Kind.BLANK]
    left_open = any(
        kind_of(cell) is not Kind.BLANK and (column >= len(kinds) or kinds[column] is Kind.BLANK)
        for column, cell in enumerate(here)
    )
    likely = sum(bool(NAMED.search(str(below[column]).strip())) for column in under)
    above_data = row + 2 < len(rows) and {Kind.VALUE, Kind.PROSE} & {kind_of(cell) for cell in rows[row + 2]}
    return bool(empty_above and left_open and likely * 2 > len(under) and above_data)


def _names(rows: Sequence[Row], top: int, low: int, merged: Sequence[Range]) -> list[str]:
    """Return the columns' names: of a header of several rows the lowest filled cell of each column."""
    width = max(len(rows[number]) for number in range(top, low + 1))
    names = [""] * width
    for number in range(top, low + 1):
        for column, name in enumerate(names_of(rows[number])):
            names[column] = name or names[column]
    for (above, left), (bottom, _) in merged:
        if above < top <= bottom and left < width and not names[left]:
            names[left] = names_of(rows[above])[left] if left < len(rows[above]) else ""
    return names


def _is_hint(row: Row, texts: Sequence[int], below: Sequence[Row]) -> bool:
    """Return whether a row under the header tells how to fill in the form, is an example or names the columns again."""
    filled = _stripped(row)
    if not filled or not any(map(_stripped, below)):
        return False
    told = [cell_text(row, place).strip() for place in texts]
    if any(HINT.match(text) for text in (filled[0], *told)):
        return True
    if not any(told):
        return all(UNIT.fullmatch(text) for text in filled)
    kinds = {kind_of(cell) for cell in row if kind_of(cell) is not Kind.BLANK}
    if kinds != {Kind.NAME} or not all(is_text_name(text) or not CHINESE.search(text) for text in told):
        return False
    plain = [not CHINESE.search(text) and not any(map(str.isdigit, text)) for text in filled]
    return all(plain) and any(CHINESE.search(cell_text(other, place)) for other in below for place in texts)


def _form(rows: Sequence[Row]) -> Layout | None:
    """Return the layout of a form of one case: names beside their values; None if the table is no such form."""
    filled = [number for number, row in enumerate(rows) if _stripped(row)]
    width = max((len(row) for row in rows), default=0)
    if not 3 <= len(filled) <= MOST_FORM_ROWS or not 2 <= width <= MOST_FORM_COLUMNS:
        return None
    told = sum(any(map(_is_prose, rows[number])) for number in filled)
    for number in filled if told * 2 <= len(filled) else ():
        row = rows[number]
        for column in range(len(row) - 1):
            if not is_text_name(row[column]) or any(map(is_text_name, row[:column])):
                continue
            beside = column + 1
            if not _is_prose(row[beside]) or not _labels(rows, filled, number, column):
                continue
            if number == 0:
                return None
            name = str(row[column]).strip()
            said = f"内容：{plain_name(name)}（竖排的登记表，一份一件）"
            return Layout(number - 1, number, names_of(rows[number - 1]), [beside], said, single=True)
    return None


def _labels(rows: Sequence[Row], filled: Sequence[int], number: int, column: int) -> bool:
    """Return whether the cells above and below one in its column are names, too, with values beside them."""
    others = [rows[row] for row in filled if row != number and column + 1 < len(rows[row])]
    if any(is_text_name(row[column]) and _is_prose(row[column + 1]) for row in others):
        return False  # one case has one complaint
    beside = [row for row in others if kind_of(row[column]) is Kind.NAME and str(row[column + 1] or "").strip()]
    named = [row for row in beside if NAMED.search(str(row[column]).strip()) or is_text_name(row[column])]
    below = next((rows[row] for row in filled if row > number), None)
    under = Kind.BLANK if below is None or column >= len(below) else kind_of(below[column])
    labels = [str(row[column]).strip() for row in (*beside, rows[number])]
    return (
        len(set(labels)) == len(labels)
        and len(named) >= 2
        and len(beside) * 2 >= len(others)
        and under in (Kind.NAME, Kind.BLANK)
    )
