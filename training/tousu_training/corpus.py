"""Labelled rows: reading, checking, grouping.

A row is ``{"text": str, "codes": [primary, …], "online": bool?}``; other keys are kept aside. Files of any format and
of any labelling tool are read, and what ``tousu tag`` writes; ``label_columns`` knows how labels are written.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from tousu.case_codes import AUTHORITIES, KINDS, SIGNALS
from tousu.errors import ColumnMissing, CorpusError, EncodingUnknown, FileError
from tousu.files.tables import READABLE, Unreadable, is_readable, read_file
from tousu.taxonomy import load_taxonomy
from tousu_training.label_columns import SAMPLE, LabelColumns, LabelOptions, no_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from tousu.files.tables import Row, Table

SEPARATORS = re.compile("[,，|、；]")
TAXONOMY = "领域表"
Signals = tuple[str, ...] | None
MOST_NAMED = 20  # codes or places in a message
TRUE, FALSE = ("true", "1", "是", "yes"), ("false", "0", "否", "no")


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A text with its answer.

    Attributes:
        text: The complaint.
        codes: Its domains, the primary first; at least one.
        online: Whether the trade was online; None where nobody said.
        series: Which hand or collection the row comes from; "" where nobody said.
        register: The way of writing; "" where nobody said.
        kind: What the writer wants, a code of ``case_codes.KINDS``; None where nobody said.
        route: The authority it belongs to, where it lies outside the remit; None elsewhere or where nobody said.
        signals: What is delicate about it, codes of ``case_codes.SIGNALS``; None where nobody said.
        place: "file:line", for messages.
    """

    text: str
    codes: tuple[str, ...]
    online: bool | None = None
    series: str = ""
    register: str = ""
    kind: str | None = None
    route: str | None = None
    signals: tuple[str, ...] | None = None
    place: str = ""

    @property
    def primary(self) -> str:
        """The code the work order is opened under."""
        return self.codes[0]


@dataclass(slots=True)
class Reading:
    """What was met while labelled files were read.

    Attributes:
        unlabelled: Places of rows without a label.
        textless: Places of rows without a text.
        cut: How many cells were cut into several labels.
        labels: How often each label occurs.
    """

    unlabelled: list[str] = field(default_factory=list)
    textless: list[str] = field(default_factory=list)
    cut: int = 0
    labels: Counter[str] = field(default_factory=Counter)

    def notes(self) -> list[str]:
        """Return what people should know of it, in Chinese."""
        said = [
            (self.unlabelled, "行没有标签，未用"),
            (self.textless, "行没有文字内容，未用"),
        ]
        notes = [f"{len(places):,} {what}：{_listed(places)}" for places, what in said if places]
        if self.cut:
            notes.append(f"{self.cut:,} 格里有几个标签，已分开")
        return notes


def read_rows(
    paths: Iterable[Path],
    *,
    codes: Sequence[str] | None = None,
    of: str = TAXONOMY,
    options: LabelOptions | None = None,
    met: Reading | None = None,
) -> list[LabelledRow]:
    """Read labelled rows from files of any format and directories of them.

    Args:
        paths: Files and directories; a directory gives its labelled files in order of name.
        codes: The codes allowed; None allows any.
        of: Whose codes those are, for messages.
        options: Which columns are read and how; names of domains stand for their codes in any case.
        met: Takes note of rows passed over and labels met.

    Raises:
        CorpusError: A file is missing or a row is wrong; the message names file, line and what is wrong.
        EncodingUnknown: A file is in no encoding that is read.
    """
    allowed = None if codes is None else frozenset(codes)
    chosen, met = options or LabelOptions(), met if met is not None else Reading()
    if not chosen.names and (allowed is None or allowed & set(load_taxonomy().codes)):
        chosen = LabelOptions(
            text=chosen.text, label=chosen.label, separator=chosen.separator, strict=chosen.strict,
            names={name: code for code, name in load_taxonomy().names.items()},
        )  # fmt: skip
    rows = [row for file in labelled_files(paths) for row in _rows_of(file, allowed, chosen, met)]
    if not rows:
        raise CorpusError(
            "；".join(["没有读到任何标注行", *met.notes()]), expected="至少一行 {text, codes}", fix="检查文件路径与内容"
        )
    if allowed is not None:
        _check_known(rows, allowed, of)
    met.labels.update(code for row in rows for code in row.codes)
    return rows


def corpus_hash(rows: Iterable[LabelledRow]) -> str:
    """Return a SHA-256 over the texts and answers of the rows, in order."""
    digest = hashlib.sha256()
    for row in rows:
        told: list[Any] = [row.text, row.codes, row.online, row.series]
        if row.kind is not None or row.signals is not None or row.route is not None:
            told += [row.kind, row.route, row.signals]
        digest.update(json.dumps(told, ensure_ascii=False).encode())
    return digest.hexdigest()


def labelled_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files named, directories opened up.

    Raises:
        CorpusError: A path is missing, or a directory has none.
    """
    for path in paths:
        if path.is_dir():
            found = sorted(
                item for item in path.iterdir() if is_readable(item) and not item.name.startswith((".", "~$"))
            )
            found = [item for item in found if item.is_file() and not item.name.endswith(".rejects.jsonl")]
            if not found:
                raise CorpusError(f"目录 {path} 里没有标注文件", expected=READABLE, fix="检查路径")
            yield from found
        elif path.is_file():
            yield path
        else:
            raise CorpusError(f"没有找到标注文件：{path}", fix="检查路径")


def _tables(file: Path) -> Iterator[tuple[Table, list[Row], Iterator[Row]]]:
    """Yield a file's tables with their first rows, and all rows."""
    try:
        for table in read_file(file, strict=True):
            head = list(islice(table.rows, SAMPLE))
            yield table, head, chain(head, table.rows)
    except EncodingUnknown as error:
        raise EncodingUnknown(error.found, expected=error.expected, fix="另存为 UTF-8") from error
    except (ColumnMissing, CorpusError):
        raise
    except FileError as error:
        raise CorpusError(f"读不了 {file}：{error.found}", expected=error.expected, fix=error.fix) from error


def _columns(table: Table, head: list[Row], options: LabelOptions, allowed: frozenset[str] | None) -> LabelColumns:
    """Return the columns of a table of JSON rows or cells."""
    for number, cells in head:
        if table.nested and isinstance(cells[0], Unreadable):
            raise _unreadable(table, number)
    return LabelColumns(table, [cells for _, cells in head], options, allowed)


def _rows_of(file: Path, allowed: frozenset[str] | None, options: LabelOptions, met: Reading) -> Iterator[LabelledRow]:
    """Yield the labelled rows of a file; sheets of a workbook that have no labels are passed over if one has some."""
    refused: TousuErrors = None
    used = False
    for table, head, rows in _tables(file):
        if not head:
            continue
        try:
            columns = _columns(table, head, options, allowed)
            if not columns.has_labels:
                raise no_labels(table)
        except (ColumnMissing, CorpusError) as error:
            refused = refused or error
            if " 工作表 " in table.place:
                continue
            raise
        used = True
        place = f"{file}{table.place.removeprefix(file.name)}"
        for number, cells in rows:
            row = _row(table, columns, cells, f"{place}:{number}", options, met)
            if row is not None:
                yield row
        met.cut += columns.cut
    if refused is not None and not used:
        raise refused


TousuErrors = ColumnMissing | CorpusError | None


def _row(
    table: Table, columns: LabelColumns, cells: Sequence[Any], place: str, options: LabelOptions, met: Reading
) -> LabelledRow | None:
    """Return a row, or None where it has no text or no label and is passed over."""
    if table.nested and isinstance(cells[0], Unreadable):
        raise _unreadable(table, int(place.rpartition(":")[2]))
    text, codes = columns.text_of(cells), columns.labels_of(cells)
    if not isinstance(text, str) or not text.strip():
        if options.strict:
            raise CorpusError(f"{place} 没有文字内容", expected="一段文字", fix="补上或删去该行")
        met.textless.append(place)
        return None
    if not codes:
        if options.strict:
            raise CorpusError(f"{place} 没有标签", expected="至少一个代码", fix="补上标签")
        met.unlabelled.append(place)
        return None
    if len(set(codes)) != len(codes):
        raise CorpusError(f"{place} 的标签有重复", expected="每个代码一次", fix="删去重复的")
    online = columns.value(cells, columns.online) if columns.online else None
    if table.nested and online is not None and not isinstance(online, bool):
        raise CorpusError(f"{place} 的 online 不是 true 或 false", fix="改正该行")
    if not isinstance(online, bool):
        answer = str(online or "").strip().lower()
        online = True if answer in TRUE else False if answer in FALSE else None
    series, register = (str(columns.value(cells, name) or "") for name in ("series", "register"))
    kind, route, signals = _case(columns, cells, place)
    return LabelledRow(text, tuple(codes), online, series, register, kind, route, signals, place)


def _case(columns: LabelColumns, cells: Sequence[Any], place: str) -> tuple[Any, Any, Signals]:
    """Return kind, route and signals of a row, checked; None for each that it does not say."""
    signals = columns.value(cells, "signals")
    kind, route = (columns.value(cells, name) or None for name in ("kind", "route"))
    if isinstance(signals, dict):  # all that was judged of the case, each by its name; null: not agreed
        kind, route = kind or signals.get("kind"), route or signals.get("route")
        flags = {code: signals.get(code) for code in SIGNALS}
        signals = None if None in flags.values() else [code for code, holds in flags.items() if holds]
    for name, value, known in (("kind", kind, KINDS), ("route", route, AUTHORITIES)):
        if value is not None and value not in known:
            raise CorpusError(f"{place} 的 {name} 不对", expected="、".join(known), fix="改正或删去这一项")
    if isinstance(signals, str):
        signals = [code.strip() for code in signals.split(";") if code.strip()]
    if signals is None:
        return kind, route, None
    if not isinstance(signals, list) or not all(signal in SIGNALS for signal in signals):
        raise CorpusError(
            f"{place} 的 signals 不对", expected=f"{'、'.join(SIGNALS)}，几项之间用 ;", fix="改正或删去这一项"
        )
    return kind, route, tuple(signal for signal in SIGNALS if signal in signals)


def _unreadable(table: Table, number: int) -> CorpusError:
    return CorpusError(
        f"{table.place}:{number} 不是一个 JSON 对象", expected='{"text": …, "codes": […]}', fix="改正该行"
    )


def _listed(places: Sequence[str]) -> str:
    """Return places as a list that is not too long."""
    more = f" 等 {len(places):,} 处" if len(places) > MOST_NAMED else ""
    return "、".join(places[:MOST_NAMED]) + more


def _check_known(rows: Sequence[LabelledRow], allowed: frozenset[str], of: str) -> None:
    """Refuse codes that are not allowed, all rows at once."""
    wrong = [(row.place, [code for code in row.codes if code not in allowed]) for row in rows]
    wrong = [(place, codes) for place, codes in wrong if codes]
    if wrong:
        place, codes = wrong[0]
        more = f"（这样的共 {len(wrong):,} 行：{_listed([other for other, _ in wrong])}）" if len(wrong) > 1 else ""
        raise _unknown(codes, place, allowed, of, more)


def _unknown(codes: Sequence[str], place: str, allowed: frozenset[str], of: str, more: str) -> CorpusError:
    """Return the error for codes that are not allowed; it knows what people mistake for a separator."""
    parts = {part.strip() for code in codes for part in SEPARATORS.split(code)}
    if len(parts) > len(codes) and parts <= allowed:
        return CorpusError(
            f"{place} 的代码 {'、'.join(codes)} 用逗号、竖线或顿号隔开{more}", expected="一格里的几个代码用 ; 隔开",
            fix="把代码之间的符号改成 ;，或用 --label-separator 指明",
        )  # fmt: skip
    near = difflib.get_close_matches(codes[0], allowed, n=1)
    fix = f"是不是要写 {near[0]}？" if near else "改正代码"
    if of == TAXONOMY:
        fix += "；若用的是自己的标签，请加 --labels-from-data"
    expected = "、".join(sorted(allowed)) if len(allowed) <= MOST_NAMED else f"{of}里的代码"
    return CorpusError(f"{place} 的代码 {'、'.join(codes)} 不在{of}里{more}", expected=expected, fix=fix)


def read_texts(path: Path, *, column: str | None = None, met: Reading | None = None) -> list[str]:
    """Read the texts of unlabelled rows from a file of any format.

    Args:
        path: The file.
        column: Column of the texts; found by name and content when None.
        met: Takes note of rows without a text, which are passed over.

    Raises:
        CorpusError: The file is missing or has no text.
        ColumnMissing: No column holds the texts.
    """
    met = met if met is not None else Reading()
    texts: list[str] = []
    refused: ColumnMissing | None = None
    options = LabelOptions(text=column)
    for file in labelled_files([path]):
        for table, head, rows in _tables(file):
            try:
                columns = _columns(table, head, options, None)
            except ColumnMissing as error:
                refused = refused or error
                continue
            for number, cells in rows:
                text = None if isinstance(cells[0], Unreadable) else columns.text_of(cells)
                if isinstance(text, str) and text.strip():
                    texts.append(text)
                else:
                    met.textless.append(f"{file}{table.place.removeprefix(file.name)}:{number}")
    if not texts:
        raise refused or CorpusError(f"{path} 没有文字内容", expected="至少一段投诉文字", fix="检查文件内容")
    return texts
