"""Dependence runs one way without circles, files stay small, and the public names are what they are."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

import tousu
from tousu.cli.commands import COMMANDS
from tousu.extras import PACKAGES

if TYPE_CHECKING:
    from pathlib import Path

TOPS = {"tousu": "tousu", "tousu_service": "service/tousu_service", "tousu_training": "training/tousu_training"}
# Rooms from the ground up: each may use those below it, and none above or beside it unless named behind.
FLOORS = (
    {"tousu"},
    {"tousu.client", "tousu.classifier", "tousu.firms"},
    {"tousu.files"},
    {"tousu.ledger"},
    {"tousu.clock"},
    {"tousu.batch", "tousu.report", "tousu.remind"},
    {"tousu.weekly"},
    {"tousu.letters", "tousu.examples", "tousu.monthly"},
    {"tousu.joint"},
    {"tousu.cli"},
    {"tousu_training", "tousu_service"},
    {"tousu_training.commands", "tousu_service.commands"},
)
# Modules at the top of ``tousu`` that every room may use.
GROUND = {
    "acceptance", "attention", "case_codes", "errors", "extras", "masking", "messages", "near_duplicates", "resources", "signals",
    "taxonomy", "timezone", "toml_tables",
}  # fmt: skip
ENTRIES = {"tousu", "tousu.__main__"}  # the public names, imported when asked for; ``python -m tousu``


def modules(root):
    """Return the file of every module of the product by its dotted name."""
    found = {}
    for top, place in TOPS.items():
        for path in sorted((root / place).rglob("*.py")):
            inner = path.relative_to(root / place).with_suffix("").parts
            found[".".join((top, *inner)).removesuffix(".__init__")] = path
    return found


def imports(path, known):
    """Return the product's modules that a file imports, wherever in it."""
    used = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            used |= (inner & known) or ({node.module} & known)
        elif isinstance(node, ast.Import):
            used |= {alias.name for alias in node.names} & known
    return used


def room(module):
    """Return the room a module stands in."""
    parts = module.split(".")
    if parts[0] == "tousu":
        return "tousu" if len(parts) == 1 or parts[1] in GROUND else ".".join(parts[:2])
    return f"{parts[0]}.commands" if "commands" in parts else parts[0]


@pytest.fixture(scope="module")
def graph(root):
    found = modules(root)
    return {name: imports(path, set(found)) - {name} for name, path in found.items()}


def test_dependence_runs_one_way(graph):
    height = {name: floor for floor, names in enumerate(FLOORS) for name in names}
    for module, used in graph.items():
        if module in ENTRIES:
            continue
        for other in used:
            here, there = room(module), room(other)
            assert here == there or height[there] < height[here], f"{module} imports {other}"


def test_no_circle_of_imports(graph):
    done, way = set(), []

    def walk(name):
        assert name not in way, " -> ".join([*way[way.index(name) :], name])
        if name not in done:
            way.append(name)
            for other in sorted(graph[name]):
                walk(other)
            done.add(way.pop())

    for name in graph:
        if name not in ENTRIES:
            walk(name)


def test_files_are_of_one_subject(root):
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in modules(root).items()}
    assert max(lengths.values()) <= 400, max(lengths, key=lengths.__getitem__)


def loaded_by(root: Path, statement: str) -> set[str]:
    """Return the names of all modules loaded after a statement ran in a fresh interpreter."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_serving_needs_no_training_library(root):
    loaded = loaded_by(root, "import tousu_service.app, tousu.cli.main")
    assert not loaded & {"sklearn", "scipy.optimize", "jieba", "opencc", "polars"}


def test_the_client_needs_nothing_of_the_classifier_nor_of_the_service(root):
    loaded = loaded_by(root, "from tousu import Client")
    assert not loaded & {"numpy", "numba", "typer", "fastapi", "tousu.classifier", "tousu_service", "tousu_training"}


def test_every_package_that_is_imported_comes_with_the_base_or_an_extra(root):
    base, own = {"httpx", "pydantic", "pydantic_core", "typing_extensions"}, set(TOPS)
    for name, path in modules(root).items():
        tree = ast.parse(path.read_text("utf-8"))
        froms = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        used = {found.split(".")[0] for found in froms | plain} - set(sys.stdlib_module_names) - own - base
        assert used <= set(PACKAGES), f"{name}: add to tousu/extras.py"


def test_the_extras_named_are_those_of_the_distribution(root):
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(PACKAGES.values()) | {"all"} == set(project["optional-dependencies"])
    assert {command.extra for command in COMMANDS.values()} <= set(PACKAGES.values())


def test_public_names():
    assert tousu.__all__ == [
        "AsyncClient",
        "Classifier",
        "Client",
        "Evidence",
        "ServiceError",
        "Tagging",
        "Taggings",
        "TousuError",
    ]
    for name in tousu.__all__:
        assert getattr(tousu, name).__name__ == name
