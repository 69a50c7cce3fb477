"""The shipped model's figures. That it is rebuilt bit for bit is tests/e2e/test_readme.py's to prove."""

from __future__ import annotations

import json

import pytest

from tousu.resources import shipped_path


@pytest.fixture(scope="module")
def figures_on(root, tousu, tmp_path_factory):
    """Evaluate the shipped model on one part of the hard cases."""

    def evaluated(part):
        lines = (root / "data" / "hard.jsonl").read_text("utf-8").splitlines(keepends=True)
        file = tmp_path_factory.mktemp("hard") / "part.jsonl"
        file.write_text("".join(line for line in lines if json.loads(line).get("set") == part), "utf-8")
        done = tousu("evaluate", file, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return evaluated


def test_the_shipped_model_holds_on_hard_cases(figures_on):
    figures = figures_on(None)
    assert figures["rows"] == 480
    assert figures["accuracy"]["value"] >= 0.89
    assert figures["in_remit_balanced_accuracy"]["value"] >= 0.9
    assert figures["calibration_error"]["value"] <= 0.05
    assert figures["auto_coverage"]["value"] >= 0.58  # the worst fifth of hands sets it, see bench/QUALITY.md
    assert figures["auto_precision"]["value"] >= 0.95
    assert figures["online_f1"]["value"] >= 0.9


def test_it_knows_what_it_does_not_know_of_harder_ones(figures_on):
    figures = figures_on("registers")
    assert figures["rows"] == 300
    assert figures["accuracy"]["value"] >= 0.75
    assert figures["auto_precision"]["value"] >= 0.92
    assert figures["auto_coverage"]["value"] >= 0.15


def test_held_out_scores_are_in_the_manifest():
    metrics = json.loads((shipped_path() / "manifest.json").read_text("utf-8"))["metrics"]
    assert metrics["accuracy"]["value"] >= 0.9
    assert metrics["auto_precision"]["low"] >= 0.95
    assert metrics["online_f1"]["n"] >= 4000
