"""Signals that cannot be meant where none of their words stands: the words of ``data/signals.toml`` held against texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tousu.case_codes import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tousu.classifier.text import PlainText
    from tousu.signals import SignalTable


class _Words(NamedTuple):
    """The words of one signal, made ready."""

    column: int
    needs: re.Pattern[str]
    lookalikes: re.Pattern[str] | None


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
        for words in self._words:
            for row in np.flatnonzero(signals[:, words.column]).tolist():
                plain = self._plain(texts[row])
                if words.lookalikes is not None:
                    plain = words.lookalikes.sub(" ", plain)
                if not words.needs.search(plain):
                    signals[row, words.column] = False

    def _read(self) -> list[_Words]:
        """Return the words of the signals that have some."""
        if self._table is None:
            from tousu.signals import load_signals

            self._table = load_signals()
        return [
            _Words(SIGNALS.index(item.code), _any_of(item.needs), _any_of(item.lookalikes) if item.lookalikes else None)
            for item in self._table.signals
            if item.needs
        ]


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Return one expression that finds any of ``patterns``."""
    return re.compile("|".join(patterns))
