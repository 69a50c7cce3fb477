"""A directory of files: each is tagged into the same place of another directory."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from tousu.batch.journal import run_mark
from tousu.batch.options import TagSummary, Tally
from tousu.batch.tag import tag_file
from tousu.errors import FileError, FormatUnknown, TousuError
from tousu.files.archives import ARCHIVE, OTHER_ARCHIVES, is_archive, pack, unpack
from tousu.files.formats import OTHER_SHEETS, ending_of, is_read_as_xlsx
from tousu.files.sink import PartFile, part_path, refuse_input, target_of
from tousu.files.source import PIPE, packing_of
from tousu.messages import system_reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from tousu.batch.options import TagOptions
    from tousu.batch.progress import Reporter
    from tousu.classifier import Classifier

DONE = ".tousu-done.json"
REJECTS = ".rejects.jsonl"
LEFT_BEHIND = {"thumbs.db", "desktop.ini", "icon\r"}
# Files that hold no tables: named, but no reason to worry.
NO_TABLES = {
    ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".heic", ".svg", ".mp3", ".mp4", ".wav", ".amr", ".m4a", ".mov", ".avi",
    ".md", ".log", ".css", ".js", ".py", ".ini", ".lnk", ".exe", ".tmp", ".bak",
}  # fmt: skip
MOST_NAMED = 20


@dataclass(slots=True)
class FolderSummary:
    """What a run did to a directory.

    Attributes:
        files: What it did to each file.
        failed: Why a file could not be tagged, by its name.
        skipped: Files that an earlier run had finished.
        passed: Why a file was passed over, by its name.
        unread: Those of them that may hold complaints.
    """

    files: list[TagSummary] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    passed: dict[str, str] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)

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
        whole.notes += [f"{name} 略过：{why}" for name, why in self.passed.items()]
        return whole


@dataclass(frozen=True, slots=True)
class Item:
    """A file of a directory or archive that is to be tagged.

    Attributes:
        name: Its name within the directory; of one in an archive behind the archive's.
        path: Where it can be read.
        final: Where its output goes.
        original: The file on disk that it comes from.
    """

    name: str
    path: Path
    final: Path
    original: Path


def is_folder(source: str) -> bool:
    """Return whether an input is a directory or an archive of files."""
    return Path(source).is_dir() or is_archive(Path(source))


def tag_folder(
    source: str, output: str, classifier: Classifier, options: TagOptions, *, reporter: Reporter | None = None,
    told: Callable[[TagSummary], None] | None = None,
) -> FolderSummary:  # fmt: skip
    """Tag every file of a directory or a zip archive; one that cannot be tagged does not stop the others.

    Args:
        source: The directory or archive.
        output: Where the results go, under the same names: a directory, or an archive for an archive.
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
    if target.suffix.lower() == ARCHIVE and not target.is_dir():
        if root.is_dir():
            raise FileError("目录的结果不能写成压缩包", expected="输出目录", fix="写明输出目录")
        return _tag_archive(root, target, classifier, options, reporter, told)
    if root.is_dir() and root.resolve().is_relative_to(target.resolve()):
        raise FileError(
            f"输入目录 {source} 就是输出目录 {output}，或在它之内", expected="另一个输出目录",
            fix="换一个输出目录，原文件不会被改动",
        )  # fmt: skip
    if target.exists() and not target.is_dir():
        raise FileError(f"输出 {output} 是一个文件", expected="输出目录", fix="换一个名字")
    _make(target)
    summary = FolderSummary()
    with tempfile.TemporaryDirectory(prefix=".tousu-", dir=target) as scratch:
        items = _items(root, target, Path(scratch), summary)
        if not items:
            raise _nothing(source, summary)
        _tag_items(items, target / DONE, classifier, options, reporter, told, summary)
    return summary


def _tag_archive(
    root: Path, target: Path, classifier: Classifier, options: TagOptions, reporter: Reporter | None,
    told: Callable[[TagSummary], None] | None,
) -> FolderSummary:  # fmt: skip
    """Tag the files of an archive into another archive."""
    final = target_of(target)
    refuse_input(root, final)
    part = PartFile(final)
    try:
        with tempfile.TemporaryDirectory(prefix=".tousu-", dir=final.parent) as scratch:
            fresh = Path(scratch) / "out"
            summary = tag_folder(str(root), str(fresh), classifier, options, reporter=reporter, told=told)
            (fresh / DONE).unlink(missing_ok=True)
            pack(fresh, part_path(final))
        for one in summary.files:
            one.output = f"{target}/{Path(one.output).relative_to(fresh)}"
            one.rejects_file = one.rejects_file and f"{target}/{Path(one.rejects_file).relative_to(fresh)}"
        part.commit()
    finally:
        part.drop()
    return summary


def _tag_items(
    items: list[Item], journal: Path, classifier: Classifier, options: TagOptions, reporter: Reporter | None,
    told: Callable[[TagSummary], None] | None, summary: FolderSummary,
) -> None:  # fmt: skip
    """Tag files one after the other; keep a list of those that are done until all are."""
    options = options.settled()
    before = _read(journal) if options.resume else {}
    done = dict(before)
    for item in items:
        mark = run_mark(str(item.original), classifier.version, options)
        if before.get(item.name) == mark and item.final.exists():
            summary.skipped.append(item.name)
            continue
        try:
            _make(item.final.parent)
            # What is left of a run on a member of an archive cannot be gone on with: it is unpacked anew.
            chosen = options if item.path == item.original else dataclasses.replace(options, resume=False)
            one = tag_file(str(item.path), str(item.final), classifier, chosen, reporter=reporter)
        except TousuError as error:
            summary.failed[item.name] = str(error)
            continue
        one.input = str(item.original.parent / item.name) if item.path != item.original else one.input
        summary.files.append(one)
        done[item.name] = mark
        _write(journal, done)
        if told:
            told(one)
    if not summary.failed:
        journal.unlink(missing_ok=True)


def _items(root: Path, target: Path, scratch: Path, summary: FolderSummary) -> list[Item]:
    """Return the files that can be tagged, by name; take note of those that cannot."""
    if is_archive(root):
        return _members(root, "", target, scratch / "0", summary)
    items: list[Item] = []
    taken: set[Path] = set()
    for number, path in enumerate(sorted(root.rglob("*"))):
        name = path.relative_to(root)
        if not path.is_file() or path.resolve().is_relative_to(target.resolve()) or _is_junk(name):
            continue
        if is_archive(path):
            folder = target / name.with_suffix("")
            folder = folder if not (root / name.with_suffix("")).exists() else target / f"{name}.d"
            items += _members(path, f"{name}/", folder, scratch / str(number), summary)
        elif ending_of(path.name) or is_read_as_xlsx(path.name):
            final = target / (f"{name}.xlsx" if is_read_as_xlsx(path.name) else name)
            items.append(Item(str(name), path, final, path))
            taken.add(final)
        else:
            _pass_over(str(name), summary)
    return items


def _members(archive: Path, prefix: str, target: Path, scratch: Path, summary: FolderSummary) -> list[Item]:
    """Return the files of an archive that can be tagged, unpacked."""
    try:
        left_out = unpack(archive, scratch)
    except TousuError as error:
        summary.failed[prefix.rstrip("/") or archive.name] = str(error)
        return []
    summary.passed.update({f"{prefix}{name}": why for name, why in left_out.items()})
    summary.unread |= {f"{prefix}{name}" for name in left_out}
    items = []
    for path in sorted(scratch.rglob("*")) if scratch.is_dir() else ():
        name = path.relative_to(scratch)
        if not path.is_file() or _is_junk(name):
            continue
        if ending_of(path.name) or is_read_as_xlsx(path.name):
            final = target / (f"{name}.xlsx" if is_read_as_xlsx(path.name) else name)
            items.append(Item(f"{prefix}{name}", path, final, archive))
        else:
            _pass_over(f"{prefix}{name}", summary)
    return items


def _is_junk(name: Path) -> bool:
    """Return whether a file is none of the user's: what programs leave behind, or our own lists of rejects."""
    hidden = any(part.startswith((".", "~$")) or part == "__MACOSX" for part in name.parts)
    return hidden or name.name.lower() in LEFT_BEHIND or name.name.endswith(REJECTS)


def _pass_over(name: str, summary: FolderSummary) -> None:
    """Take note of a file that is not tagged, and why."""
    ending = Path(name).suffix.lower()
    harmless = ending in NO_TABLES or Path(name).name.lower() in ("readme", "license", "makefile")
    if ending in OTHER_SHEETS:
        why = f"不能读 {ending} 工作簿，用 Excel 或 WPS 打开后另存为 .xlsx"
    elif ending in OTHER_ARCHIVES:
        why = f"不能读 {ending} 压缩包，先解压"
    elif packing_of(name):
        why = "不能读这种压缩过的文件，先解压"
    elif harmless:
        why = "不是表格"
    else:
        why = "认不出的格式；里面若有投诉，另存为 .xlsx 或 .csv"
    summary.passed[name] = why
    if not harmless:
        summary.unread.add(name)


def _nothing(source: str, summary: FolderSummary) -> FormatUnknown:
    """Return the error for a directory without anything to tag."""
    reasons = [f"{name}：{why}" for name, why in (*summary.failed.items(), *summary.passed.items())]
    return FormatUnknown(
        "；".join([f"{source} 中没有能标的文件", *reasons[:MOST_NAMED]]),
        expected=".xlsx .xls .xlsb .ods .et .csv .tsv .txt .jsonl .json .parquet .zip", fix="检查目录",
    )  # fmt: skip


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
