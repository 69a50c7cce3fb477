"""Which columns of a labelled table hold texts and labels, and which labels a cell stands for.

Tools write labels in many ways: a name, names with ``;`` between, a list, JSON within a cell, a column per label with
0 and 1, choices of annotators within annotations. And what ``tousu tag`` writes is labelled, too: a person who corrects
it has labelled it.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tousu.errors import ColumnMissing, CorpusError
from tousu.files.added_columns import ADDED, ASKED
from tousu.files.columns import choose_text_columns, plain_name
from tousu.files.json_paths import key_paths, value_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tousu.files.tables import Table

    Cells = Sequence[Any]

LABEL_NAMES = (
    "codes", "code", "label", "labels", "标签", "领域代码", "领域", "类别", "分类", "投诉类别", "投诉分类", "投诉类型", "类型",
    "一级分类", "问题分类", "问题类别", "category", "categories", "class", "classes", "tag", "tags", "annotation", "intent", "y",
    "choice", "choices", "target", "cats",
)  # fmt: skip
CORRECTIONS = ("更正领域", "更正", "更正标签", "corrected", "correction", "tousu_corrected")
# What label tools put beside texts and labels.
KEPT_BY_TOOLS = {
    "id", "_id", "annotator", "annotation_id", "lead_time", "created_at", "updated_at", "comments", "meta", "metadata", "status",
    "prediction", "predictions", "series", "register", "online", "total_annotations", "cancelled_annotations", "total_predictions",
    "comment_count", "unresolved_comment_count", "last_comment_updated_at", "project", "updated_by", "comment_authors", "inner_id",
    "drafts", "file_upload", "annotation_agent", "prediction_agent", "event_timestamp", "vectors", "suggestions", "external_id",
}  # fmt: skip
TOOL_MARKS = {"annotator", "lead_time", "annotation_id", "annotation_agent"}
SAMPLE = 200
ON, OFF = {"1", "1.0", "true", "yes", "是", "√", "✓", "x"}, {"0", "0.0", "false", "no", "否", "", "none"}
BETWEEN = re.compile(r"[、;；|,，]")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelOptions:
    """How labelled files are read.

    Attributes:
        text: Column of the texts, by name or ``#4``; found by name and content when None.
        label: Column of the labels; found by its name when None.
        separator: What stands between the labels of a cell.
        strict: Whether a row without text or label ends the reading instead of being skipped.
        names: Codes by the Chinese names that may stand for them.
    """

    text: str | None = None
    label: str | None = None
    separator: str = ";"
    strict: bool = False
    names: Mapping[str, str] = field(default_factory=dict)


class LabelColumns:
    """The columns of one table.

    Attributes:
        cut: How many cells were cut into several labels.
    """

    def __init__(
        self, table: Table, head: Sequence[Cells], options: LabelOptions, allowed: frozenset[str] | None
    ) -> None:
        self._table, self._options, self._allowed = table, options, allowed
        self.cut = 0
        self._names = _keys(table, head)
        sample = [[_value(table, row, name, self._names) for name in self._names] for row in head[:SAMPLE]]
        self._sample = sample
        self._labels: Callable[[Cells], list[str] | None] | None = None
        self._codes_by_name: Mapping[str, str] = {}
        tagged = next((names for names in ADDED.values() if names["primary"] in self._names), None)
        if options.label is None and tagged is not None:
            self._labels = self._of_tagged(tagged)
        elif options.label is None and table.nested and "tagging" in self._names:
            self._labels = self._of_json_tags
        # Names of domains stand for their codes, but not where a user's own labels happen to be called so.
        if allowed is not None or self._labels is not None:
            self._codes_by_name = options.names
        self.text = _text_name(table, self._names, sample, options.text, self._label_names())
        if self._labels is None:
            self._labels = self._find_labels()

    def text_of(self, cells: Cells) -> object:
        """Return a row's text as it stands."""
        return self._value(cells, self.text)

    def labels_of(self, cells: Cells) -> list[str]:
        """Return a row's labels, the primary first; none where nobody gave any."""
        found = self._labels(cells) if self._labels else None
        return found or []

    @property
    def has_labels(self) -> bool:
        """Whether the table has a column of labels."""
        return self._labels is not None

    def value(self, cells: Cells, name: str) -> object:
        """Return the cell of a column by its name, None if there is no such column."""
        return self._value(cells, name) if name in self._names else None

    @property
    def online(self) -> str | None:
        """Name of the column that tells whether the trade was online."""
        known = ("online", "tagging.online", ADDED["en"]["online"], ADDED["zh"]["online"])
        return next((name for name in known if name in self._names), None)

    def _value(self, cells: Cells, name: str) -> Any:
        return _value(self._table, cells, name, self._names)

    def _label_names(self) -> set[str]:
        """Return the names that are no texts whatever they are called."""
        added = {name for names in (*ADDED.values(), *ASKED.values()) for name in names.values()}
        return {*LABEL_NAMES, *CORRECTIONS, *added} - ({self._options.text} if self._options.text else set())

    def _find_labels(self) -> Callable[[Cells], list[str] | None] | None:
        """Return what takes a row to its labels."""
        wanted = self._options.label
        if wanted is not None:
            name = _place(wanted, self._names)
            if name is None:
                raise ColumnMissing(
                    f"{self._table.place} 中没有名为 {wanted} 的列",
                    expected="、".join(self._names),
                    fix="改正 --label-column",
                )
            return lambda cells: self._read(self._value(cells, name))
        if "annotations" in self._names or "completions" in self._names:
            return self._of_annotations
        answers = next((name for name in self._names if name == "responses" or name.endswith(".responses")), None)
        if answers is not None:
            return lambda cells: self._read(_answers(self._value(cells, answers)))
        named = {plain_name(name.rpartition(".")[2]): name for name in reversed(self._names) if name != self.text}
        known = next((named[name] for name in LABEL_NAMES if name in named), None)
        if known is not None:
            return lambda cells: self._read(self._value(cells, known))
        rest = [
            name
            for name in self._names
            if name != self.text and plain_name(name) not in KEPT_BY_TOOLS and "." not in name
        ]
        if TOOL_MARKS & set(self._names) and len(rest) == 1:
            return lambda cells: self._read(self._value(cells, rest[0]))
        flags = [name for name in rest if self._is_flag(name)]
        if len(flags) > 1:
            return lambda cells: [name for name in flags if _plain(self._value(cells, name)) in ON]
        if self._table.headless and len(self._names) == 2:
            return lambda cells: self._read(self._value(cells, rest[0]))
        return None

    def _is_flag(self, name: str) -> bool:
        """Return whether a column says yes or no in every row, and yes in some."""
        values = {_plain(row[self._names.index(name)]) for row in self._sample}
        return bool(values & ON) and values <= ON | OFF

    def _of_annotations(self, cells: Cells) -> list[str] | None:
        """Return the choices of the first annotation that counts, as Label Studio writes them."""
        given = self._value(cells, "annotations") or self._value(cells, "completions") or []
        for one in given if isinstance(given, list) else []:
            if not isinstance(one, dict) or one.get("was_cancelled"):
                continue
            values = [value_at(item, "value") for item in one.get("result") or [] if isinstance(item, dict)]
            found = [choice for value in values if isinstance(value, dict) for choice in _choices(value)]
            if found:
                return self._codes(found)
        return None

    def _of_tagged(self, added: Mapping[str, str]) -> Callable[[Cells], list[str] | None]:
        """Return what reads the added columns: the correction, the cell a person changed, or the tag."""
        places = {key: self._last(name) for key, name in added.items()}

        def labels(cells: Cells) -> list[str] | None:
            corrected = self._corrected(cells)
            if corrected:
                return corrected
            told = {key: str(self._value(cells, name) or "").strip() for key, name in places.items() if name}
            return self._settled(told["primary"], told.get("name", ""), self._split(told.get("codes", "")))

        return labels

    def _of_json_tags(self, cells: Cells) -> list[str] | None:
        """Return the codes of a JSON row's tag, a person's correction first."""
        corrected = self._corrected(cells)
        if corrected:
            return corrected
        tag = self._value(cells, "tagging")
        if not isinstance(tag, dict):
            return None
        codes = [str(code) for code in tag.get("codes") or []]
        return self._settled(str(tag.get("primary") or ""), str(tag.get("name") or ""), codes)

    def _settled(self, primary: str, name: str, codes: list[str]) -> list[str] | None:
        """Return the codes of a tag; where code, name and list differ, the one that was changed counts."""
        before = codes[0] if codes else primary
        named = self._codes_by_name.get(name, "")
        now = primary if primary != before else named or primary
        if not now:
            return None
        now = self._codes_by_name.get(now, now)
        rest = (
            [code for code in codes if code not in (now, before)]
            if now != before
            else [code for code in codes if code != now]
        )
        return [now, *rest]

    def _corrected(self, cells: Cells) -> list[str] | None:
        """Return what a person wrote into a column for corrections."""
        for name in CORRECTIONS:
            if name in self._names:
                value = self._value(cells, name)
                if value not in (None, "", []):
                    return self._codes([value]) if isinstance(value, list) else self._split(str(value)) or None
        return None

    def _last(self, name: str) -> str | None:
        """Return the name of an added column; of several, the one added last."""
        found = [there for there in self._names if re.fullmatch(re.escape(name) + r"(_\d+)?", there)]
        return found[-1] if found else None

    def _split(self, text: str) -> list[str]:
        """Return the codes of a cell of ours: codes, or Chinese names, which may hold what stands between them."""
        names, found, rest = self._codes_by_name, [], text.strip()
        known = sorted((*names, *(self._allowed or ()), *names.values()), key=len, reverse=True)
        while rest:
            name = next(
                (one for one in known if rest.startswith(one) and (rest == one or BETWEEN.match(rest[len(one)]))), None
            )
            if name is None:
                name = BETWEEN.split(rest, maxsplit=1)[0]
            found.append(names.get(name.strip(), name.strip()))
            rest = re.sub(r"^[\s、;；|,，]+", "", rest[len(name) :])
        return list(dict.fromkeys(code for code in found if code))

    def _read(self, value: Any) -> list[str] | None:
        """Return the labels a cell stands for."""
        if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
            with contextlib.suppress(ValueError):
                value = json.loads(value)
        if value is None or value == "":
            return None
        if isinstance(value, dict):
            chosen = _choices(value)
            flagged = [str(name) for name, flag in value.items() if _plain(flag) in ON]
            return self._codes(chosen) if chosen else flagged or None
        if isinstance(value, (list, tuple)):
            return self._codes([item for one in value for item in (_choices(one) if isinstance(one, dict) else [one])])
        text = _plain_number(value)
        if self._known(text) or self._options.separator not in text:
            return self._codes([text])
        self.cut += 1
        return self._codes(text.split(self._options.separator))

    def _known(self, text: str) -> bool:
        return text in self._codes_by_name or (self._allowed is not None and text in self._allowed)

    def _codes(self, values: Sequence[Any]) -> list[str]:
        """Return labels as codes: Chinese names of domains as their codes, all else as it is."""
        found = [_plain_number(value) for value in values if value is not None]
        allowed = self._allowed
        return [
            self._codes_by_name[label]
            if label in self._codes_by_name and (allowed is None or label not in allowed)
            else label
            for label in found
            if label
        ]


def _keys(table: Table, head: Sequence[Cells]) -> list[str]:
    """Return the names of a table's columns; of JSON rows keys within keys, too."""
    if not table.nested:
        counts = Counter(table.names)
        return [
            name if counts[name] == 1 and name else f"{name}#{place + 1}" if name else f"#{place + 1}"
            for place, name in enumerate(table.names)
        ]
    return list(
        dict.fromkeys(
            [*table.names, *(key for (value,) in head if isinstance(value, dict) for key in key_paths(value))]
        )
    )


def _value(table: Table, cells: Cells, name: str, names: Sequence[str]) -> Any:
    """Return the cell under a name of ``_keys``."""
    if table.nested:
        return value_at(cells[0], name)
    place = names.index(name)
    return cells[place] if place < len(cells) else None


def _place(wanted: str, names: Sequence[str]) -> str | None:
    """Return the name that a user's name or place stands for."""
    if wanted in names:
        return wanted
    twins = [name for name in names if re.fullmatch(re.escape(wanted) + r"#\d+", name)]
    place = re.fullmatch(r"#([1-9]\d{0,4})", wanted)
    if place and int(place[1]) <= len(names):
        return names[int(place[1]) - 1]
    return twins[0] if twins else None


def _text_name(table: Table, names: Sequence[str], sample: Sequence[Cells], wanted: str | None, never: set[str]) -> str:
    """Return the column of the texts.

    Raises:
        ColumnMissing: There is none, or it is not sure which.
    """
    if wanted is not None:
        name = _place(wanted, names)
        if name is None:
            raise ColumnMissing(
                f"{table.place} 中没有名为 {wanted} 的列", expected="、".join(names), fix="改正 --text-column"
            )
        return name
    open_to = [
        place for place, name in enumerate(names)
        if plain_name(name.rpartition(".")[2]) not in never and name not in never and plain_name(name) not in KEPT_BY_TOOLS
    ]  # fmt: skip
    if "text" in names:
        return "text"
    shown = [re.sub(r"#\d+$", "", names[place].rpartition(".")[2]) for place in open_to]
    rows = [[row[place] for place in open_to] for row in sample]
    found, _ = choose_text_columns(shown, rows, (), file=table.place)
    return names[open_to[found[0]]]


def _choices(value: Mapping[str, Any]) -> list[Any]:
    """Return the labels within one of a label tool's values."""
    for key in ("choices", "labels", "taxonomy", "value", "label"):
        inner = value.get(key)
        if isinstance(inner, list):
            return [item[-1] if isinstance(item, list) and item else item for item in inner]
        if isinstance(inner, (str, int)) and not isinstance(inner, bool):
            return [inner]
        if isinstance(inner, dict):
            return _choices(inner)
    return []


def _answers(value: Any) -> Any:
    """Return the first annotator's answer among Argilla's responses."""
    if isinstance(value, dict):
        value = next((inner for inner in value.values() if inner), None)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        good = [one for one in value if one.get("status") in (None, "submitted")]
        return good[0].get("value") if good else None
    return value[0] if isinstance(value, list) and value and isinstance(value[0], list) else value


def _plain(value: Any) -> str:
    return str(value if value is not None else "").strip().casefold()


def _plain_number(value: Any) -> str:
    """Return a label as text, a whole number without its decimals: sheets hold 2 as 2.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def no_labels(table: Table) -> CorpusError:
    """Return the error for a table without a column of labels."""
    return CorpusError(
        f"{table.place} 的列为 {'、'.join(table.names[:30])}",
        expected="标签列，名为 label、codes、标签、类别、领域 之类",
        fix="用 --label-column 列名 指定",
    )
