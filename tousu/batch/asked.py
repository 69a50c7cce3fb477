"""What is added to a row only when asked for: hints on accepting it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.batch.facts import Facts
    from tousu.batch.options import TagOptions
    from tousu.classifier import Classifier, Taggings
    from tousu.classifier.acceptance import AcceptanceHint
    from tousu.files.added_columns import Language

COMPLETE = "未见缺项或不予受理的情形"
NOT_ASKED = "不是投诉，不适用"
COMPLAINTS = ("complaint", "both", "report", None)


class Asked(NamedTuple):
    """What was asked for, row by row.

    Attributes:
        acceptance: The hints of each text.
        complaints: Whether each text is one to accept or refuse.
    """

    acceptance: list[list[AcceptanceHint]]
    complaints: list[bool]

    def cells(self, language: Language) -> dict[str, list[str]]:
        """Return the columns of flat formats by key: Chinese with reasons, English with codes."""
        if language == "en":
            return {"acceptance": [";".join(hint.code for hint in hints) for hints in self.acceptance]}
        shown = [
            "；".join(f"{hint.words}（{hint.article}）" for hint in hints) or (COMPLETE if complaint else NOT_ASKED)
            for hints, complaint in zip(self.acceptance, self.complaints, strict=True)
        ]
        return {"acceptance": shown}

    def into(self, rows: Sequence[bytes]) -> list[bytes]:
        """Return taggings as JSON objects with what was asked for behind their last key."""
        made = []
        for row, hints in zip(rows, self.acceptance, strict=True):
            value: dict[str, Any] = {"acceptance": [hint.to_dict() for hint in hints]}
            made.append(row[:-1] + b"," + orjson.dumps(value)[1:])
        return made


def asked_of(
    classifier: Classifier, texts: Sequence[str], taggings: Taggings, facts: Sequence[Facts],
    options: TagOptions,
) -> Asked | None:  # fmt: skip
    """Return what ``options`` ask for beside the taggings; None where they ask for nothing.

    Args:
        classifier: The model.
        texts: The texts.
        taggings: What it says of them.
        facts: What the file tells of each beside it; may be empty where nothing is asked for.
        options: What is asked for.
    """
    if not options.asked:
        return None
    rows = taggings[:]
    return Asked(
        classifier.acceptance(texts, rows, [fact.received for fact in facts]), [row.kind in COMPLAINTS for row in rows]
    )
