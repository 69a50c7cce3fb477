"""The journal beside a part file: how far a run has come, so that another can go on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tousu.batch.options import TagOptions, Tally
from tousu.errors import ResumeRefused
from tousu.files.sink import PartFile, Pipe, part_path, sync_directory, target_of
from tousu.files.source import PIPE

PROTOCOL = 1


@dataclass(frozen=True, slots=True)
class Place:
    """How far a run has come. Whatever lies behind these offsets in the part files counts for nothing.

    Attributes:
        read: Bytes of the input's text (unpacked, without mark) behind which nothing was dealt with.
        written: Bytes of the output.
        rejected: Bytes of the rejects file.
        tally: The counts up to there.
    """

    read: int
    written: int
    rejected: int
    tally: dict[str, Any]


def journal_path(final: Path) -> Path:
    """Return where the journal of an output is kept while the run goes on."""
    return final.with_name(f".{final.name}.tousu-journal")


def run_mark(source: str, model: str, options: TagOptions) -> dict[str, Any]:
    """Return what must be the same for a run to go on: the input, the model, the options."""
    stat = Path(source).stat() if source != PIPE else None
    return {
        "protocol": PROTOCOL,
        "input": str(Path(source).resolve()),
        "size": stat.st_size if stat else None,
        "changed": stat.st_mtime_ns if stat else None,
        "model": model,
        **options.fingerprint(),
    }


def keep_place(final: Path, mark: dict[str, Any], place: Place) -> None:
    """Write the journal so that it is either the old or the new one, whatever happens."""
    path = journal_path(final)
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        file.write(orjson.dumps({"mark": mark, "place": place}))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_directory(path.parent)


def find_place(final: Path, mark: dict[str, Any]) -> Place | None:
    """Return how far the run before has come, or None if it left nothing.

    Raises:
        ResumeRefused: It was a run on another input, or with another model or other options.
    """
    try:
        kept = orjson.loads(journal_path(final).read_bytes())
        before, place = kept["mark"], Place(**kept["place"])
        Tally.from_dict(place.tally)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ResumeRefused(f"{final} 的续写记录已损坏", fix="不带 --resume 重新开始") from error
    other = [key for key, value in mark.items() if before.get(key) != value]
    if other:
        names = {"size": "输入文件的大小", "changed": "输入文件的修改时间", "input": "输入文件", "model": "模型版本"}
        raise ResumeRefused(
            f"{final} 上次是用别的条件标的：{'、'.join(names.get(key, key) for key in other)} 不同",
            expected="与上次相同的输入、模型和选项",
            fix="用上次的条件再试，或不带 --resume 重新开始",
        )
    return place


def forget_place(final: Path) -> None:
    """Remove the journal of a run that has ended."""
    path = journal_path(final)
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.new").unlink(missing_ok=True)


class Sinks:
    """The output and its rejects file, from nothing or from where an earlier run stopped.

    Attributes:
        main: Takes the output's bytes.
        rejects: Takes the list of rows without a tag; None when writing to a pipe.
        place: How far the earlier run had come, or None.
        notes: What happened, in Chinese.
    """

    def __init__(self, final: Path | None, mark: dict[str, Any], *, resume: bool) -> None:
        self._final, self._mark = final, mark
        self.place: Place | None = None
        self.notes: list[str] = []
        self.rejects: PartFile | None = None
        if final is None:
            self.main: PartFile | Pipe = Pipe()
            return
        listed = target_of(rejects_path(final))
        place = find_place(final, mark) if resume else None
        if place and _size(part_path(final)) >= place.written and _size(part_path(listed)) >= place.rejected:
            self.place = place
        main = self.main = PartFile(final, keep=self.place is not None)
        if self.place is None:
            forget_place(final)  # only now: the lock says that the journal is not another run's
        try:
            self.rejects = PartFile(listed, keep=self.place is not None)
        except BaseException:
            main.close()
            raise
        if self.place:
            main.go_on_at(self.place.written)
            self.rejects.go_on_at(self.place.rejected)
            self.notes.append(f"从第 {self.place.tally['rows'] + 1:,} 行续写")
        elif resume:
            self.notes.append("没有可以续写的记录，从头开始")

    def keep(self, place: Place) -> None:
        """Keep the place reached."""
        if self._final:
            keep_place(self._final, self._mark, place)

    def commit(self, *, rejects: int) -> str | None:
        """Give the complete files their names; return the rejects file's, if there are ``rejects``."""
        if self.rejects:
            if rejects:
                self.rejects.commit()
            else:
                self.rejects.drop()
                self.rejects.final.unlink(missing_ok=True)
        self.main.commit()
        if self._final:
            forget_place(self._final)
        return str(self.rejects.final) if self.rejects and rejects else None

    def close(self) -> None:
        """Let go of the files. Part files that no journal speaks of are of no use and go."""
        useless = self._final is not None and not journal_path(self._final).exists()
        for sink in (self.main, self.rejects):
            if isinstance(sink, PartFile) and useless:
                sink.drop()
            elif sink:
                sink.close()


def rejects_path(output: Path) -> Path:
    """Return where the rejects of an output are listed."""
    return output.with_name(f"{output.name}.rejects.jsonl")


def _size(path: Path) -> int:
    """Return a file's size in bytes, -1 if there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1
