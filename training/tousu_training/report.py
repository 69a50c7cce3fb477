"""The training report as a page: figures, domains, confusions, doubtful labels. Self-contained, in Chinese."""

from __future__ import annotations

import importlib.resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined

from tousu.signals import load_signals

if TYPE_CHECKING:
    from collections.abc import Mapping

FIGURES = (
    ("accuracy", "主领域准确率"),
    ("macro_f1", "宏平均 F1（全部领域）"),
    ("macro_f1_common", "宏平均 F1（十行以上的领域）"),
    ("in_remit_balanced_accuracy", "职责内外判别（平衡准确率）"),
    ("auto_coverage", "自动分派比例"),
    ("auto_precision", "自动分派中的正确率"),
    ("calibration_error", "期望校准误差（越小越好）"),
    ("codes_micro_f1", "全部领域代码的微平均 F1"),
    ("online_f1", "网络交易标记 F1"),
    ("kind_accuracy", "诉求类型准确率"),
    ("kind_accuracy_three", "诉求类型准确率（标为投诉、举报、咨询的）"),
    ("route_accuracy", "转办部门准确率（标为非职责的）"),
    ("route_first_two", "转办部门在前两位（标为非职责的）"),
)


def figure_rows(metrics: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return (Chinese name, figure) of every figure in ``metrics``, in the order people ask for them."""
    return [(name, metrics[key]) for key, name in FIGURES if key in metrics and metrics[key]["value"] is not None]


def signal_rows(metrics: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return (Chinese name, scores) of every signal in ``metrics``; none where no row says its signals."""
    names = load_signals().signal_names
    return [(names.get(row["code"], row["code"]), row) for row in metrics.get("signals", [])]


def render_report(report: Mapping[str, Any], names: Mapping[str, str] | None = None) -> str:
    """Return the report of ``tousu_training.train.save_model`` as an HTML page.

    Args:
        report: The report.
        names: Chinese name by code; codes stand for themselves without.
    """
    source = (importlib.resources.files("tousu_training") / "report.html.j2").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    held_out = report["held_out"]
    codes = [row["code"] for row in held_out["domains"]]
    cells = {(row["true"], row["said"]): row["rows"] for row in held_out["confusions"]}
    right = {row["code"]: round((row["recall"] or 0) * row["support"]) for row in held_out["domains"]}
    shown = codes if len(codes) <= 40 else []
    grid = [[right[a] if a == b else cells.get((a, b), 0) for b in shown] for a in shown]
    support = {row["code"]: row["support"] for row in held_out["domains"]}
    shade = [
        [round(min(1.0, value / max(1, support[code])), 3) for value in line]
        for code, line in zip(shown, grid, strict=True)
    ]
    return environment.from_string(source).render(
        report=report, held_out=held_out, figures=figure_rows(held_out), signals=signal_rows(held_out), codes=shown, grid=grid, shade=shade,
        name=lambda code: (names or {}).get(code, code),
    )  # fmt: skip
