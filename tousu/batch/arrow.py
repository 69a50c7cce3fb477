"""The added columns of typed tables: what each row of a batch gets, and of which Arrow type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from tousu.batch.added import FlatColumns, words_of
from tousu.batch.asked import asked_of
from tousu.batch.options import TagOptions
from tousu.batch.rejects import text_of
from tousu.files.added_columns import added_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tousu.batch.facts import Facts
    from tousu.batch.rejects import Fault
    from tousu.classifier import Classifier, Taggings
    from tousu.files.added_columns import Language


class TaggedRows(NamedTuple):
    """Some rows, tagged.

    Attributes:
        columns: The added columns by key: None in every one but ``error`` where there is no text to tag.
        faults: Why a row has no tag; None where it has one.
        taggings: Of the rows that have one.
    """

    columns: dict[str, list[Any]]
    faults: list[Fault | None]
    taggings: Taggings


def added_fields(names: Mapping[str, str], language: Language) -> list[pa.Field]:
    """Return the added columns' fields: numbers and English yes/no are typed, all else is text.

    Args:
        names: Names of the added columns by key.
        language: Language of their cells.
    """
    types = {
        "probability": pa.float64(),
        "amount": pa.float64(),
        "online": pa.bool_() if language == "en" else pa.string(),
    }
    return [pa.field(name, types.get(key, pa.string())) for key, name in names.items()]


def added_arrays(rows: TaggedRows, fields: Sequence[pa.Field]) -> list[pa.Array]:
    """Return the added columns of some rows, in the order of ``added_fields``."""
    return [pa.array(values, type=field.type) for values, field in zip(rows.columns.values(), fields, strict=True)]


def tag_rows(
    classifier: Classifier, cells: Sequence[Sequence[object]], language: Language, *, evidence: bool,
    options: TagOptions | None = None, facts: Sequence[Facts] = (),
) -> TaggedRows:  # fmt: skip
    """Tag rows.

    Args:
        classifier: The model.
        cells: The columns of texts, each with a cell a row; what is no text, empty or too long gets no tag.
        language: Language of the added cells.
        evidence: Whether to add the words that decided.
        options: What is added on demand; nothing by default.
        facts: What each row tells beside its text, where something is added on demand.
    """
    looked = [text_of(row) for row in zip(*cells, strict=True)]
    texts = [text for text, fault in looked if fault is None]
    faults = [fault for _, fault in looked]
    taggings = classifier.tag_many(texts)
    words = words_of(classifier, texts, taggings) if evidence else None
    options = options or TagOptions()
    told = [fact for fact, fault in zip(facts, faults, strict=True) if fault is None] if options.wants_facts else []
    asked = asked_of(classifier, texts, taggings, told, options)
    found: dict[str, list[Any]] = {**FlatColumns(language, options.asked).values(taggings, words, asked)}
    found["amount"] = [amount or None for amount in found["amount"]]
    if language == "en":
        found["online"] = taggings.online.tolist()
    columns = {key: _spread(found[key], faults) for key in added_columns(language, options.asked)}
    columns["error"] = [fault.reason if fault else None for fault in faults]
    return TaggedRows(columns, faults, taggings)


def _spread(values: list[Any], faults: list[Fault | None]) -> list[Any]:
    """Return the values of the tagged rows in their places, None in the others."""
    if len(values) == len(faults):
        return values
    rest = iter(values)
    return [next(rest) if fault is None else None for fault in faults]
