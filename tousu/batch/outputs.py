"""The output of a run and the list of its rejects: both get their names at the end, or neither does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tousu.batch.journal import journal_path, read_checkpoint, remove_journal, write_checkpoint
from tousu.files.sink import PartFile, Pipe, part_path, target_of

if TYPE_CHECKING:
    from pathlib import Path

    from tousu.batch.journal import Checkpoint


def rejects_path(output: Path) -> Path:
    """Return where the rejects of an output are listed."""
    return output.with_name(f"{output.name}.rejects.jsonl")


class Outputs:
    """The output and its rejects file.

    Args:
        final: The output's name, or None for standard output, which has no rejects file.
        keep: Whether to keep what an earlier run wrote.

    Attributes:
        main: Takes the output's bytes.
        rejects: Takes the list of rows without a tag; None when writing to standard output.
    """

    def __init__(self, final: Path | None, *, keep: bool = False) -> None:
        self.rejects: PartFile | None = None
        if final is None:
            self.main: PartFile | Pipe = Pipe()
            return
        main = self.main = PartFile(final, keep=keep)
        try:
            self.rejects = PartFile(rejects_path(final), keep=keep)
        except BaseException:
            main.close()
            raise

    def reject(self, line: bytes) -> None:
        """List a row without a tag, where there is a list."""
        if self.rejects:
            self.rejects.write(line)

    def commit(self, *, rejects: int) -> str | None:
        """Give the complete files their names; return the rejects file's, if there are ``rejects``."""
        if self.rejects:
            if rejects:
                self.rejects.commit()
            else:
                self.rejects.drop()
                self.rejects.final.unlink(missing_ok=True)
        self.main.commit()
        return str(self.rejects.final) if self.rejects and rejects else None

    def drop(self) -> None:
        """Remove what was not committed."""
        for part in (self.main, self.rejects):
            if isinstance(part, PartFile):
                part.drop()

    def close(self) -> None:
        """Let go of the files, leaving what is written."""
        for part in (self.main, self.rejects):
            if part:
                part.close()


class ResumableOutputs:
    """Outputs from nothing or from where an earlier run stopped, with a journal beside them.

    Attributes:
        files: The outputs.
        checkpoint: How far the earlier run had come, or None.
        notes: What happened, in Chinese.
    """

    def __init__(self, final: Path | None, mark: dict[str, Any], *, resume: bool) -> None:
        self._final, self._mark = final, mark
        self.notes: list[str] = []
        self.checkpoint = _usable(final, mark) if final and resume else None
        self.files = Outputs(final, keep=self.checkpoint is not None)
        if final and self.checkpoint is None:
            remove_journal(final)  # only now: the lock says that the journal is not another run's
        if self.checkpoint and isinstance(self.files.main, PartFile) and self.files.rejects:
            self.files.main.go_on_at(self.checkpoint.written)
            self.files.rejects.go_on_at(self.checkpoint.rejected)
            self.notes.append(f"从第 {self.checkpoint.tally['rows'] + 1:,} 行续写")
        elif resume:
            self.notes.append("没有可以续写的记录，从头开始")

    def keep(self, checkpoint: Checkpoint) -> None:
        """Keep the place reached."""
        if self._final:
            write_checkpoint(self._final, self._mark, checkpoint)

    def commit(self, *, rejects: int) -> str | None:
        """Give the complete files their names; return the rejects file's, if there are ``rejects``."""
        listed = self.files.commit(rejects=rejects)
        if self._final:
            remove_journal(self._final)
        return listed

    def close(self) -> None:
        """Let go of the files. Part files that no journal speaks of are of no use and go."""
        if self._final and not journal_path(self._final).exists():
            self.files.drop()
        self.files.close()


def _usable(final: Path, mark: dict[str, Any]) -> Checkpoint | None:
    """Return how far an earlier run has come, if its part files are all there."""
    checkpoint = read_checkpoint(final, mark)
    if checkpoint is None:
        return None
    whole = _size(part_path(final)) >= checkpoint.written
    return checkpoint if whole and _size(part_path(target_of(rejects_path(final)))) >= checkpoint.rejected else None


def _size(path: Path) -> int:
    """Return a file's size in bytes, -1 if there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1
