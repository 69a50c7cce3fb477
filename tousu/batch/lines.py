"""Line formats: blocks of whole rows in, tagged in threads, out in the same order."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tousu.batch.added import Words, words_of
from tousu.batch.asked import Asked, asked_of
from tousu.batch.journal import Checkpoint
from tousu.batch.rejects import Fault, reject_line
from tousu.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from tousu.batch.facts import Facts
    from tousu.batch.options import Job
    from tousu.batch.outputs import Outputs
    from tousu.batch.signals import Stopper
    from tousu.classifier import Taggings
    from tousu.files.sink import Packer
    from tousu.files.source import Source

BLOCK = 1 << 20
LONGEST_RECORD = 64 << 20


@dataclass(slots=True)
class Block:
    """Some whole rows of a line format, read and looked through.

    Attributes:
        lines: The output's lines as far as they are known: for a row to be tagged, what comes before its tag.
        texts: The texts to be tagged.
        where: Index in ``lines`` of each text's row.
        after: What comes behind the tag of each of ``texts``.
        plain: Where every line is a row to be tagged: the data, and where each line ends in them; ``lines``,
            ``where`` and ``after`` are empty then.
        facts: What the row of each of ``texts`` tells beside it, where columns on demand want it.
        faults: Row number and line number within the block (from 0), and why there is no tag.
        rows: Number of rows, blank lines not counted.
        copied: Number of rows that are no data; not among ``rows``.
        newlines: Number of lines of the file.
        read: Bytes of the input.
    """

    lines: list[bytes]
    texts: list[str]
    where: list[int] = field(default_factory=list)
    after: list[bytes] = field(default_factory=list)
    plain: tuple[bytes, NDArray[np.int64]] | None = None
    facts: list[Facts] = field(default_factory=list)
    faults: list[tuple[int, int, Fault]] = field(default_factory=list)
    rows: int = 0
    copied: int = 0
    newlines: int = 0
    read: int = 0


class LineFormat(Protocol):
    """What a format must know to be tagged block by block.

    Attributes:
        wants_words: Whether its output shows the words that decided.
        copied: Rows among the header's bytes that are no data and no header either.
        notes: What was settled, in Chinese.
    """

    wants_words: bool
    copied: int
    notes: list[str]

    def begin(self, head: bytes) -> tuple[int, bytes]:
        """Look at the file's first bytes; return how many are header and what is written for them."""

    def last_notes(self) -> list[str]:
        """Return what was settled since ``begin``, in Chinese, when all is read."""

    def cut(self, data: bytes, *, final: bool) -> Block:
        """Return the whole rows of ``data``; with ``final`` the last one ends where the data end."""

    def render(self, block: Block, taggings: Taggings, words: Words | None, asked: Asked | None) -> bytes | memoryview:
        """Return the output's bytes for a block."""


@dataclass(slots=True)
class Outcome:
    """A block and what the classifier said of it."""

    block: Block
    taggings: Taggings
    words: Words | None
    asked: Asked | None


def blocks(source: Source, form: LineFormat) -> Iterator[Block]:
    """Yield the blocks of a source.

    Where a block ends depends only on where it begins: a run that goes on at a block's border cuts the
    same blocks as one that was never cut off.
    """
    rest, wanted = b"", BLOCK
    while True:
        # One byte more than wanted tells whether these are the last ones.
        rest += source.read(wanted + 1 - len(rest)) if len(rest) <= wanted else b""
        if not rest:
            return
        block = form.cut(rest[:wanted], final=len(rest) <= wanted)
        if block.read:
            yield block
            rest, wanted = rest[block.read :], BLOCK
        else:
            wanted *= 2  # no row ends here: a very long one
            if wanted > LONGEST_RECORD:
                raise too_long_record(source.name)


def too_long_record(name: str) -> FileError:
    """Return the error for a file without ends of lines."""
    return FileError(
        f"{name} 中有一行超过 {LONGEST_RECORD >> 20} MB", expected="按行分隔的文本", fix="检查文件格式与编码是否正确"
    )


class LineRun:
    """One pass over a line format, from a checkpoint on.

    Args:
        job: What is to be done.
        source: Where the rows come from.
        outputs: Where they go.
        packer: Spells and packs them.
        form: Reads and writes the format.
        keep: Keeps a checkpoint; None where none can be kept.
    """

    def __init__(
        self, job: Job, *, source: Source, outputs: Outputs, packer: Packer, form: LineFormat,
        keep: Callable[[Checkpoint], None] | None,
    ) -> None:  # fmt: skip
        self._source, self._outputs, self._packer, self._form, self._keep = source, outputs, packer, form, keep
        self._classifier, self._options, self._reporter = job.classifier, job.options, job.reporter
        self._tally = job.summary.tally
        self._read = 0

    def go(self, stopper: Stopper, *, at: int) -> None:
        """Tag everything from byte ``at`` of the input on; keep a checkpoint now and then, and when stopped.

        Raises:
            KeyboardInterrupt: The user stopped the run; a checkpoint is kept.
        """
        self._read = at
        waiting: deque[Future[Outcome]] = deque()
        last = time.monotonic()
        with ThreadPoolExecutor(self._options.threads) as pool:
            for block in blocks(self._source, self._form):
                waiting.append(pool.submit(self._tag, block))
                if len(waiting) > self._options.threads + 1:
                    self._write(waiting.popleft().result())
                    self._reporter.advance(self._source.position(), self._tally.rows)
                if stopper.stopped:
                    self._checkpoint()
                    raise KeyboardInterrupt
                if time.monotonic() - last >= self._options.checkpoint_seconds:
                    self._checkpoint()
                    last = time.monotonic()
            while waiting:
                self._write(waiting.popleft().result())
        self._reporter.advance(self._source.position(), self._tally.rows)

    def _checkpoint(self) -> None:
        """Make what is written safe on disk and note how far that is."""
        if self._keep is None:
            return
        main, rejects = self._outputs.main, self._outputs.rejects
        main.sync()
        if rejects:
            rejects.sync()
        self._keep(Checkpoint(self._read, main.offset, rejects.offset if rejects else 0, self._tally.to_dict()))

    def _tag(self, block: Block) -> Outcome:
        """Tag a block's texts; runs in a thread."""
        taggings = self._classifier.tag_many(block.texts)
        wanted = self._options.evidence and self._form.wants_words
        words = words_of(self._classifier, block.texts, taggings) if wanted else None
        asked = asked_of(self._classifier, block.texts, taggings, block.facts, self._options)
        return Outcome(block, taggings, words, asked)

    def _write(self, outcome: Outcome) -> None:
        """Write a block and count it."""
        block = outcome.block
        rendered = self._form.render(block, outcome.taggings, outcome.words, outcome.asked)
        self._outputs.main.write(self._packer.pack(rendered))
        self._tally.replaced = self._packer.replaced
        if block.faults:
            rows, lines = self._tally.rows, self._tally.lines
            listed = [reject_line(rows + row + 1, fault, line=lines + line + 1) for row, line, fault in block.faults]
            self._outputs.reject(b"".join(listed))
        self._tally.count(outcome.taggings)
        self._tally.rows += block.rows
        self._tally.copied += block.copied
        self._tally.lines += block.newlines
        self._tally.rejects += len(block.faults)
        self._read += block.read
