"""What is added to rows only when asked for: hints on accepting them, and what earlier ledgers hold about them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from tousu.acceptance import load_acceptance
from tousu.files.added_columns import CODES_BETWEEN
from tousu.ledger.tags import FACTORS_TITLE
from tousu.taxonomy import load_taxonomy
from tousu.timezone import today

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.batch.facts import Facts
    from tousu.batch.history import Earlier, Past
    from tousu.batch.options import FileState, TagOptions
    from tousu.classifier import Classifier, Taggings
    from tousu.classifier.acceptance import AcceptanceHint
    from tousu.files.added_columns import Language

COMPLETE = "未见缺项或不予受理的情形"
NOT_ASKED = "不是投诉，不适用"
NO_RULE = "登记之日规则所依据的法规不适用，未判断"
COMPLAINTS = ("complaint", "both", "report", None)


class Asked(NamedTuple):
    """What was asked for, row by row; None for what was not.

    Attributes:
        acceptance: The hints of each text.
        without: What is said of each text where there are no hints on it, in Chinese.
        history: What earlier ledgers hold about each case.
        corrected: The codes a person answered to each text, none where nobody did.
    """

    acceptance: list[list[AcceptanceHint]] | None
    without: list[str]
    history: list[Past] | None
    corrected: list[tuple[str, ...]] | None

    def cells(self, language: Language) -> dict[str, list[str]]:
        """Return the columns of flat formats by key: Chinese in words, English in codes."""
        made = dict[str, list[str]]()
        if self.acceptance is not None and language == "en":
            made["acceptance"] = [";".join(hint.code for hint in hints) for hints in self.acceptance]
        elif self.acceptance is not None:
            made["acceptance"] = [
                "；".join(f"{hint.words}（{hint.article}）" for hint in hints) or without
                for hints, without in zip(self.acceptance, self.without, strict=True)
            ]
        if self.history is not None and language == "en":
            made["history"] = [
                ";".join(f"{name}={count}" for name, count in past._asdict().items() if count) for past in self.history
            ]
        elif self.history is not None:
            made["history"] = ["；".join(past.reasons()) for past in self.history]
        if self.corrected is not None:
            names = load_taxonomy().names if language == "zh" else {}
            between = CODES_BETWEEN[language]
            made["corrected"] = [between.join(names.get(code, code) for code in codes) for codes in self.corrected]
        return made

    def signals(self, cells: list[str], language: Language) -> list[str]:
        """Return the cells of the signals, the Chinese ones with the factors of art. 17 that the history shows."""
        if self.history is None or language == "en":
            return cells
        shown = []
        for cell, past in zip(cells, self.history, strict=True):
            factors = past.factors()
            more = [f"{FACTORS_TITLE}（{'；'.join(factors)}）"] if factors else []
            shown.append("、".join([*([cell] if cell else []), *more]))
        return shown

    def into(self, rows: Sequence[bytes]) -> list[bytes]:
        """Return taggings as JSON objects with what was asked for behind their last key."""
        made = []
        for place, row in enumerate(rows):
            value = dict[str, Any]()
            if self.history is not None:
                value["history"] = self.history[place].to_dict()
            if self.acceptance is not None:
                value["acceptance"] = [hint.to_dict() for hint in self.acceptance[place]]
            if self.corrected is not None:
                value["corrected"] = list(self.corrected[place])
            made.append(row[:-1] + b"," + orjson.dumps(value)[1:])
        return made


@functools.lru_cache(maxsize=1)
def earlier_cases(ledgers: tuple[FileState, ...]) -> tuple[Earlier, list[str]]:
    """Return the cases of earlier ledgers, and what was settled in reading them, in Chinese; the same are read once while unchanged.

    Raises:
        FileError: A ledger cannot be read.
        ColumnMissing: One is no ledger, or tells no days.
    """
    from tousu.batch.history import Earlier  # heavy libraries

    return Earlier.read(Path(path) for path, _, _ in ledgers)


def asked_of(
    classifier: Classifier, texts: Sequence[str], taggings: Taggings, facts: Sequence[Facts], options: TagOptions
) -> Asked | None:
    """Return what ``options`` ask for beside the taggings; None where they ask for nothing.

    Args:
        classifier: The model.
        texts: The texts.
        taggings: What it says of them.
        facts: What the file tells of each beside it; may be empty where nothing asked for rests on it.
        options: What is asked for.
    """
    if not options.asked:
        return None
    rows = taggings[:]
    hints = history = None
    without = list[str]()
    if options.acceptance:
        hints = classifier.acceptance(texts, rows, [fact.received for fact in facts])
        now = today()
        days = [fact.received or now for fact in facts]
        held = {day: load_acceptance().holds_on(day) for day in set(days)}
        without = [
            (COMPLETE if held[day] else NO_RULE) if row.kind in COMPLAINTS else NOT_ASKED
            for row, day in zip(rows, days, strict=True)
        ]
    if options.history:
        history = earlier_cases(options.ledgers)[0].of(facts, texts)
    corrected = None if options.corrected is None else [options.corrected(text) for text in texts]
    return Asked(hints, without, history, corrected)
