"""Pages that name files name files that are there; every room is named."""

from __future__ import annotations

import re

import pytest

from tests.house.test_house import TOPS

PATH = re.compile(r"`((?:tousu|service|training|data|tests|docs|deploy|bench|models)/[\w./<>*-]*)`")
PAGES = (
    "CONTRIBUTING.md",
    "docs/architecture.md",
    "data/README.md",
    "SECURITY.md",
    "docs/endurance.md",
    "docs/versions.md",
)


@pytest.mark.parametrize("page", PAGES)
def test_every_path_named_exists(root, page):
    named = PATH.findall((root / page).read_text("utf-8"))
    missing = [path for path in named if not list(root.glob(re.sub(r"<\w+>", "*", path).rstrip("/")))]
    assert not missing


def test_every_room_is_named(root):
    text = "".join((root / page).read_text("utf-8") for page in PAGES[:2])
    for place in TOPS.values():
        for room in (root / place).iterdir():
            if (room / "__init__.py").is_file():
                assert f"{place}/{room.name}/" in text, f"{place}/{room.name} is in neither page"


def test_pre_commit_runs_what_make_check_runs(root):
    hooks = (root / ".pre-commit-config.yaml").read_text("utf-8")
    check = (root / "Makefile").read_text("utf-8").split("\ncheck:", 1)[1].split("\n\n", 1)[0]
    for command in ("ruff check", "ruff format --check", "mypy"):
        assert f"/{command}" in check
        assert f"entry: .venv/bin/{command}\n" in hooks
