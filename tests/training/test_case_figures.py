"""Kinds, routes and signals in what `tousu evaluate` and the training report show; thresholds set on what can be said."""

from __future__ import annotations

import json

import numpy as np

from tousu.case_codes import KINDS, SIGNALS
from tousu.resources import shipped_path
from tousu_training.corpus import LabelledRow
from tousu_training.heads import calibrate_heads
from tousu_training.report import render_report

ROWS = [
    {"text": "电梯困人四十分钟，物业一直不修", "codes": ["elevator"], "online": False, "kind": "complaint", "signals": ["injury"]},
    {"text": "我买的老人机没声音，店里不给退", "codes": ["product_quality"], "online": False, "kind": "complaint", "signals": []},
    {"text": "工地半夜打桩，吵得睡不着", "codes": ["out_of_scope"], "online": False, "kind": "report", "route": "environment",
     "signals": []},
]  # fmt: skip


def test_evaluate_tells_kinds_routes_and_signals(tousu, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS), "utf-8")
    done = tousu("evaluate", path, "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["kind_accuracy"]["n"] == 3
    assert figures["route_accuracy"]["n"] == 1
    injury = next(row for row in figures["signals"] if row["code"] == "injury")
    assert injury["support"] == 1
    assert {"value", "low", "high", "n"} <= injury["f1"].keys()
    shown = tousu("evaluate", path).stdout
    assert "人身伤害" in shown
    assert "诉求类型准确率" in shown


def test_the_report_of_the_shipped_model_lists_the_signals():
    report = json.loads((shipped_path() / "report.json").read_text("utf-8"))
    page = render_report(report)
    assert "<h2>风险提示</h2>" in page
    assert page.count("涉老幼病残孕") == 1
    assert "转办部门在前两位" in page


def test_a_threshold_is_set_on_what_the_words_allow():
    # Where the words stand, every score above 0 is right; where they do not, high scores are wrong and never said.
    generator = np.random.default_rng(20211)
    rows, scores, possible = [], [], []
    for number in range(400):
        there, meant = number % 2 == 0, number % 4 == 0
        rows.append(
            LabelledRow("甲", ("elevator",), False, "a", "b", "complaint", None, ("injury",) if meant else (), "")
        )
        score = np.full(len(KINDS) + len(SIGNALS), -1.0)
        score[len(KINDS) + SIGNALS.index("injury")] = (1.0 if meant or not there else -1.0) + generator.normal(0, 0.1)
        scores.append(score)
        possible.append([there] * len(SIGNALS))
    allowed = np.array(possible)
    routes = np.zeros((400, 22))
    tight = calibrate_heads(np.array(scores), routes, rows, np.ones_like(allowed)).thresholds
    loose = calibrate_heads(np.array(scores), routes, rows, allowed).thresholds
    place = SIGNALS.index("injury")
    assert np.isfinite(loose[place])
    assert loose[place] != tight[place]
