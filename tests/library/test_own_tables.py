"""A station's own tables: taken where they are, the shipped ones elsewhere, a missing directory told."""

from __future__ import annotations

import os

import pytest

from tousu.errors import SettingsError
from tousu.resources import TABLES_DIR, data_root, table_path
from tousu.toml_tables import place_of


def test_own_tables_go_before_the_shipped_ones(tmp_path, monkeypatch):
    (tmp_path / "attention.toml").write_text("", "utf-8")
    monkeypatch.setenv(TABLES_DIR, str(tmp_path))
    assert table_path("attention.toml") == tmp_path / "attention.toml"
    assert table_path("signals.toml") == data_root() / "data" / "signals.toml"


def test_a_missing_directory_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv(TABLES_DIR, str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match="nowhere"):
        table_path("signals.toml")


@pytest.mark.parametrize(
    ("loc", "place"),
    [(("stages",), "第 1 行 stages"), (("mail", "port"), "第 6 行 mail.port"), (("mail",), "第 4 行 mail"),
     (("officer", 1, "mail"), "第 10 行 officer.1.mail"), (("officer", 1, "more", "mail"), "第 12 行 officer.1.more.mail"),
     (("default", "mail"), "第 15 行 default.mail"), (("none",), "第 1 行 none"), ((), "整个文件")],
)  # fmt: skip
def test_a_place_is_found_in_every_kind_of_table(loc, place):
    source = """stages = [
  "due_soon",
]
[mail]
host = "a"
port = 1
[[officer]]
mail = "a"
[[officer]] # the second
mail = "b"
[officer.more]
mail = "c"

[ default ]
mail = "d"
"""
    assert place_of(source, loc) == place


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
