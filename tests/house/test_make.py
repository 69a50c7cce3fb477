"""``make serve`` takes its address from the settings; only its own command line goes before them."""

from __future__ import annotations

import os
import subprocess

import pytest


@pytest.mark.parametrize(
    ("arguments", "environment", "runs"),
    [
        ([], {}, ""),
        ([], {"HOST": "build-box", "PORT": "3"}, ""),
        ([], {"TOUSU_PORT": "8977", "TOUSU_HOST": "::1"}, ""),
        (["PORT=9000"], {"HOST": "build-box", "TOUSU_PORT": "8977"}, "--port 9000"),
        (["HOST=0.0.0.0", "PORT=9000"], {}, "--host 0.0.0.0 --port 9000"),
    ],
)
def test_what_make_serve_runs(root, arguments, environment, runs):
    kept = {name: value for name, value in os.environ.items() if name not in {"HOST", "PORT", "MAKEFLAGS"}}
    done = subprocess.run(
        ["make", "-n", "-C", root, "serve", *arguments], env=kept | environment, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    command = next(line for line in done.stdout.splitlines() if "tousu serve" in line)
    assert command.split("tousu serve", 1)[1].split() == runs.split()
