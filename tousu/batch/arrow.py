"""The added columns of typed tables: what each row of a batch gets, and of which Arrow type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tousu.batch.added import FlatColumns
from tousu.batch.evidence import words_of
from tousu.batch.options import LONGEST_TEXT
from tousu.batch.rejects import fault_of
from tousu.files.added_columns import ADDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.batch.rejects import Fault
    from tousu.classifier import Classifier
    from tousu.files.added_columns import Language


def added_type(key: str, language: Language) -> pa.DataType:
    """Return the type of the added column ``key``: numbers and English yes/no are typed, all else is text."""
    if key == "probability":
        return pa.float64()
    return pa.bool_() if key == "online" and language == "en" else pa.string()


def joined_texts(columns: Sequence[Sequence[object]]) -> list[object]:
    """Return each row's text: the cell itself, or several cells' texts, a line each."""
    if len(columns) == 1:
        return list(columns[0])
    return [
        "\n".join(cell for cell in row if isinstance(cell, str) and cell.strip()) for row in zip(*columns, strict=True)
    ]


def tag_columns(
    classifier: Classifier, texts: Sequence[object], language: Language, *, evidence: bool
) -> dict[str, list[Any]]:
    """Return the added columns by key: None in every one but ``error`` where there is no text to tag.

    Args:
        classifier: The model.
        texts: A row's value each; what is no string, empty or too long gets no tag.
        language: Language of the cells.
        evidence: Whether to add the words that decided.
    """
    faults: list[Fault | None] = [fault_of(text, LONGEST_TEXT) for text in texts]
    good = [text for text, fault in zip(texts, faults, strict=True) if fault is None and isinstance(text, str)]
    taggings = classifier.tag_many(good)
    words = words_of(classifier, good, taggings) if evidence else None
    found: dict[str, list[Any]] = {**FlatColumns(language).values(taggings, words)}
    if language == "en":
        found["online"] = taggings.online.tolist()
    columns: dict[str, list[Any]] = {}
    for key in ADDED[language]:
        rest = iter(found[key])
        columns[key] = [(next(rest) if fault is None else None) for fault in faults]
    columns["error"] = [fault.reason if fault else None for fault in faults]
    return columns
