"""``tousu doctor``: is everything there and whole?"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from tousu.cli.console import FAILED, err, out, say_json, speaks
from tousu.cli.typer_zh import App
from tousu.messages import printable

app = App()


@app.command()
@speaks
def doctor(
    warm: Annotated[bool, typer.Option("--warm", help="只编译并缓存计算程序；安装时用。")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="印成 JSON。")] = False,
) -> None:
    """逐项检查：设置、领域表、词典、模型、数据库、密钥、磁盘、端口、页面。有一项不对，退出码为 1。"""
    from tousu_service.commands import health_checks

    if warm:
        err().print(health_checks.warm())
        return
    from tousu_service.settings import load_settings

    findings = []
    for finding in health_checks.run(load_settings()):
        findings.append(finding)
        if not as_json:
            mark = ("✓", "green") if finding.ok else ("✗", "red")
            out().print(Text.assemble(mark, f" {finding.title}：{printable(finding.told)}"))
    if as_json:
        say_json([finding.to_dict() for finding in findings])
    if not all(finding.ok for finding in findings):
        raise typer.Exit(FAILED)
