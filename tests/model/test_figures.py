"""The shipped model's figures. That it is rebuilt bit for bit is tests/e2e/test_readme.py's to prove."""

from __future__ import annotations

import json

from tousu.resources import shipped_path


def test_the_shipped_model_holds_on_hard_cases(root, tousu):
    done = tousu("evaluate", root / "data" / "hard.jsonl", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["accuracy"]["value"] >= 0.89
    assert figures["in_remit_balanced_accuracy"]["value"] >= 0.9
    assert figures["calibration_error"]["value"] <= 0.05
    assert figures["auto_coverage"]["value"] >= 0.58  # the worst fifth of hands sets it, see bench/QUALITY.md
    assert figures["auto_precision"]["value"] >= 0.95
    assert figures["online_f1"]["value"] >= 0.9


def test_held_out_scores_are_in_the_manifest():
    metrics = json.loads((shipped_path() / "manifest.json").read_text("utf-8"))["metrics"]
    assert metrics["accuracy"]["value"] >= 0.9
    assert metrics["auto_precision"]["low"] >= 0.95
    assert metrics["online_f1"]["n"] >= 4000
