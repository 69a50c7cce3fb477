"""What stands beside alike cases: worked examples, shipped, the station's and the desk's, and lines taken by meetings.

Kept by each process until one of them changes; while one caller makes them anew, case pages show those before.
Loaded when the first case is opened: a service that has no desk does without.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from tousu.errors import ExampleError
from tousu.examples.likeness import LikenessIndex
from tousu.examples.pages import SURENESS, example_json
from tousu.examples.read import WorkedExample, load_examples, own_examples, parse_example
from tousu.examples.search import ExampleIndex
from tousu_service.desk.store import consultations, worked_examples
from tousu_service.desk.store.consultations import Compared, Consultation

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Mapping

    import sqlalchemy as sa

    from tousu.classifier import Classifier
    from tousu_service.desk.store.worked_examples import Marked

WRITTEN = Path("办案台")  # where the desk's examples stand, for messages
MOST = 3
# From this likeness on a line stands beside a case (docs/desk.md has how often it is right).
LEAST = 0.38
Loaded = TypeVar("Loaded")
Index = TypeVar("Index")
Value = TypeVar("Value")


class DeskExamples(NamedTuple):
    """The desk's examples that count.

    Attributes:
        examples: Those that break no rule.
        marked: What each was marked as, by name.
        broken: Why the others cannot be used, by name: what they name may have left the tables since.
    """

    examples: tuple[WorkedExample, ...]
    marked: Mapping[str, Marked]
    broken: Mapping[str, str]


class LineTaken(NamedTuple):
    """A meeting that a case belongs to, or is like.

    Attributes:
        told: The meeting.
        own: Whether the case is one of its own.
        likeness: How alike the case is to it, see ``LikenessIndex``.
        same_firm: Whether one of its cases is of the same firm and domain.
    """

    told: Consultation
    own: bool
    likeness: float
    same_firm: bool


class _Latest(Generic[Value]):
    """The last of something that takes long to make. Thread-safe; one caller makes it, outside of what others wait for."""

    def __init__(self) -> None:
        self._held: tuple[object, Value] | None = None
        self._making = threading.Lock()

    def get(self, key: object, make: Callable[[], Value], *, fresh: bool) -> Value:
        """Return what belongs to a key.

        Where somebody else is making it: unless ``fresh``, the one before; else, or where there is none, what they make.
        """
        held = self._held
        if held is not None and held[0] == key:
            return held[1]
        if not self._making.acquire(blocking=fresh or held is None):
            assert held is not None
            return held[1]
        try:
            if self._held is None or self._held[0] != key:
                self._held = key, make()
            return self._held[1]
        finally:
            self._making.release()


class _Kept(Generic[Loaded, Index]):
    """What is read of a store and made ready for a model, until either is another. Thread-safe."""

    def __init__(
        self, stamp: Callable[[sa.Connection], Any], load: Callable[[sa.Connection], Loaded],
        build: Callable[[Loaded, Classifier], Index],
    ) -> None:  # fmt: skip
        self._stamp, self._load, self._build = stamp, load, build
        self._loaded: _Latest[Loaded] = _Latest()
        self._built: _Latest[tuple[Loaded, Index]] = _Latest()

    def load(self, connection: sa.Connection, *, fresh: bool) -> Loaded:
        """Return what the store holds now; unless ``fresh``, what it held before while somebody else reads it."""
        stamp = (str(connection.engine.url), self._stamp(connection))
        return self._loaded.get(stamp, lambda: self._load(connection), fresh=fresh)

    def index(self, loaded: Loaded, classifier: Classifier, *, fresh: bool) -> tuple[Loaded, Index]:
        """Return what was loaded, ready to be searched; unless ``fresh``, what was before while somebody else makes it so."""
        return self._built.get((loaded, classifier), lambda: (loaded, self._build(loaded, classifier)), fresh=fresh)


def _desk_examples(connection: sa.Connection) -> DeskExamples:
    good, broken = [], {}
    marked = {each.name: each for each in worked_examples.listed(connection)}
    for each in marked.values():
        try:
            good.append(parse_example(each.name, each.source, WRITTEN / each.name))
        except ExampleError as error:
            broken[each.name] = error.found
    return DeskExamples(tuple(good), marked, broken)


def _example_index(desk: DeskExamples, classifier: Classifier) -> ExampleIndex:
    # One that was downloaded and imported again is still the desk's, as it stands there now.
    held = {one.id: one for one in (*load_examples(), *desk.examples)}
    return ExampleIndex(tuple(held.values()), classifier)


def _line_index(held: list[Compared], classifier: Classifier) -> LikenessIndex:
    return LikenessIndex([each.texts for each in held], [each.domains for each in held], classifier)


_examples = _Kept(worked_examples.stamp, _desk_examples, _example_index)
_lines = _Kept(consultations.stamp, consultations.compared, _line_index)


def desk_examples(connection: sa.Connection, *, fresh: bool = True) -> DeskExamples:
    """Return the examples that people marked at the desk; unless ``fresh``, those before while others read them."""
    return _examples.load(connection, fresh=fresh)


def example_index(desk: DeskExamples, classifier: Classifier) -> ExampleIndex:
    """Return all examples ready to be searched: shipped ones, the station's own, the desk's.

    Raises:
        ExampleError: One of the station's own breaks a rule.
    """
    return _examples.index(desk, classifier, fresh=True)[1]


def examples_like(text: str, day: datetime.date, classifier: Classifier, desk: DeskExamples) -> list[dict[str, Any]]:
    """Return the worked examples most like a text, the likest first, as JSON has them.

    Args:
        text: What is complained of.
        day: The day whose laws stand in them.
        classifier: The model in use.
        desk: The desk's examples; beside them those that ``tousu examples search`` finds.

    Returns:
        Each with ``likeness``; ``own`` where it is the station's own; ``case`` and ``number`` of the case it was marked
        from at the desk, None elsewhere; laws with ``sureness`` in Chinese.

    Raises:
        ExampleError: One of the station's own breaks a rule.
    """
    if not text:
        return []
    own = {one.id for one in own_examples()}.difference(one.id for one in desk.examples)
    told = []
    before, index = _examples.index(desk, classifier, fresh=False)
    for each in index.alike(text, MOST):
        name = each.example.id
        if name in before.marked and name not in desk.marked:  # taken back just now
            continue
        shown = example_json(each.example, day) | {"likeness": each.likeness, "own": name in own}
        marked = desk.marked.get(name)
        shown |= {"case": marked and marked.case_id, "number": marked and marked.number}
        told.append(shown | {"basis": [law | {"sureness": SURENESS[law["status"]]} for law in shown["basis"]]})
    return told


def meetings(connection: sa.Connection) -> list[Compared]:
    """Return the meetings that count, with what cases are compared with; those before while others read them."""
    return _lines.load(connection, fresh=False)


def lines_like(row: Mapping[str, Any], classifier: Classifier, held: list[Compared]) -> list[LineTaken]:
    """Return the meetings a case belongs to, whether a line was taken or not, and the lines taken for cases like it.

    Args:
        row: The case: ``id``, ``text``, ``respondent``, ``domain``.
        classifier: The model in use.
        held: What ``meetings`` returns.

    Returns:
        The case's own first; then up to ``MOST`` others, the likest first.
    """
    likeness = _likeness(row["text"], classifier, held)
    found = [
        LineTaken(
            each.told, row["id"] in each.told.cases, likeness.get(each.told.id, 0.0),
            (row["respondent"], row["domain"]) in each.firms,
        )
        for each in held
    ]  # fmt: skip
    found.sort(key=lambda line: (-line.same_firm, -line.likeness, -line.told.id))
    others = [each for each in found if not each.own and each.told.line and (each.same_firm or each.likeness >= LEAST)]
    return [each for each in found if each.own] + others[:MOST]


def _likeness(text: str, classifier: Classifier, held: list[Compared]) -> dict[int, float]:
    """Return how alike a text is to meetings, by their numbers; one too new to be compared yet is not among them."""
    if not held or not text:
        return {}
    compared, index = _lines.index(held, classifier, fresh=False)
    told = index.likeness(text)
    return {} if told is None else {each.told.id: float(one) for each, one in zip(compared, told, strict=True)}
