"""What an operator reads of keys and models, on a narrow terminal too."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from rich.cells import cell_len

from tousu.classifier import artifact
from tousu.resources import shipped_path

NAME = "某某区市场监督管理局投诉举报平台前置机"
EVERY = [word for scope in ("classify", "correct", "admin") for word in ("--scope", scope)]


@pytest.fixture
def narrow(run, monkeypatch):
    def ran(*arguments: object):
        monkeypatch.setenv("COLUMNS", "80")
        shown = run(*arguments)
        monkeypatch.delenv("COLUMNS")
        return shown

    return ran


def test_keys_fit_a_terminal_and_lose_nothing(run, narrow):
    key = run("keys", "add", NAME, *EVERY).stdout.split("_")[1]
    run("keys", "revoke", key)
    shown = narrow("keys", "list").stdout
    assert max(cell_len(line) for line in shown.splitlines()) <= 80
    assert len(re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d(?!:)", shown)) == 2
    assert "…" not in shown
    assert all(word in shown for word in (key, "admin", "classify", "correct"))
    assert set(NAME) <= set(shown)
    assert NAME in run("keys", "list").stdout  # a pipe has no edge


def test_a_key_revoked_before_is_told_as_such(run):
    key = run("keys", "add", "甲").stdout.split("_")[1]
    assert run("keys", "revoke", key).stdout.startswith("已吊销密钥")
    again = run("keys", "revoke", key)
    assert again.code == 0
    assert "早已吊销：20" in again.stdout


def test_models_fit_a_terminal_and_lose_nothing(run, narrow):
    run("models", "activate", "shipped", "--why", "加入四月份的全部更正之后重新训练的模型" * 3)
    shown = narrow("models", "list").stdout
    assert max(cell_len(line) for line in shown.splitlines()) <= 80
    assert "…" not in shown
    assert "启用" in shown
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", shown)


def test_a_model_that_is_not_there_is_looked_for_on_the_command_line(run):
    told = run("models", "activate", "nope")
    assert told.code == 1
    assert "tousu models list" in told.stderr
    assert "GET" not in told.stderr


def test_without_a_reason_no_colon_hangs(run):
    assert run("models", "activate", "shipped").stdout.rstrip()[-1] not in "：:"
    assert run("models", "activate", "shipped", "--why", "试用").stdout.rstrip().endswith("：试用")


def test_the_future_has_no_model_yet(run):
    run("models", "activate", "shipped")
    told = run("models", "at", "2199-01-01")
    assert told.code == 1
    assert "还没有到" in told.stderr


@pytest.mark.parametrize("command", [("doctor",), ("evaluate", "data/hard.jsonl")])
def test_the_others_fit_too(narrow, monkeypatch, root, command):
    monkeypatch.chdir(root)
    monkeypatch.setenv("TOUSU_PORT", "0")
    lines = narrow(*command).stdout.splitlines()
    tables = [line for line in lines if not line.startswith(("✓", "✗", "模型"))]
    assert all(cell_len(line) <= 80 and "…" not in line for line in tables)
    assert len(lines) >= 9


@pytest.mark.parametrize("name", ["idf", "weights", "bias", "slope", "strangeness", "thresholds", "accept", "facet"])
def test_a_model_with_a_value_that_is_no_number_never_goes_live(run, tmp_path, name):
    sound = artifact.load(shipped_path())
    array = sound.arrays[name].copy()
    array.reshape(-1)[-1] = float("nan")
    manifest = {key: value for key, value in sound.manifest.items() if key not in ("protocol", "version", "files")}
    artifact.save(tmp_path / "odd", manifest, sound.arrays | {name: array}, {})
    told = run("models", "activate", tmp_path / "odd")
    assert told.code == 1
    assert name in told.stderr
    assert "Traceback" not in told.said
    assert json.loads(run("models", "list", "--json").stdout)["live"] == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_model_the_service_s_account_cannot_read_is_refused(run, tmp_path):
    (tmp_path / "state").mkdir()
    with tempfile.TemporaryDirectory() as home:
        place = shutil.copytree(shipped_path(), Path(home) / "model")
        Path(home).chmod(0o755)
        assert run("models", "activate", place).code == 0  # the data are root's: so is the service
        shutil.chown(tmp_path / "state", "nobody")
        assert run("models", "activate", place).code == 0
        for closed, mode in ((place / "arrays.npz", 0o600), (place, 0o711), (Path(home), 0o700)):
            closed.chmod(mode)
            told = run("models", "activate", place)
            assert told.code == 1
            assert f"服务的账号 nobody 读不了 {closed}" in told.stderr.replace("\n", "")
