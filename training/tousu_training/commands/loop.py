"""``tousu loop``: train on people's answers, judge the new model against the old, put it into use with a reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from tousu.cli.console import err, out, say_json, show_table, speaks, table
from tousu.cli.typer_zh import App
from tousu.errors import ModelError, UsageError

app = App()

REFUSED = 3
SHOWN_CHANGES = 20
EFFECTS = {"gained": "改对", "lost": "改错", "same": ""}


@app.command()
@speaks
def loop(
    answers: Annotated[
        list[Path] | None, typer.Option(help="人工答复的标注文件，可写多次；tousu answers 导出的就是。")
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="直接取这个数据库里的答复与更正；与 --answers 二选一。", metavar="地址")
    ] = None,
    gate: Annotated[
        list[Path] | None,
        typer.Option(help='验收文件：本所自己的标注行；写了 "must": true 的行标错一条就不通过。可写多次。'),
    ] = None,
    corpus: Annotated[list[Path] | None, typer.Option(help="另外学哪些标注行；默认随附的语料。")] = None,
    against: Annotated[Path | None, typer.Option(help="与哪个模型比；默认随附的，用 --database 时是在用的。")] = None,
    out_dir: Annotated[Path | None, typer.Option("--out", help="新模型写到哪里；给了 --candidate 就不用写。")] = None,
    candidate: Annotated[Path | None, typer.Option(help="不训练，只评这个已有的模型。")] = None,
    hold_out: Annotated[float, typer.Option(min=0.0, max=0.9, help="留出多少答复来评，按近似文本成组留出。")] = 0.3,
    labels_from_data: Annotated[bool, typer.Option("--labels-from-data", help="标签取自数据，不用领域表。")] = False,
    taxonomy: Annotated[Path | None, typer.Option(help="领域表；默认用随附的。")] = None,
    activate: Annotated[str | None, typer.Option(help="通过后启用新模型，并写明理由。", metavar="理由")] = None,
    force: Annotated[bool, typer.Option("--force", help="没有通过也启用；台账里记“强制”。")] = False,
    lines: Annotated[bool, typer.Option("--lines", help="进度与结果都印成 JSON 行，供程序读。", hidden=True)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="印成 JSON。")] = False,
) -> None:
    """用人工答复重新训练，与在用的模型比过，再决定换不换。

    退出码：0 通过（或已强制启用）；3 没有通过；1 出错。
    """
    from tousu.resources import data_root
    from tousu_training.loop.run import LoopOptions, run_loop

    if bool(answers) == bool(database):
        raise UsageError("--answers 与 --database 要写一个，也只能写一个", fix="写明答复从哪里来")
    if (out_dir is None) == (candidate is None):
        raise UsageError("--out 与 --candidate 要写一个，也只能写一个", fix="写明新模型放在哪里，或评哪个模型")
    if force and activate is None:
        raise UsageError("--force 只与 --activate 同用", fix="写明理由：--activate 理由")
    begun = time.monotonic()

    def progress(step: str, done: int, total: int) -> None:
        if lines:
            typer.echo(json.dumps({"step": step, "done": done, "total": total}, ensure_ascii=False))
            sys.stdout.flush()
            return
        count = f" {done + 1}/{total}" if total > 1 else ""
        err().print(f"{time.monotonic() - begun:5.1f} 秒 {step}{count}")

    with tempfile.TemporaryDirectory(prefix="tousu-loop-") as scratch:
        if database:
            answers = [Path(scratch) / "answers.jsonl"]
            _tousu(database, "answers", str(answers[0]))
            against = against or _live(database)
        hard = data_root() / "data" / "hard.jsonl"
        options = LoopOptions(
            answers=answers or [], corpus=corpus or [], gate_rows=gate or [], against=against, candidate=candidate,
            hard=None if labels_from_data or not hard.is_file() else hard, out=out_dir or Path(), hold_out=hold_out,
            own_labels=labels_from_data, taxonomy=taxonomy,
        )  # fmt: skip
        verdict = run_loop(options, progress=progress)
    if lines:
        typer.echo(json.dumps({"verdict": verdict}, ensure_ascii=False))
    elif as_json:
        say_json(verdict)
    else:
        _show(verdict)
    if activate is not None and (verdict["passed"] or force):
        why = activate if verdict["passed"] else f"强制：{activate}"
        told = _tousu(database, "models", "activate", verdict["model"], "--why", why)
        err().print(told.strip())
    if not verdict["passed"] and not (force and activate):
        raise typer.Exit(REFUSED)


def _live(database: str) -> Path | None:
    """Return the directory of the model that a service uses; None for the shipped one."""
    told = json.loads(_tousu(database, "models", "list", "--json"))
    entry = next(iter(told["history"]), None)
    return None if entry is None or entry["path"] == "shipped" else Path(entry["path"])


def _tousu(database: str | None, *arguments: str) -> str:
    """Run another command of tousu, which is in another room, and return what it printed.

    Raises:
        ModelError: It failed; the message is its own.
    """
    env = os.environ | ({"TOUSU_DATABASE_URL": database} if database else {})
    done = subprocess.run(
        [sys.executable, "-m", "tousu", *arguments], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ModelError(done.stderr.strip() or f"tousu {arguments[0]} 没有成功")
    return done.stdout


def _show(verdict: dict[str, Any]) -> None:
    """Print a verdict for people."""
    show, counts = out(), verdict["answers"]
    show.print(
        f"答复 {counts['read']} 条，不重复的 {counts['texts']} 条：学 {counts['learnt']}，留出 {counts['held_out']}"
        f"（其中抽检 {counts['blind']}），与验收或难例近似而不用 {counts['left_out']}"
    )
    for conflict in counts["conflicts"][:SHOWN_CHANGES]:
        said = "；".join(f"{by or '某人'} 定为 {code}" for by, code in conflict["said"].items())
        show.print(f"  意见不一：{conflict['place']}：{said}")
    figures = table("集", "条数", "指标", "旧", "新", "p", title=f"闸门：{verdict['old']} → {verdict['new']}")
    for each in verdict["sets"]:
        for key, name, p in (
            ("accuracy", "正确率", each["p_accuracy"]), ("auto_precision", "自动分派正确率", each["p_auto"]),
            ("auto_coverage", "自动分派比例", None),
        ):  # fmt: skip
            cells = [_figure(each[side][key]) for side in ("old", "new")]
            figures.add_row(each["name"], str(each["rows"]), name, *cells, "" if p is None else f"{p:.3f}")
    show_table(figures)
    for each in verdict["sets"]:
        detail = table("领域", "条数", "旧", "新", "p", title=f"{each['name']}各领域找回的比例")
        for row in each["domains"]:
            detail.add_row(row["code"], str(row["n"]), _figure(row["old"]), _figure(row["new"]), f"{row['p']:.3f}")
        show_table(detail)
    changed = [row for row in verdict["changes"] if row["old"] != row["new"]]
    show.print(f"主领域变了的 {len(changed)} 条，判定变了的 {len(verdict['changes']) - len(changed)} 条")
    for row in changed[:SHOWN_CHANGES]:
        show.print(f"  {row['place']}：{row['old']} → {row['new']}（应为 {row['label']}）{EFFECTS[row['effect']]}")
    for note in verdict["notes"]:
        show.print(f"· {note}")
    if verdict["passed"]:
        show.print(f"通过：没有一项下降超出偶然（各项单侧 p < {verdict['alpha']} 才算）")
    for reason in verdict["reasons"]:
        show.print(f"没有通过：{reason}")


def _figure(figure: dict[str, Any]) -> str:
    """Return a figure with its interval."""
    if figure["value"] is None:
        return "—"
    return f"{figure['value']:.3f}（{figure['low']:.3f}–{figure['high']:.3f}）"
