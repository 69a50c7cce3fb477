"""The tables of signals, authorities and attention: complete, founded in law, and told by line and key when wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tousu import toml_tables
from tousu.acceptance import load_acceptance
from tousu.attention import load_attention
from tousu.case_codes import AUTHORITIES, KINDS, SIGNALS
from tousu.errors import RulesError
from tousu.signals import load_authorities, load_signals
from tousu.taxonomy import load_taxonomy

if TYPE_CHECKING:
    from pathlib import Path


def test_every_code_has_its_name_and_every_signal_its_law():
    table = load_signals()
    assert tuple(table.kind_names) == KINDS
    assert tuple(table.signal_names) == SIGNALS
    assert tuple(load_authorities().names) == AUTHORITIES
    for signal in table.signals:
        assert load_taxonomy().laws_of(signal.basis)
    claimant = next(signal for signal in table.signals if signal.code == "claimant")
    assert "不是结论" in claimant.meaning


def test_a_local_name_is_shown_instead(root: Path, tmp_path: Path):
    own = tmp_path / "authorities.toml"
    source = (root / "data" / "authorities.toml").read_text("utf-8")
    own.write_text(source.replace('name = "城管部门"', 'name = "城管部门"\nlocal = "本镇城管中队"'), "utf-8")
    assert load_authorities(own).names["urban_management"] == "本镇城管中队"


@pytest.mark.parametrize(
    ("name", "load"), [("attention", load_attention), ("acceptance", load_acceptance), ("signals", load_signals)]
)
def test_no_place_is_looked_up_in_a_sound_table(root, tmp_path, monkeypatch, name, load):
    own = tmp_path / f"{name}.toml"
    own.write_bytes((root / "data" / own.name).read_bytes())
    monkeypatch.setattr(toml_tables, "HEAD", None)
    assert load(own).version


def line_of(source: str, part: str) -> int:
    return next(number for number, line in enumerate(source.splitlines(), 1) if part in line)


WRONG = [
    ("attention", load_attention, 'signals = ["injury"]', 'signals = ["injry"]', "injry"),
    ("attention", load_attention, 'domains = ["prepaid"]', 'domains = ["prepay"]', "prepay"),
    ("attention", load_attention, "amount_from = 50000", "amount_over = 50000", "amount_over"),
    ("attention", load_attention, 'level = "urgent"', 'level = "now"', "level"),
    ("signals", load_signals, 'code = "claimant"', 'code = "claimer"', "claimer"),
    ("signals", load_signals, 'law = "review_law"', 'law = "reviews"', "领域表里没有法规 reviews"),
    ("authorities", load_authorities, 'code = "fire"', 'code = "firemen"', "firemen"),
    ("authorities", load_authorities, 'law = "noise_law"', 'law = "noise"', "noise"),
]


@pytest.mark.parametrize(("table", "load", "right", "wrong", "named"), WRONG)
def test_what_is_wrong_is_told_with_its_line(root, tmp_path, table, load, right, wrong, named):
    source = (root / "data" / f"{table}.toml").read_text("utf-8")
    assert right in source
    broken = source.replace(right, wrong, 1)
    own = tmp_path / "own.toml"
    own.write_text(broken, "utf-8")
    with pytest.raises(RulesError, match=named) as caught:
        load(own)
    told = re.search(r"第 (\d+) 行", str(caught.value))
    assert told is not None
    near = line_of(broken, wrong)
    assert near - 3 <= int(told[1]) <= near


def test_a_rule_without_a_condition_is_refused(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('schema = 1\nversion = "x"\n[[rule]]\nlevel = "watch"\nreason = "总是"\n', "utf-8")
    with pytest.raises(RulesError, match="没有写条件"):
        load_attention(own)
