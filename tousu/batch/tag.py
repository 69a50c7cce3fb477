"""Tag a file: the one entry for whoever asks, whatever the format."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from tousu.batch.delimited import Delimited
from tousu.batch.journal import Place, Sinks, rejects_path, run_mark
from tousu.batch.jsonl import JsonLines
from tousu.batch.lines import LineFormat, LineRun
from tousu.batch.options import TagOptions, TagSummary, Tally
from tousu.batch.progress import Reporter, Silent
from tousu.batch.signals import Stopper
from tousu.errors import FileError, FormatUnknown, ResumeRefused
from tousu.files.encoding import script_of
from tousu.files.formats import LINE_FORMATS, format_of
from tousu.files.sink import Packer, PartFile, refuse_input, target_of
from tousu.files.source import PIPE, Source, is_pipe
from tousu.messages import system_reason

if TYPE_CHECKING:
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
    tag = tag_lines if form in LINE_FORMATS else tag_whole
    tag(source, output, form, classifier, options, reporter or Silent(), summary)
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


def line_format(form: str, source: Source, options: TagOptions) -> LineFormat:
    """Return the reader and writer of a line format."""
    codec = source.script.inner
    if form == ".jsonl":
        return JsonLines(codec=codec, wanted=options.text_columns, name=source.name)
    return Delimited(
        codec=codec, wanted=options.text_columns, name=source.name, language=options.language or "en",
        tab=form == ".tsv", neutralise_all=options.neutralise_all,
    )  # fmt: skip


def tag_whole(
    path: str, output: str, form: str, classifier: Classifier, options: TagOptions, reporter: Reporter,
    summary: TagSummary,
) -> None:  # fmt: skip
    """Tag a format that is written in one piece: a run that was cut off begins anew."""
    if output == PIPE or is_pipe(path):
        raise FormatUnknown(f"{form} 不能走管道", expected="文件作输入和输出", fix="写明文件名")
    if options.resume:
        summary.notes.append(f"{form} 不能从中间续写，已从头开始")
    from tousu.batch.parquet import ParquetRun  # each brings a heavy library
    from tousu.batch.workbook.run import WorkbookRun

    final = target_of(Path(output))
    sink, rejects = PartFile(final), PartFile(rejects_path(final))
    with Stopper() as stopper:

        def tick(rows: int) -> None:
            reporter.advance(rows, rows)
            if stopper.stopped:
                raise KeyboardInterrupt

        run = (WorkbookRun if form == ".xlsx" else ParquetRun)(classifier, options, summary, tick)
        reporter.start(Path(path).name, None)
        try:
            run.go(path, sink.part, rejects.write)
            if summary.tally.rejects:
                rejects.commit()
                summary.rejects_file = str(rejects.final)
            else:
                rejects.drop()
                rejects.final.unlink(missing_ok=True)
            sink.commit()
        finally:
            reporter.stop()
            for part in (sink, rejects):
                part.drop()


def tag_lines(
    path: str, output: str, form: str, classifier: Classifier, options: TagOptions, reporter: Reporter,
    summary: TagSummary,
) -> None:  # fmt: skip
    """Tag a line format from a source to a sink, going on where an earlier run stopped if asked to."""
    final = None if output == PIPE else target_of(Path(output))
    if options.resume and (final is None or is_pipe(path)):
        raise ResumeRefused("管道不能续跑", expected="文件作输入和输出", fix="去掉 --resume")
    with Source(path) as source, Stopper(active=not source.is_pipe) as stopper:
        script = source.settle(options.encoding, strict=form != ".jsonl")
        written = script_of(options.output_encoding) if options.output_encoding else script
        reader = line_format(form, source, options)
        packer = Packer(output, script, written)
        consumed, header = reader.begin(source.peek())
        summary.notes += [f"编码：{script.name}", *reader.notes]
        reader.notes.clear()
        mark = run_mark(path, classifier.version, options)
        sinks = Sinks(final, mark, resume=options.resume)
        try:
            place = sinks.place
            if place is None:
                sinks.main.write(packer.mark() + packer.pack(header))
                summary.tally.replaced = packer.replaced
                summary.tally.lines = source.peek()[:consumed].count(b"\n")
                place = Place(consumed, sinks.main.offset, 0, summary.tally.to_dict())
            summary.tally = Tally.from_dict(place.tally)
            packer.replaced = summary.tally.replaced
            summary.notes += sinks.notes
            source.skip(place.read)
            run = LineRun(
                source=source, sink=sinks.main, rejects=sinks.rejects, packer=packer, form=reader, tally=summary.tally,
                keep=None if source.is_pipe else sinks.keep, options=options,
            )  # fmt: skip
            reporter.start(source.name, source.size)
            run.go(classifier, reporter, stopper, at=place.read)
            summary.notes += reader.notes + source.notes
            if packer.replaced:
                summary.notes.append(
                    f"有 {packer.replaced:,} 个字在 {written.name} 中没有，写成了 \\u 加编号；用 --output-encoding utf-8 可以写全"
                )
            summary.rejects_file = sinks.commit(rejects=summary.tally.rejects)
        finally:
            reporter.stop()
            sinks.close()
