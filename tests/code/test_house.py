"""Dependence runs one way, files stay small, and nothing is served from elsewhere."""

from __future__ import annotations

import ast
import statistics
import subprocess

import pytest

MAY_USE = {
    "classifier": set(),
    "batch": {"classifier"},
    "training": {"classifier", "batch"},
    "service": {"classifier"},
    "tousu": set(),
}
ROOMS = {"classifier", "training", "batch", "service", "cli", "tousu"}


def sources(root, room):
    return sorted((root / room).rglob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("room", MAY_USE)
def test_dependence_runs_one_way(root, room):
    for path in sources(root, room):
        used = set(imported(path)) & ROOMS - {room}
        assert used <= MAY_USE[room], path


def test_files_are_of_one_subject(root):
    lengths = {path: len(path.read_text("utf-8").splitlines()) for room in ROOMS for path in sources(root, room)}
    assert max(lengths.values()) <= 400, max(lengths, key=lengths.__getitem__)
    assert statistics.median(lengths.values()) < 120


def test_serving_needs_no_training_library(root):
    heavy = "{'sklearn', 'scipy.optimize', 'jieba', 'opencc', 'polars'}"
    code = f"import sys, service.app, cli.main; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([root / ".venv/bin/python", "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_public_names_of_the_library():
    import classifier

    assert classifier.__all__ == ["Classifier", "Evidence", "Tagging", "Taggings", "TousuError"]
