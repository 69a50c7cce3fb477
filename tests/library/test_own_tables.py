"""A station's own tables: taken where they are, the shipped ones elsewhere, a missing directory told."""

from __future__ import annotations

import os

import pytest

from tousu.errors import SettingsError
from tousu.resources import TABLES_DIR, data_root, table_path


def test_own_tables_go_before_the_shipped_ones(tmp_path, monkeypatch):
    (tmp_path / "attention.toml").write_text("", "utf-8")
    monkeypatch.setenv(TABLES_DIR, str(tmp_path))
    assert table_path("attention.toml") == tmp_path / "attention.toml"
    assert table_path("signals.toml") == data_root() / "data" / "signals.toml"


def test_a_missing_directory_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv(TABLES_DIR, str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match="nowhere"):
        table_path("signals.toml")


def test_a_local_name_and_an_own_rule_reach_the_file(root, tmp_path, tousu):
    authorities = (root / "data" / "authorities.toml").read_text("utf-8")
    rules = 'schema = 1\nversion = "x"\n[[rule]]\nlevel = "urgent"\nreason = "本站：工地一律先看"\nroutes = ["environment", "housing"]\n'
    changed = authorities
    for code, local in (("environment", "本镇环保站"), ("housing", "本镇房管所")):
        name = next(line for line in authorities.split(f'code = "{code}"')[1].splitlines() if line.startswith("name"))
        changed = changed.replace(name, f'{name}\nlocal = "{local}"')
    (tmp_path / "authorities.toml").write_text(changed, "utf-8")
    (tmp_path / "attention.toml").write_text(rules, "utf-8")
    (tmp_path / "in.csv").write_text("投诉内容\n隔壁工地半夜十二点还在打桩，吵得全家睡不着，希望管一管\n", "utf-8")
    environment = {**os.environ, TABLES_DIR: str(tmp_path)}
    done = tousu("tag", tmp_path / "in.csv", tmp_path / "out.csv", "--columns", "zh", env=environment)
    assert done.returncode == 0, done.stderr
    told = (tmp_path / "out.csv").read_text("utf-8")
    assert "本镇环保站" in told or "本镇房管所" in told
    assert "紧急：本站：工地一律先看" in told
