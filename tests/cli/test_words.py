"""The command line speaks Chinese: help pages, complaints about how it was called, the system's reasons."""

from __future__ import annotations

import errno
import re
import socket
import subprocess
import sys
import tomllib

import pytest

from tousu.cli.main import COMMANDS
from tousu.messages import printable, system_reason, toml_reason

COMMAND_LINES = [[], *([name] for name in COMMANDS), *(["keys", name] for name in ("add", "list", "revoke"))]
COMMAND_LINES += [["models", name] for name in ("list", "activate", "rollback", "at")]
ENGLISH = re.compile(
    r"Usage|Options|Arguments|Commands|Show this|Install|\[default|\[env|required|<str>|<int|<bool>|<path>|completion"
)


@pytest.mark.parametrize("line", COMMAND_LINES, ids=" ".join)
def test_help_is_chinese_and_nothing_is_cut(run, monkeypatch, line):
    monkeypatch.setenv("COLUMNS", "80")
    ran = run(*line, "--help")
    assert (ran.code, ran.stderr) == (0, "")
    assert "用法：" in ran.stdout
    assert not ENGLISH.search(ran.stdout)
    assert "… │" not in ran.stdout


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("tag a", ["缺少参数 OUTPUT", "tag --help"]),
        ("train", ["缺少选项 --corpus"]),
        ("tag a b c", ["多出了参数 c"]),
        ("tag a b --nix", ["没有选项 --nix"]),
        ("tag a b --colums zh", ["没有选项 --colums", "--columns"]),
        ("tag a b --columns fr", ["--columns 的值不对", "zh、en 之一"]),
        ("tag a b --threads x", ["--threads 的值不对", "整数"]),
        ("tag a b --threads 0", ["--threads 的值不对", "不小于 1"]),
        ("report a --since 2026-13-01", ["--since 的值不对", "2026-04-15"]),
        ("tag a b --model", ["--model 后面缺少值"]),
        ("tag a b --resume=1", ["--resume 后面不带值"]),
        ("evalute", ["没有命令 evalute", "evaluate"]),
        ("keys lst", ["没有命令 lst", "revoke"]),
        ("--nix", ["没有选项 --nix"]),
    ],
)
def test_a_wrong_command_line_is_named_in_chinese(run, line, says):
    ran = run(*line.split())
    assert (ran.code, ran.stdout) == (2, "")
    assert "错误 (usage_invalid)" in ran.stderr
    assert all(words in ran.stderr for words in says), ran.stderr
    for english in ("Error", "Invalid", "Missing", "such", "Try", "Input should", "命令行写得不对"):
        assert english not in ran.stderr


def test_a_group_alone_shows_its_help(run):
    for line in ([], ["keys"], ["models"]):
        ran = run(*line)
        assert ran.code == 2
        assert "用法：" in ran.stdout
        assert ran.stderr == ""


def test_the_process_ends_with_the_code(root):
    command = [sys.executable, "-m", "tousu", "tag"]
    assert subprocess.run(command, cwd=root, capture_output=True, check=False).returncode == 2


def test_the_system_speaks_chinese(tmp_path):
    with pytest.raises(OSError) as missing:  # noqa: PT011
        (tmp_path / "none").open()
    assert system_reason(missing.value) == "没有这个文件或目录"
    assert system_reason(socket.gaierror(-2, "Name or service not known")) == "查不到这个主机名"
    assert system_reason(OSError(errno.EXDEV, "x")) == "系统错误 EXDEV"
    assert system_reason(OSError("x")) == "系统没有说明原因"
    for source, says in (("a = \n", "第 1 行"), ("a = 1\na = 2\n", "前面已经有了"), ('a = "', "写法不对")):
        with pytest.raises(tomllib.TOMLDecodeError) as wrong:
            tomllib.loads(source)
        assert says in toml_reason(wrong.value)


def test_only_what_takes_over_a_terminal_is_spelled_out():
    kept = "䶮姓 业主　“12315” ①\ue000𠮷"
    assert printable(kept) == kept
    assert printable("a\x1b[2J\r\n\x9b\u2066\udcff") == "a\\x1b[2J\\r\\n\\x9b\\u2066\\udcff"


def test_a_file_that_cannot_be_read_is_no_traceback(run, tmp_path):
    ran = run("train", "--corpus", "/proc/self/mem", "--out", tmp_path / "m")
    assert ran.code == 1
    (tmp_path / "dir.toml").mkdir()
    ran = run("train", "--corpus", "x", "--out", tmp_path / "m", "--taxonomy", tmp_path / "dir.toml")
    assert ran.code == 1
    assert "领域表读不出" in ran.stderr
