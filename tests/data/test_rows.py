"""The corpus obeys its rules: every row, whoever writes the next one."""

from __future__ import annotations

import collections
import json
import re
import unicodedata
from typing import Any

import pytest

from tousu.case_codes import AUTHORITIES, KINDS, SIGNALS
from tousu.near_duplicates import group_similar, shingles
from tousu.taxonomy import load_taxonomy

REGISTERS = {
    "op_short", "op_full", "op_thread", "board", "platform", "form", "claimant", "colloquial", "oneliner", "trad",
}  # fmt: skip
KEYS = {"text", "codes", "online", "register", "series", "kind", "signals"}
MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
IDENTITY = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
CARD = re.compile(r"(?<!\d)\d{16,19}(?!\d)")


@pytest.fixture(scope="module")
def rows(root) -> list[tuple[str, dict[str, Any]]]:
    listed = []
    for file in sorted((root / "data" / "corpus").glob("*.jsonl")):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            listed.append((f"{file.name}:{number}", json.loads(line)))
    return listed


def bad(rows, wrong):
    return [place for place, row in rows if wrong(row)]


def test_rows_have_the_contract_s_keys(rows):
    assert not bad(rows, lambda row: set(row) - {"route"} != KEYS)
    assert not bad(rows, lambda row: not isinstance(row["text"], str) or not row["text"].strip())
    assert not bad(rows, lambda row: not isinstance(row["online"], bool))
    assert not bad(rows, lambda row: row["register"] not in REGISTERS)
    assert not bad(rows, lambda row: not re.fullmatch(r"[a-z]+", row["series"]))


def test_kinds_routes_and_signals_are_the_tables(rows):
    assert not bad(rows, lambda row: row["kind"] not in KINDS)
    assert not bad(rows, lambda row: row["signals"] != [code for code in SIGNALS if code in row["signals"]])
    assert not bad(rows, lambda row: ("route" in row) != (row["codes"][0] == "out_of_scope"))
    assert not bad(rows, lambda row: row.get("route", "none") not in AUTHORITIES)


def test_codes_are_the_taxonomy_s(rows):
    codes = set(load_taxonomy().codes)
    assert not bad(rows, lambda row: not 1 <= len(row["codes"]) <= 3 or len(set(row["codes"])) != len(row["codes"]))
    assert not bad(rows, lambda row: not set(row["codes"]) <= codes)


def test_each_file_holds_its_own_domain(rows):
    assert not [place for place, row in rows if place.split(".")[0] != row["codes"][0]]
    assert {place.split(".")[0] for place, _ in rows} == set(load_taxonomy().codes)


def test_there_are_enough(rows):
    count = collections.Counter(row["codes"][0] for _, row in rows)
    assert len(rows) >= 4000
    assert count["out_of_scope"] >= 600
    assert min(count.values()) >= 60


def test_every_domain_speaks_in_the_main_registers(rows):
    seen = collections.defaultdict(set)
    for _, row in rows:
        seen[row["codes"][0]].add(row["register"])
    for code, registers in seen.items():
        assert {"op_short", "op_full", "op_thread", "board", "colloquial"} <= registers, code


def test_no_number_could_be_a_person_s(rows):
    assert not bad(rows, lambda row: bool(MOBILE.search(row["text"])))
    assert not bad(rows, lambda row: bool(IDENTITY.search(row["text"])))
    assert not bad(rows, lambda row: bool(CARD.search(row["text"])))


def test_no_control_characters(rows):
    assert not bad(rows, lambda row: any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in row["text"]))


def test_no_near_duplicates(rows):
    groups = collections.defaultdict(list)
    for (place, row), leader in zip(rows, group_similar([row["text"] for _, row in rows]), strict=True):
        if len(shingles(row["text"])) >= 6:
            groups[leader].append(place)
    assert not [places for places in groups.values() if len(places) > 1]


def test_hard_cases_obey_the_rules_and_are_not_in_the_corpus(root, rows):
    hard = [json.loads(line) for line in (root / "data" / "hard.jsonl").read_text("utf-8").splitlines()]
    assert len(hard) >= 200
    codes = set(load_taxonomy().codes)
    assert all(set(row["codes"]) <= codes and isinstance(row["online"], bool) for row in hard)
    texts = [row["text"] for row in hard]
    leaders = group_similar([row["text"] for _, row in rows] + texts)
    assert all(leader >= len(rows) for leader in leaders[len(rows) :])


def test_word_lists_are_clean(root):
    for file in sorted((root / "data" / "lexicon").glob("*.txt")):
        lines = file.read_text("utf-8").splitlines()
        words = [line for line in lines if not line.startswith("#")]
        assert lines[0].startswith("# "), file.name
        assert len(words) == len(set(words)), file.name
        assert all(word == word.strip() and word for word in words), file.name
