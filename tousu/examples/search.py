"""Which worked examples are like a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tousu.examples.likeness import LikenessIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.classifier import Classifier
    from tousu.examples.read import WorkedExample


class Alike(NamedTuple):
    """An example and how alike it is, see ``LikenessIndex.likeness``."""

    example: WorkedExample
    likeness: float


class ExampleIndex:
    """Examples ready to be searched; thread-safe.

    Args:
        examples: The examples.
        classifier: Whose terms and domains are used.
    """

    def __init__(self, examples: Sequence[WorkedExample], classifier: Classifier) -> None:
        self._examples = tuple(examples)
        told = [[f"{example.head.title}。{example.situation}"] for example in self._examples]
        self._index = LikenessIndex(told, [example.head.domains for example in self._examples], classifier)

    def alike(self, text: str, most: int = 3) -> list[Alike]:
        """Return the examples most like a text, the likest first; none for a text without any known term.

        Args:
            text: What is complained of.
            most: How many at most.

        Raises:
            TextError: ``text`` is no string.
        """
        told = self._index.likeness(text)
        if told is None:
            return []
        order = sorted(range(len(self._examples)), key=lambda place: (-told[place], self._examples[place].id))
        return [Alike(self._examples[place], float(told[place])) for place in order[:most]]
