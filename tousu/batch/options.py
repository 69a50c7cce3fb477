"""What a run of ``tousu tag`` was asked for, and what it says at the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

if TYPE_CHECKING:
    from tousu.batch.progress import Reporter
    from tousu.classifier import Classifier, Taggings
    from tousu.files.added_columns import Language


FileState = tuple[str, int | None, int | None]  # path, bytes, nanoseconds of the last change; None: not there


class Corrected(Protocol):
    """Tells what people answered to a text."""

    def __call__(self, text: str, /) -> tuple[str, ...]:
        """Return the codes, the primary first; none where nobody answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagOptions:
    """How to tag a file.

    Attributes:
        text_columns: Columns whose texts are joined and tagged; guessed when empty.
        language: Language of the added columns; by format when None.
        encoding: Encoding of the input; found by the ladder when None.
        output_encoding: Encoding of the output; the input's when None.
        resume: Go on where a run that was cut off stopped.
        neutralise_all: Neutralise every dangerous cell of a flat file, not only the added ones.
        evidence: Whether to add the words that decided.
        no_header: Whether a flat file's or sheet's first row is one of data.
        form: Format when the name does not tell (standard input), an ending such as ``.csv``.
        acceptance: Whether to add hints on accepting each as a complaint.
        history: Earlier ledgers each case is held against.
        states: How these were when the run began, see ``settled``; None before.
        corrected: What people answered, to be added beside the taggings.
        threads: How many threads tag; reading and writing keep one more busy.
        checkpoint_seconds: How often the place reached is made safe on disk.
    """

    text_columns: tuple[str, ...] = ()
    language: Language | None = None
    encoding: str | None = None
    output_encoding: str | None = None
    resume: bool = False
    neutralise_all: bool = False
    evidence: bool = True
    no_header: bool = False
    form: str | None = None
    acceptance: bool = False
    history: tuple[str, ...] = ()
    states: tuple[FileState, ...] | None = None
    corrected: Corrected | None = None
    threads: int = 1
    checkpoint_seconds: float = 2.0

    @property
    def asked(self) -> tuple[str, ...]:
        """Keys of the columns that are added on demand."""
        wanted = {"history": self.history, "acceptance": self.acceptance, "corrected": self.corrected is not None}
        return tuple(key for key, asked in wanted.items() if asked)

    @property
    def wants_facts(self) -> bool:
        """Whether what is added on demand rests on what a file tells of each case beside its text."""
        return self.acceptance or bool(self.history)

    @property
    def ledgers(self) -> tuple[FileState, ...]:
        """The earlier ledgers as they were when the run began; as they are, before one."""
        return tuple(map(_state_of, self.history)) if self.states is None else self.states

    def settled(self) -> Self:
        """Return the options of one run, for which the earlier ledgers stay what they are now."""
        return replace(self, states=self.ledgers)

    def fingerprint(self) -> dict[str, Any]:
        """Return what the output's bytes depend on."""
        return {
            "text_columns": list(self.text_columns),
            "language": self.language,
            "encoding": self.encoding,
            "output_encoding": self.output_encoding,
            "neutralise_all": self.neutralise_all,
            "evidence": self.evidence,
            "form": self.form,
            **({"no_header": True} if self.no_header else {}),
            **({"acceptance": True} if self.acceptance else {}),
            **({"history": [list(state) for state in self.ledgers]} if self.history else {}),
            **({"corrected": True} if self.corrected is not None else {}),
        }


def _state_of(path: str) -> FileState:
    """Return a file's path, its size and when it was changed, nanoseconds; None for both of one that is not there."""
    try:
        stat = Path(path).stat()
    except OSError:
        return path, None, None
    return path, stat.st_size, stat.st_mtime_ns


@dataclass(slots=True)
class Tally:
    """What has been counted so far; kept in the journal.

    Attributes:
        replaced: Characters the output's encoding does not have.
        copied: Rows that are no data and were copied: headers again, hints, totals, signatures.
    """

    rows: int = 0
    lines: int = 0
    rejects: int = 0
    online: int = 0
    replaced: int = 0
    copied: int = 0
    domains: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)

    def count(self, taggings: Taggings) -> None:
        """Add taggings to the counts."""
        if not len(taggings):
            return
        places, counts = np.unique(taggings.primary, return_counts=True)
        for place, number in zip(places.tolist(), counts.tolist(), strict=True):
            self.domains[taggings.domains[place]] += number
        auto = int(taggings.auto.sum())
        self.decisions["auto"] += auto
        self.decisions["review"] += len(taggings) - auto
        self.online += int(taggings.online.sum())

    def to_dict(self) -> dict[str, Any]:
        """Return the counts for JSON."""
        return {
            "rows": self.rows,
            "lines": self.lines,
            "rejects": self.rejects,
            "online": self.online,
            "replaced": self.replaced,
            "copied": self.copied,
            "domains": dict(self.domains),
            "decisions": dict(self.decisions),
        }

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Tally:
        """Return the counts that ``to_dict`` gave."""
        return cls(
            **{key: kept[key] for key in ("rows", "lines", "rejects", "online")},
            replaced=kept.get("replaced", 0),
            copied=kept.get("copied", 0),
            domains=Counter(kept["domains"]),
            decisions=Counter(kept["decisions"]),
        )


@dataclass(slots=True)
class TagSummary:
    """What a run did to one file.

    Attributes:
        input: Name of the input.
        output: Name of the output.
        model: Version of the model.
        tally: The counts.
        seconds: How long it took, reading and writing and all.
        notes: What was settled on the way, in Chinese: encoding, text column, renamed columns.
        rejects_file: Where the rejects are listed, or None.
    """

    input: str
    output: str
    model: str
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    rejects_file: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the summary for ``--json``."""
        counts = self.tally.to_dict()
        del counts["lines"]
        return {
            "input": self.input,
            "output": self.output,
            "model": self.model,
            **counts,
            "tagged": self.tally.rows - self.tally.rejects,
            "seconds": round(self.seconds, 3),
            "rows_per_second": round(self.tally.rows / self.seconds) if self.seconds else 0,
            "notes": self.notes,
            "rejects_file": self.rejects_file,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One file to be tagged: what goes through every format's hands.

    Attributes:
        source: The input's path, or ``-`` for standard input.
        output: The output's path, or ``-`` for standard output.
        form: The ending that names the format.
        classifier: The model.
        options: How.
        reporter: Who is told how far it is.
        summary: What is said at the end; grows on the way.
    """

    source: str
    output: str
    form: str
    classifier: Classifier
    options: TagOptions
    reporter: Reporter
    summary: TagSummary
