"""A directory of files: each is tagged into the same place of another directory."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from tousu.batch.journal import run_mark
from tousu.batch.options import TagSummary, Tally
from tousu.batch.tag import tag_file
from tousu.errors import FileError, FormatUnknown, TousuError
from tousu.files.formats import ending_of
from tousu.files.source import PIPE
from tousu.messages import system_reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from tousu.batch.options import TagOptions
    from tousu.batch.progress import Reporter
    from tousu.classifier import Classifier

DONE = ".tousu-done.json"
REJECTS = ".rejects.jsonl"


@dataclass(slots=True)
class FolderSummary:
    """What a run did to a directory.

    Attributes:
        files: What it did to each file.
        failed: Why a file could not be tagged, by its name.
        skipped: Files that an earlier run had finished.
    """

    files: list[TagSummary] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def total(self, source: str, output: str, model: str) -> TagSummary:
        """Return the counts of all files together."""
        whole = TagSummary(source, output, model)
        tallies = [summary.tally for summary in self.files]
        whole.tally = Tally(
            rows=sum(tally.rows for tally in tallies),
            rejects=sum(tally.rejects for tally in tallies),
            online=sum(tally.online for tally in tallies),
            replaced=sum(tally.replaced for tally in tallies),
            copied=sum(tally.copied for tally in tallies),
            domains=sum((tally.domains for tally in tallies), Counter()),
            decisions=sum((tally.decisions for tally in tallies), Counter()),
        )
        whole.seconds = sum(summary.seconds for summary in self.files)
        whole.notes = [f"{len(self.files)} 个文件标好"]
        if self.skipped:
            whole.notes.append(f"{len(self.skipped)} 个文件上次已标好，跳过")
        if self.failed:
            whole.notes.append("改好下列文件之后，用同样的命令加上 --resume 只补标它们")
        whole.notes += [f"{name} 未标：{why}" for name, why in self.failed.items()]
        return whole


def files_of(source: Path, output: Path) -> list[Path]:
    """Return the files of a directory that can be tagged, by name; hidden ones and outputs left out.

    Raises:
        FileError: The directory lies in the output's.
        FormatUnknown: There is none.
    """
    if source.resolve().is_relative_to(output.resolve()):
        raise FileError(
            f"输入目录 {source} 就是输出目录 {output}，或在它之内", expected="另一个输出目录",
            fix="换一个输出目录，原文件不会被改动",
        )  # fmt: skip
    found = [
        path
        for path in sorted(source.rglob("*"))
        if path.is_file()
        and ending_of(path.name)
        and not path.name.startswith(("~$", "."))
        and not path.name.endswith(REJECTS)
        and not path.resolve().is_relative_to(output.resolve())
    ]
    if not found:
        raise FormatUnknown(f"{source} 中没有能标的文件", expected=".jsonl .csv .tsv .xlsx .parquet", fix="检查目录")
    return found


def tag_folder(
    source: str, output: str, classifier: Classifier, options: TagOptions, *, reporter: Reporter | None = None,
    told: Callable[[TagSummary], None] | None = None,
) -> FolderSummary:  # fmt: skip
    """Tag every file of a directory; one that cannot be tagged does not stop the others.

    Args:
        source: The directory.
        output: Where the results go, under the same names.
        classifier: The model.
        options: How; ``resume`` leaves out what an earlier run finished with the same options and model.
        reporter: Who is told how far it is.
        told: Called with each file's summary.

    Raises:
        FileError: There is nothing to tag, or the output directory cannot be made.
        KeyboardInterrupt: The user stopped the run.
    """
    if output == PIPE:
        raise FileError("目录不能写到标准输出", expected="输出目录", fix="写明输出目录，或逐个文件标注")
    root, target = Path(source), Path(output)
    paths = files_of(root, target)
    _make(target)
    journal = target / DONE
    before = _read(journal) if options.resume else {}
    done = dict(before)
    summary = FolderSummary()
    for path in paths:
        name = str(path.relative_to(root))
        final = target / name
        mark = run_mark(str(path), classifier.version, options)
        if before.get(name) == mark and final.exists():
            summary.skipped.append(name)
            continue
        try:
            _make(final.parent)
            one = tag_file(str(path), str(final), classifier, options, reporter=reporter)
        except TousuError as error:
            summary.failed[name] = str(error)
            continue
        summary.files.append(one)
        done[name] = mark
        _write(journal, done)
        if told:
            told(one)
    if not summary.failed:
        journal.unlink(missing_ok=True)
    return summary


def _make(directory: Path) -> None:
    """Make a directory and those above it, unless they are there."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"建不了目录 {directory}（{system_reason(error)}）", fix="检查路径与权限") from error


def _read(journal: Path) -> dict[str, Any]:
    """Return what an earlier run finished."""
    try:
        return dict(orjson.loads(journal.read_bytes()))
    except (OSError, ValueError):
        return {}


def _write(journal: Path, done: dict[str, Any]) -> None:
    """Write the list of what is finished, in one step."""
    fresh = journal.with_name(f"{journal.name}.new")
    with fresh.open("wb") as file:
        file.write(orjson.dumps(done))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(journal)
