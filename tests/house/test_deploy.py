"""What operators are given: every setting and command named in it exists, and no password is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tousu.cli.main import COMMANDS
from tousu.remind.settings import load_settings
from tousu_service.settings import CONFIG, PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
FILES = [*sorted((ROOT / "deploy").iterdir()), ROOT / "docs" / "operations.md"]
NOT_SETTINGS = {CONFIG, "TOUSU_DB_PASSWORD"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_settings_and_commands_exist(file):
    text = file.read_text("utf-8")
    names = {PREFIX + name.upper() for name in Settings.model_fields} | NOT_SETTINGS
    assert set(re.findall(rf"\b{PREFIX}[A-Z_]+", text)) <= names
    assert set(re.findall(r"(?<=设置项 `)[a-z_]+", text)) <= set(Settings.model_fields)
    assert set(re.findall(r"(?<![\w./:-])tousu ([a-z]+)\b(?! =)", text)) - {"up"} <= set(COMMANDS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_password_is_given(file):
    text = file.read_text("utf-8")
    passwords = re.findall(r"://[^:/\s]+:([^@\s]+)@", text) + re.findall(r"PASSWORD\s*[:=](?!\?)\s*\"?([^\s\"]+)", text)
    assert all(given.startswith("$") or given == "口令" for given in passwords), passwords


def test_the_database_cannot_reach_out_and_the_service_is_confined():
    compose = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")
    assert "back: {internal: true}" in compose
    assert '"127.0.0.1:8000:8000"' in compose
    unit = (ROOT / "deploy" / "tousu.service").read_text("utf-8")
    for line in ("User=tousu", "NoNewPrivileges=yes", "ProtectSystem=strict", "StateDirectoryMode=0700", "LimitCORE=0"):
        assert line in unit
    reminders = (ROOT / "deploy" / "tousu-remind.service").read_text("utf-8")
    assert "EnvironmentFile=/etc/tousu/tousu.env" in unit
    assert (
        "EnvironmentFile=-/etc/tousu/tousu.env" in reminders
    )  # the same tables of the station's own, where it has any


def test_the_example_of_reminders_is_one_the_command_reads():
    settings = load_settings(ROOT / "deploy" / "remind.example.toml")
    assert {settings.default.channels, settings.officers[1].channels} == {("值班群",)}
