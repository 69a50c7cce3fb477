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
                    plain[row] = self._plain.simplify(texts[row])
                if not words.stand_in(plain[row]):
                    signals[row, words.column] = False

    def _read(self) -> list[_Words]:
        """Return the words of the signals that have some."""
        from tousu.signals import joined_branches, load_signals

        def ready(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
            return tuple(map(re.compile, joined_branches(patterns)))

        table = self._table or load_signals()
        return [
            _Words(SIGNALS.index(item.code), ready(item.needs), ready(item.lookalikes))
            for item in table.signals
            if item.needs
        ]
