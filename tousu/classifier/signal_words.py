"""Signals that cannot be meant where none of their words stands: the words of ``data/signals.toml`` held against texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tousu.case_codes import SIGNALS

PLAIN = re.compile(r"\w(?![?*{+])")
ESCAPED = re.compile(r"\\.")

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tousu.classifier.text import PlainText
    from tousu.signals import SignalTable


class _Words(NamedTuple):
    """The words of one signal, made ready."""

    column: int
    needs: tuple[re.Pattern[str], ...]
    lookalikes: tuple[re.Pattern[str], ...]

    def stand_in(self, plain: str) -> bool:
        """Return whether a text holds one of the words outside its look-alikes."""
        for lookalikes in self.lookalikes:
            plain = lookalikes.sub(" ", plain)
        return any(needs.search(plain) for needs in self.needs)


class SignalWords:
    """The words, read when they are first asked for, unless given.

    Args:
        plain: Makes a text what patterns read.
        table: The table of signals; the shipped one by default.
    """

    def __init__(self, plain: PlainText, table: SignalTable | None = None) -> None:
        self._plain, self._table = plain, table
        self._words: list[_Words] | None = None

    def keep(self, signals: NDArray[np.bool_], texts: Sequence[str]) -> None:
        """Take back each signal whose words the text lacks, those of its look-alikes not counted.

        Args:
            signals: What the heads say, bool, shape (texts, signals); changed in place.
            texts: The raw texts.
        """
        if self._words is None:
            self._words = self._read()
        plain = dict[int, str]()
        for words in self._words:
            for row in np.flatnonzero(signals[:, words.column]).tolist():
                if row not in plain:
                    plain[row] = self._plain.simplified(texts[row])
                if not words.stand_in(plain[row]):
                    signals[row, words.column] = False

    def _read(self) -> list[_Words]:
        """Return the words of the signals that have some."""
        if self._table is None:
            from tousu.signals import load_signals

            self._table = load_signals()
        return [
            _Words(SIGNALS.index(item.code), _any_of(item.needs), _any_of(item.lookalikes))
            for item in self._table.signals
            if item.needs
        ]


def _any_of(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """Return expressions of which one finds any of ``patterns``.

    Branches that begin with a plain character are put together apart from the others: the engine then passes over
    whatever begins with none of these, several times as fast.
    """
    branches = [branch for pattern in patterns for branch in _branches(pattern)]
    plain = [branch for branch in branches if PLAIN.match(branch)]
    others = [branch for branch in branches if not PLAIN.match(branch)]
    return tuple(re.compile("|".join(some)) for some in (plain, others) if some)


def _branches(pattern: str) -> list[str]:
    """Return the branches of a pattern, those within brackets left together."""
    depth, begin, found = 0, 0, []
    marks = ESCAPED.sub("..", pattern)
    for place, mark in enumerate(marks):
        depth += (mark in "([") - (mark in ")]")
        if mark == "|" and depth == 0:
            found.append(pattern[begin:place])
            begin = place + 1
    return [*found, pattern[begin:]]
