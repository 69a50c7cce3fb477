"""``tousu tag``: a file in, the same file with tags out."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tousu.cli.console import FAILED, INTERRUPTED, err, out, say_json, speaks
from tousu.cli.typer_zh import App

if TYPE_CHECKING:
    from rich.console import Console

    from tousu.batch.options import TagSummary

app = App()

WITH_REJECTS = 3
COLLECT_AFTER = 100_000  # new objects between two searches for garbage: rows hold no circles


@app.command()
@speaks
def tag(
    source: Annotated[str, typer.Argument(metavar="INPUT", help="要标的文件、目录或 .zip；- 为标准输入。")],
    output: Annotated[str, typer.Argument(metavar="OUTPUT", help="标好后写到哪里；- 为标准输出。")],
    text_column: Annotated[
        list[str] | None,
        typer.Option("--text-column", help="内容所在的列，或 #列号；可写多次，几列合在一起标。不写则自动判断。"),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="模型目录；不写则用随附的模型。", envvar="TOUSU_MODEL")] = None,
    reading: Annotated[
        Literal["fast", "careful"] | None,
        typer.Option(
            help="快读（fast）只看词语；精读（careful）再用编码器读一遍，每条约几十毫秒。"
            "不写则模型有精读部分且文件不超过 100 KB 时精读。",
            envvar="TOUSU_READING",
        ),
    ] = None,
    columns: Annotated[
        Literal["zh", "en"] | None, typer.Option(help="新增列用中文还是英文；不写则 xlsx 用中文，其余用英文。")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="输入的编码；不写则自动判断。")] = None,
    output_encoding: Annotated[str | None, typer.Option(help="输出的编码；不写则与输入相同。")] = None,
    form: Annotated[str | None, typer.Option("--format", help="格式（jsonl、csv…），文件名看不出时用。")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="接着上次中断的地方继续。")] = False,
    neutralise_all: Annotated[
        bool, typer.Option("--neutralise-all", help="csv/tsv 中原有的、会被当作公式的单元格也加撇号。")
    ] = False,
    no_header: Annotated[
        bool, typer.Option("--no-header", help="表格没有表头，第一行就是数据；内容列用 --text-column '#列号' 指定。")
    ] = False,
    evidence: Annotated[bool, typer.Option("--evidence/--no-evidence", help="是否列出依据词句。")] = True,
    acceptance: Annotated[
        bool, typer.Option("--acceptance", help="添一列受理提示：缺什么、哪一条可能不予受理；只是提示，由人决定。")
    ] = False,
    history: Annotated[
        list[str] | None,
        typer.Option(
            "--history", help="以前的台账，可写多次：同一人、同一电话、同一被投诉方、几乎相同的内容此前十二个月有几件。"
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="几个线程打标签，另有一个读写。")] = max(
        1, (os.cpu_count() or 1) - 1
    ),
    checkpoint: Annotated[float, typer.Option(min=0.0, help="每隔几秒记一次进度，供 --resume 用。")] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="最后以 JSON 给出统计。")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="不显示进度。")] = False,
) -> None:
    """给文件里的每条投诉打标签，原有的行和列都不动。

    退出码：0 全部标好；3 标完了，但有的行没有标签（见 OUTPUT.rejects.jsonl）；1 出错；130 被中断，可用 --resume 继续。
    """
    from tousu.batch.folder import is_folder, tag_folder
    from tousu.batch.options import TagOptions
    from tousu.batch.reading import load_for
    from tousu.batch.tag import tag_file
    from tousu.cli.progress import reporter_for

    options = TagOptions(
        text_columns=tuple(text_column or ()), language=columns, encoding=encoding, output_encoding=output_encoding,
        resume=resume, neutralise_all=neutralise_all, evidence=evidence, no_header=no_header, form=form,
        acceptance=acceptance, history=tuple(history or ()), threads=threads,
        checkpoint_seconds=checkpoint,
    )  # fmt: skip
    reporter = reporter_for(err(), quiet=quiet)
    try:
        classifier, note = load_for(source, model, reading)
        if note and not quiet:
            err().print(f"· {note}")
        gc.freeze()  # what has been built stays
        gc.set_threshold(COLLECT_AFTER)
        incomplete, more = False, {}
        if is_folder(source):
            folder = tag_folder(source, output, classifier, options, reporter=reporter)
            summary, incomplete = folder.total(source, output, classifier.version), bool(folder.failed or folder.unread)
            more = {
                "files": [one.to_dict() for one in folder.files], "skipped": folder.skipped, "failed": folder.failed,
                "passed": folder.passed,
            }  # fmt: skip
        else:
            summary = tag_file(source, output, classifier, options, reporter=reporter)
    except KeyboardInterrupt:
        err().print(f"已中断：{how_to_go_on(source, output)}", style="yellow")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads on; let Python's own flush find no error
        raise typer.Exit(FAILED) from None
    if as_json:
        say_json(summary.to_dict() | more, stderr=output == "-")
    else:
        show(err() if output == "-" else out(), summary)
    if incomplete:
        raise typer.Exit(FAILED)
    if summary.tally.rejects:
        raise typer.Exit(WITH_REJECTS)


def how_to_go_on(source: str, output: str) -> str:
    """Return in Chinese how a run that was stopped can be gone on with."""
    from tousu.files.formats import LINE_FORMATS, ending_of
    from tousu.files.source import is_pipe

    if output == "-" or is_pipe(source):
        return "管道不能续写，请重新开始"
    if Path(source).is_dir():
        return "已标好的文件都已写好；用同样的命令加上 --resume 就能接着做"
    if ending_of(source) not in LINE_FORMATS:
        return "这种格式不能从中间续写，没有留下半成品；请用同样的命令重新开始"
    return "已写好的部分都在；用同样的命令加上 --resume 就能接着做"


def show(console: Console, summary: TagSummary) -> None:
    """Print what a run did, for people."""
    from rich.table import Table

    from tousu.batch.added import domain_names

    tally = summary.tally
    for note in summary.notes:
        console.print(f"· {note}")
    if tally.domains:
        names = domain_names(tuple(tally.domains))
        table = Table("领域", "代码", "件数", "占比", box=None, pad_edge=False)
        tagged = tally.domains.total()
        for code, number in sorted(tally.domains.items(), key=lambda item: (-item[1], item[0])):
            table.add_row(names[code], code, f"{number:,}", f"{number / tagged:.1%}")
        console.print(table)
    rate = tally.rows / summary.seconds if summary.seconds else 0
    console.print(
        f"共 {tally.rows:,} 行，标好 {tally.rows - tally.rejects:,} 行（自动 {tally.decisions['auto']:,}，"
        f"需复核 {tally.decisions['review']:,}，线上交易 {tally.online:,}），"
        f"未标 {tally.rejects:,} 行；用时 {summary.seconds:.1f} 秒，每秒 {rate:,.0f} 行；模型 {summary.model}",
    )
    console.print(f"结果：{summary.output}")
    if summary.rejects_file:
        console.print(f"未标的行列在：{summary.rejects_file}")
