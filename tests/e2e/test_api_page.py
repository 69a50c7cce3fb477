"""Every curl of docs/api.md and docs/operations.md is run as it stands, but for the port."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.e2e.conftest import new_key

CURL = re.compile(r"^    (curl (?:.*\\\n)*.*)", re.MULTILINE)


def commands(root, page):
    return CURL.findall((root / "docs" / page).read_text("utf-8"))


def run(command, server, cwd, **environment):
    command = command.replace("curl ", "curl --fail-with-body ").replace(":8000", f":{server.port}")
    done = subprocess.run(
        ["bash", "-c", command], cwd=cwd, env=server.env | environment, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def test_the_calls_of_the_api_page(root, service, tmp_path):
    (tmp_path / "complaints.jsonl").write_text('{"id": "1", "text": "电梯困人两次"}\n' * 3, "utf-8")
    replies = [run(command, service, tmp_path) for command in commands(root, "api.md")]
    assert len(replies) >= 3
    assert '"evidence":[{' in replies[0]
    assert [reply.count('"primary":"elevator"') for reply in replies[:3]] == [1, 1, 3]


def test_the_calls_of_the_operations_page(root, serve, tmp_path):
    found = commands(root, "operations.md")
    assert found
    with serve() as server:
        key = new_key(server, "classify", "correct", "admin")
        for command in found:
            run(command, server, tmp_path, KEY=key)


@pytest.mark.parametrize("page", ["api.md", "operations.md"])
def test_no_call_is_missed(root, page):
    text = (root / "docs" / page).read_text("utf-8")
    assert len(re.findall(r"^\s*curl ", text, re.MULTILINE)) == len(commands(root, page))
