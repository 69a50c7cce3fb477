"""Every command of the READMEs is run, and the reply they show is the reply one gets."""

from __future__ import annotations

import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tousu.classifier import artifact

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = re.compile(r"```(sh|json|python)\n(.*?)```", re.DOTALL)
PAGES = ("README.md", "README.zh-CN.md")
TIMELESS = {"request_id"}


def blocks(root: Path, page: str, kind: str) -> list[str]:
    return [text.strip() for name, text in BLOCK.findall((root / page).read_text("utf-8")) if name == kind]


@pytest.fixture(scope="module")
def served(root, tmp_path_factory):
    """The very command of the README, on a free port and with a store of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    state = tmp_path_factory.mktemp("state")
    environment = os.environ | {"TOUSU_STATE_DIR": str(state)}
    log = (state / "log").open("wb")
    process = subprocess.Popen(
        ["make", "-C", root, "serve", f"PORT={port}"], env=environment, stdout=log, stderr=log, cwd="/",
        start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # make, its shell and the service
        process.wait(20)
        log.close()


@pytest.mark.parametrize("page", PAGES)
def test_the_reply_shown_is_the_reply_one_gets(root, page, served):
    command = next(text for text in blocks(root, page, "sh") if text.startswith("curl"))
    done = subprocess.run(
        ["bash", "-c", command.replace(":8000", f":{served}")], capture_output=True, text=True, check=True
    )
    shown, reply = json.loads(blocks(root, page, "json")[0]), json.loads(done.stdout)
    assert {k: v for k, v in reply.items() if k not in TIMELESS} == {
        k: v for k, v in shown.items() if k not in TIMELESS
    }
    assert set(reply) == set(shown)


def test_the_other_commands_run(root, tmp_path):
    pages = [[line for text in blocks(root, page, "sh") for line in text.splitlines()] for page in PAGES]
    assert [line.split("#")[0] for line in pages[0]] == [line.split("#")[0] for line in pages[1]]
    tousu = [line for line in pages[0] if line.startswith(".venv/bin/tousu")]
    assert len(tousu) >= 4
    assert {line.split()[0] for line in pages[0]} == {"make", "curl", ".venv/bin/tousu"}
    for line in tousu:
        done = subprocess.run(
            ["bash", "-c", line.replace("/tmp/", f"{tmp_path}/")], cwd=root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (line, done.stderr)
    assert (tmp_path / "report.html").stat().st_size > 10_000
    same_model(root / "models" / "tousu-zh", tmp_path / "model")


def same_model(shipped, again):
    """The README's training is the shipped model's: the same bytes where that is promised, whatever processor made them."""
    if sys.platform == "linux" and platform.machine() == "x86_64":
        for file in sorted(file for file in shipped.iterdir() if file.is_file()):  # the reader's is its own directory
            assert (again / file.name).read_bytes() == file.read_bytes(), file.name
    one, other = (artifact.load(path).arrays for path in (shipped, again))
    for name, array in one.items():
        np.testing.assert_allclose(array.astype(np.float64), other[name].astype(np.float64), atol=0.01, err_msg=name)


def test_make_has_the_commands(root):
    makefile = (root / "Makefile").read_text("utf-8")
    for page in PAGES:
        for line in blocks(root, page, "sh"):
            if line.startswith("make "):
                assert re.search(rf"^{line.split()[1]}:", makefile, re.MULTILINE)


def test_the_python_example_runs(root):
    for example in blocks(root, "README.md", "python"):
        done = subprocess.run(
            [root / ".venv/bin/python", "-c", example], cwd=root, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "prepaid"


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md", "docs/operations.md", "docs/api.md", "docs/batch.md"])
def test_links_lead_somewhere(root, page):
    text = (root / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if not target.startswith("http"):
            assert (root / page).parent.joinpath(target).exists(), target
