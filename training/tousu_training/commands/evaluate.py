"""``tousu evaluate``: how good a model is on labelled rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from tousu.cli.console import err, out, say_json, show_table, speaks, table
from tousu.cli.typer_zh import App

app = App()


@app.command()
@speaks
def evaluate(
    labelled: Annotated[
        Path,
        typer.Argument(metavar="文件", help="标注文件（表格、JSON、标注工具的导出、改过的 tousu tag 输出）或目录。"),
    ],
    model: Annotated[Path | None, typer.Option(help="模型目录；默认用随附的模型。")] = None,
    text_column: Annotated[str | None, typer.Option(help="内容所在的列，或 #列号；不写则自动判断。")] = None,
    label_column: Annotated[str | None, typer.Option(help="标签所在的列，或 #列号；不写按列名判断。")] = None,
    label_separator: Annotated[str, typer.Option(help="一格里几个标签之间的符号。")] = ";",
    strict: Annotated[bool, typer.Option("--strict", help="有一行没有标签或内容就停下，而不是略过。")] = False,
    reading: Annotated[
        Literal["fast", "careful"], typer.Option(help="快读（fast）或精读（careful）。", envvar="TOUSU_READING")
    ] = "fast",
    as_json: Annotated[bool, typer.Option("--json", help="印成 JSON。")] = False,
) -> None:
    """在标注行上评估模型，每个数字都带样本数与 95% 区间。"""
    from tousu.classifier import Classifier
    from tousu_training.corpus import Reading, read_rows
    from tousu_training.evaluate import compared
    from tousu_training.evaluate import evaluate as run
    from tousu_training.evaluate_cases import evaluate_cases
    from tousu_training.label_columns import LabelOptions
    from tousu_training.report import figure_rows, signal_rows

    classifier = Classifier.load(model, reading=reading)
    options = LabelOptions(text=text_column, label=label_column, separator=label_separator, strict=strict)
    met = Reading()
    rows = read_rows(
        [labelled], codes=classifier.domains, of=f"模型 {classifier.version} 的领域", options=options, met=met
    )  # fmt: skip
    for note in met.notes():
        err().print(note)
    outside = classifier.manifest["fallback"] if classifier.manifest.get("taxonomy") else None
    taggings = classifier.tag_many([row.text for row in rows])
    metrics = run(rows, compared(taggings, rows), outside=outside)
    if len(taggings.cases.kind_logits.T):
        metrics |= evaluate_cases(rows, taggings.cases)
    if as_json:
        say_json({"model": classifier.version} | metrics)
        return
    show = out()
    show.print(f"模型 {classifier.version}，{len(rows)} 行")
    figures = table("指标", "数值", "95% 区间", "样本数")
    for name, figure in figure_rows(metrics):
        figures.add_row(name, f"{figure['value']:.3f}", f"{figure['low']:.3f}–{figure['high']:.3f}", str(figure["n"]))
    show_table(figures)
    if metrics.get("signals"):
        signals = table("风险提示", "有此提示", "判为", "精确率", "召回率", "F1", "95% 区间")
        for name, row in signal_rows(metrics):
            shares = [f"{row[key]:.3f}" if row[key] is not None else "—" for key in ("precision", "recall")]
            found = row["f1"]
            span = (
                [f"{found['value']:.3f}", f"{found['low']:.3f}–{found['high']:.3f}"]
                if found["value"] is not None
                else ["—", "—"]
            )
            signals.add_row(name, str(row["support"]), str(row["said"]), *shares, *span)
        show_table(signals)
    detail = table("领域", "行数", "判为", "精确率", "召回率", "F1")
    for row in metrics["domains"]:
        shares = [f"{row[key]:.3f}" if row[key] is not None else "—" for key in ("precision", "recall", "f1")]
        detail.add_row(row["code"], str(row["support"]), str(row["said"]), *shares)
    show_table(detail)
    for pair in metrics["confusions"][:10]:
        show.print(f"  {pair['true']} 误判为 {pair['said']}：{pair['rows']} 行")
