"""A cache of compiled loops that was filled once serves also who may only read it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

MODULE = """
from tousu.classifier.compiled import compiled

@compiled
def twice(number):
    return number + number
"""
RUN = "import loops; print(loops.twice(21), sum(loops.twice.stats.cache_hits.values()))"
NOBODY = 65534


def run(home, *, as_nobody=False):
    command = [sys.executable, "-B", "-c", RUN]
    if as_nobody and os.geteuid() == 0:
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
    env = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    env |= {"PYTHONPATH": str(home), "HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"}
    ran = subprocess.run(command, cwd="/", env=env, capture_output=True, text=True, check=False, timeout=120)
    if "error while loading shared libraries" in ran.stderr:
        pytest.skip("another user cannot start this interpreter here")
    if as_nobody and "Permission denied" in ran.stderr:
        pytest.skip("nobody else may run this Python")
    return ran


@pytest.fixture
def home(tmp_path_factory):
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and there is no setpriv to become somebody else")
    path = tmp_path_factory.mktemp("readonly")
    # pytest keeps its directories to their owner; with several processes there is one more of them.
    for directory in (path, *path.parents):
        if directory.name.startswith(("readonly", "popen-", "pytest-")):
            directory.chmod(0o755)
    (path / "loops.py").write_text(MODULE, "utf-8")
    yield path
    for directory in (path, *path.glob("__pycache__")):
        directory.chmod(0o755)


def test_a_filled_cache_is_used_where_it_cannot_be_written(home):
    assert run(home).stdout.split() == ["42", "0"]
    (home / "__pycache__").chmod(0o555)
    home.chmod(0o555)
    ran = run(home, as_nobody=True)
    assert ran.stdout.split() == ["42", "1"], ran.stderr


def test_without_any_place_for_a_cache_it_still_runs(home):
    home.chmod(0o555)
    ran = run(home, as_nobody=True)
    assert ran.stdout.split() == ["42", "0"], ran.stderr
