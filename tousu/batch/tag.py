"""Tag a file: the one entry for whoever asks, whatever the format."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tousu.batch.asked import earlier_cases
from tousu.batch.delimited import Delimited
from tousu.batch.journal import Checkpoint, run_mark
from tousu.batch.json_array import JsonArray, is_array
from tousu.batch.jsonl import JsonLines
from tousu.batch.lines import LineFormat, LineRun
from tousu.batch.options import Job, TagOptions, TagSummary, Tally
from tousu.batch.outputs import Outputs, ResumableOutputs
from tousu.batch.progress import Reporter, Silent
from tousu.batch.signals import Stopper
from tousu.errors import FileError, FormatUnknown, ResumeRefused
from tousu.files.encoding import encoding_called
from tousu.files.formats import LINE_FORMATS, format_of
from tousu.files.sink import Packer, part_path, refuse_input, target_of
from tousu.files.source import PIPE, Source, is_pipe
from tousu.messages import system_reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from tousu.classifier import Classifier


def tag_file(
    source: str, output: str, classifier: Classifier, options: TagOptions, *, reporter: Reporter | None = None
) -> TagSummary:
    """Tag one file and write it with its tags.

    Args:
        source: The input's path, or ``-`` for standard input.
        output: The output's path, or ``-`` for standard output.
        classifier: The model.
        options: How.
        reporter: Who is told how far it is.

    Raises:
        FileError: The input cannot be read or the output not written; nothing appears under its name then.
        KeyboardInterrupt: The user stopped the run; ``resume`` goes on with it.
    """
    began = time.monotonic()
    check_paths(source, output)
    form = format_of(source, output, options.form)
    summary = TagSummary(source, output, classifier.version)
    if options.history:
        options = options.settled()
        summary.notes += earlier_cases(options.ledgers)[1]
    job = Job(
        source=source, output=output, form=form, classifier=classifier, options=options,
        reporter=reporter or Silent(), summary=summary,
    )  # fmt: skip
    (tag_lines if form in LINE_FORMATS else tag_whole)(job)
    if summary.tally.copied:
        summary.notes.append(f"另有 {summary.tally.copied:,} 行是重复的表头、说明、示例、合计或落款，照抄未标")
    summary.seconds = time.monotonic() - began
    return summary


def check_paths(source: str, output: str) -> None:
    """Refuse an input that is not there, an output that is the input, and one that is no file.

    Raises:
        FileError: One of these.
    """
    if source != PIPE:
        try:
            Path(source).stat()
        except FileNotFoundError as error:
            raise FileError(f"没有这个文件：{source}", fix="检查路径") from error
        except OSError as error:
            raise FileError(f"读不了 {source}（{system_reason(error)}）", fix="检查路径与权限") from error
    if output != PIPE:
        final = target_of(Path(output))
        if source != PIPE:
            refuse_input(Path(source), final)


def line_format(source: Source, form: str, options: TagOptions) -> LineFormat:
    """Return the reader and writer of a line format."""
    codec = source.encoding.inner
    if form == ".jsonl":
        made = JsonArray if is_array(source.peek()) else JsonLines
        return made(
            codec=codec,
            wanted=options.text_columns,
            name=source.name,
            asked=options.asked,
            wants_facts=options.wants_facts,
        )
    return Delimited(
        codec=codec, wanted=options.text_columns, name=source.name, language=options.language or "en",
        tab=form == ".tsv", neutralise_all=options.neutralise_all, no_header=options.no_header,
        asked=options.asked, wants_facts=options.wants_facts,
    )  # fmt: skip


def tag_whole(job: Job) -> None:
    """Tag a format that is written in one piece: a run that was cut off begins anew."""
    if job.output == PIPE or is_pipe(job.source):
        raise FormatUnknown(f"{job.form} 不能走管道", expected="文件作输入和输出", fix="写明文件名")
    if job.options.resume:
        job.summary.notes.append(f"{job.form} 不能从中间续写，已从头开始")
    from tousu.batch.parquet import ParquetRun  # a heavy library

    final = target_of(Path(job.output))
    outputs = Outputs(final)
    with Stopper() as stopper:

        def tick(rows: int) -> None:
            job.reporter.advance(rows, rows)
            if stopper.stopped:
                raise KeyboardInterrupt

        job.reporter.start(Path(job.source).name, None)
        try:
            if job.form == ".xlsx":
                _tag_workbook(job, tick, part_path(final), outputs.reject)
            else:
                ParquetRun(job, tick).go(part_path(final), outputs.reject)
            job.summary.rejects_file = outputs.commit(rejects=job.summary.tally.rejects)
        finally:
            job.reporter.stop()
            outputs.drop()


def _tag_workbook(job: Job, tick: Callable[[int], None], part: Path, reject: Callable[[bytes], None]) -> None:
    """Tag a workbook in place; one that is no .xlsx becomes one first."""
    from tousu.batch.workbook.convert import NOTE, convert  # heavy libraries
    from tousu.batch.workbook.run import WorkbookRun
    from tousu.files.sheets import workbook_kind

    source = Path(job.source)
    if workbook_kind(source) == "package":
        WorkbookRun(job, tick).go(part, reject)
        return
    with tempfile.TemporaryDirectory(prefix=".tousu-", dir=part.parent) as scratch:
        made = Path(scratch) / source.name
        convert(source, made, lambda: tick(0))
        job.summary.notes.append(NOTE.format(source.name))
        WorkbookRun(dataclasses.replace(job, source=str(made)), tick).go(part, reject)


def tag_lines(job: Job) -> None:
    """Tag a line format from a source to a sink, going on where an earlier run stopped if asked to."""
    options, summary = job.options, job.summary
    final = None if job.output == PIPE else target_of(Path(job.output))
    if options.resume and (final is None or is_pipe(job.source)):
        raise ResumeRefused("管道不能续跑", expected="文件作输入和输出", fix="去掉 --resume")
    with Source(job.source) as source, Stopper(active=not source.is_pipe) as stopper:
        read = source.settle(options.encoding, strict=job.form != ".jsonl")
        written = encoding_called(options.output_encoding) if options.output_encoding else read.kept
        form = line_format(source, job.form, options)
        packer = Packer(job.output, read, written)
        consumed, header = form.begin(source.peek())
        summary.notes += [f"编码：{read.name}", *form.notes]
        form.notes.clear()
        outputs = ResumableOutputs(final, run_mark(job.source, job.classifier.version, options), resume=options.resume)
        try:
            summary.tally.copied = form.copied
            at = _start(outputs, source, packer, summary.tally, consumed, header)
            summary.tally = Tally.from_dict(at.tally)
            packer.replaced = summary.tally.replaced
            summary.notes += outputs.notes
            source.skip(at.read)
            keep = None if source.is_pipe else outputs.keep
            run = LineRun(job, source=source, outputs=outputs.files, packer=packer, form=form, keep=keep)
            job.reporter.start(source.name, source.size)
            run.go(stopper, at=at.read)
            summary.notes += form.last_notes() + source.notes
            if packer.replaced:
                summary.notes.append(
                    f"有 {packer.replaced:,} 个字在 {written.name} 中没有，写成了 \\u 加编号；用 --output-encoding utf-8 可以写全"
                )
            summary.rejects_file = outputs.commit(rejects=summary.tally.rejects)
        finally:
            job.reporter.stop()
            outputs.close()


def _start(
    outputs: ResumableOutputs, source: Source, packer: Packer, tally: Tally, consumed: int, header: bytes
) -> Checkpoint:
    """Return where an earlier run stopped; if none did, write the header and return where that ends."""
    if outputs.checkpoint:
        return outputs.checkpoint
    main = outputs.files.main
    main.write(packer.mark() + packer.pack(header))
    tally.replaced = packer.replaced
    tally.lines = source.peek()[:consumed].count(b"\n")
    return Checkpoint(consumed, main.offset, 0, tally.to_dict())
