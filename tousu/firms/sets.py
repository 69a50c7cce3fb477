"""Disjoint sets, joined two at a time (Tarjan 1975)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class DisjointSets:
    """Disjoint sets of numbers.

    Args:
        numbers: What is in them, at first each in a set of its own.
    """

    def __init__(self, numbers: Iterable[int]) -> None:
        self._above = {number: number for number in numbers}
        self._members = {number: [number] for number in self._above}

    def _leader(self, number: int) -> int:
        """Return what stands for the set of ``number``."""
        while self._above[number] != number:
            self._above[number] = self._above[self._above[number]]
            number = self._above[number]
        return number

    def join(self, one: int, other: int) -> None:
        """Make one set of two."""
        one, other = sorted((self._leader(one), self._leader(other)))
        if one != other:
            self._above[other] = one
            self._members[one] += self._members.pop(other)

    def of(self, number: int) -> list[int]:
        """Return the set of ``number``."""
        return self._members[self._leader(number)]

    def all(self) -> Iterable[list[int]]:
        """Return every set."""
        return self._members.values()
