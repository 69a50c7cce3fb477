"""``tousu examples``: the worked examples listed, searched, shown, checked, carried from station to station."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tousu.cli.console import err, out, say_json, show_table, speaks, table
from tousu.cli.ledger_options import DAY, day_or_today
from tousu.cli.typer_zh import App
from tousu.errors import UsageError

if TYPE_CHECKING:
    from tousu.examples.read import WorkedExample

app = App(invoke_without_command=True, help="典型案例：列出、查找、查看、导出、导入。")
Folder = Annotated[
    Path | None, typer.Option("--folder", metavar="目录", help="只用这个目录的案例；不写用随附的和本站的。")
]
Json = Annotated[bool, typer.Option("--json", help="印成 JSON。")]


@app.callback()
@speaks
def examples(ctx: typer.Context) -> None:
    """典型案例：不写命令时列出随附的和本站的全部案例。"""
    if ctx.invoked_subcommand is None:
        _list(None, domain=None, as_json=False)


@app.command("list")
@speaks
def list_examples(
    domain: Annotated[str | None, typer.Option(metavar="领域", help="只列这个领域的，代码或中文名。")] = None,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """列出案例：编号、领域、标题、归口。"""
    _list(folder, domain=domain, as_json=as_json)


@app.command()
@speaks
def search(
    text: Annotated[str, typer.Argument(metavar="投诉内容", help="一段投诉；写 - 从标准输入读。")],
    most: Annotated[int, typer.Option(min=1, max=40, help="最多几个。")] = 3,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """找出与一段投诉最相近的案例。"""
    from tousu.classifier import Classifier
    from tousu.examples.read import load_examples
    from tousu.examples.search import ExampleIndex

    told = typer.get_text_stream("stdin").read() if text == "-" else text
    found = ExampleIndex(load_examples(folder), Classifier.load()).alike(told, most)
    if as_json:
        say_json(
            [
                {"id": one.example.id, "title": one.example.head.title, "likeness": round(one.likeness, 4)}
                for one in found
            ]
        )
        return
    if not found:
        out().print("没有相近的案例")
        return
    shown = table("编号", "相近", "标题", whole=("编号", "相近"))
    for one in found:
        shown.add_row(one.example.id, f"{one.likeness:.2f}", one.example.head.title)
    show_table(shown)
    out().print("查看：tousu examples show 编号")


@app.command()
@speaks
def show(
    name: Annotated[str, typer.Argument(metavar="编号", help="案例的编号，即文件名。")],
    date: Annotated[
        datetime.datetime | None, typer.Option(formats=DAY, metavar="日期", help="依据取哪天有效的；不写用今天。")
    ] = None,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """查看一个案例，依据取当日有效的法规。"""
    from tousu.examples.pages import example_json, example_lines
    from tousu.examples.read import load_examples

    day = day_or_today(date)
    example = _named(load_examples(folder), name)
    if as_json:
        say_json(example_json(example, day))
        return
    for line in example_lines(example, day):
        out().print(line)


@app.command()
@speaks
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="写出的 .json 或 .zip。")],
    names: Annotated[list[str] | None, typer.Argument(metavar="编号", help="哪些案例；不写为全部。")] = None,
    folder: Folder = None,
) -> None:
    """把案例写进一个文件，给别的单位用。"""
    from tousu.examples.exchange import export_examples
    from tousu.examples.read import load_examples

    held = load_examples(folder)
    chosen = [_named(held, name) for name in names] if names else list(held)
    export_examples(chosen, output)
    out().print(f"{len(chosen)} 个案例已写入 {output}")


@app.command("import")
@speaks
def import_(
    packed: Annotated[Path, typer.Argument(metavar="文件", help="tousu examples export 写出的文件。")],
    folder: Annotated[Path, typer.Option("--folder", metavar="目录", help="放进哪个案例目录。")],
    replace: Annotated[bool, typer.Option("--replace", help="同名而内容不同的，用新的代替。")] = False,
) -> None:
    """把别处导出的案例放进目录，先全部检查，有一个不合格就一个也不写。"""
    from tousu.examples.exchange import import_examples

    fresh = import_examples(packed, folder, replace=replace)
    out().print(f"新增或更新 {len(fresh)} 个案例，在 {folder}" + (f"：{'、'.join(fresh)}" if fresh else ""))


@app.command()
@speaks
def check(folder: Annotated[Path, typer.Argument(metavar="目录", help="案例目录。")]) -> None:
    """检查一个目录里的案例：领域、法规、格式。"""
    from tousu.examples.pages import unsure_laws
    from tousu.examples.read import load_examples

    held = load_examples(folder)
    out().print(f"{len(held)} 个案例都合格")
    for title, ids in unsure_laws(held).items():
        err().print(f"请注意：《{title}》在法规表里未经核实，见 {'、'.join(ids)}")


def _list(folder: Path | None, *, domain: str | None, as_json: bool) -> None:
    """Show the examples of a directory."""
    from tousu.examples.read import load_examples
    from tousu.taxonomy import load_taxonomy

    names = load_taxonomy().names
    code = {name: code for code, name in names.items()}.get(domain or "", domain)
    if code is not None and code not in names:
        raise UsageError(f"没有领域 {domain}", expected="、".join(names), fix="改正 --domain")
    held = [one for one in load_examples(folder) if code is None or code in one.head.domains]
    if as_json:
        say_json([_row(one) for one in held])
        return
    shown = table("编号", "领域", "标题", "归口", whole=("编号",))
    for one in held:
        shown.add_row(one.id, names[one.head.domains[0]], one.head.title, one.head.department)
    show_table(shown)


def _row(example: WorkedExample) -> dict[str, Any]:
    head = example.head
    return {"id": example.id, "title": head.title, "domains": list(head.domains), "department": head.department}


def _named(held: tuple[WorkedExample, ...], name: str) -> WorkedExample:
    """Return the example of a name.

    Raises:
        UsageError: There is none.
    """
    found = next((one for one in held if one.id == name), None)
    if found is None:
        raise UsageError(f"没有案例 {name}", expected="tousu examples 列出的编号", fix="改正编号")
    return found
