"""What users, files and errors bring is printed as it stands: no markup, no emoji, no terminal codes."""

from __future__ import annotations

import io
import json

import pytest

from tousu.cli.console import Plain
from tousu.cli.progress import Bar, Lines

NAME = "[/a][red]甲[/red]:smile:\x1b[31m\u202e"
FILE = "[b]乙[old]:bell:\x1b[32m\udcff"  # the last is a byte that is no UTF-8
SHOWN = "[/a][red]甲[/red]:smile:\\x1b[31m\\u202e"
KEPT = "[/a][red]甲[/red]:smile:\u202e"  # what the store takes: no controls
SHOWN_KEPT = "[/a][red]甲[/red]:smile:\\u202e"
SHOWN_FILE = "[b]乙[old]:bell:\\x1b[32m\\udcff"


def plainly(ran, *, code: int = 0, shown: str = SHOWN) -> None:
    assert ran.code == code, ran.said
    assert shown in ran.said
    assert not set(ran.said) & {"\x1b", "\u202e", "\udcff"}
    ran.said.encode("utf-8")


def test_keys(run):
    added = run("keys", "add", KEPT)
    plainly(added, shown=SHOWN_KEPT)
    assert "控制字符" in run("keys", "add", NAME).said
    plainly(run("keys", "list"), shown=SHOWN_KEPT)
    listed = run("keys", "list", "--json").stdout
    assert "\u202e" not in listed
    assert [key["name"] for key in json.loads(listed)] == [KEPT]
    plainly(run("keys", "revoke", added.stdout.split("_")[1]), shown=SHOWN_KEPT)
    plainly(run("keys", "revoke", added.stdout.split("_")[1]), shown=SHOWN_KEPT)
    plainly(run("keys", "revoke", NAME), code=1)
    plainly(run("keys", "add", "甲", "--scope", NAME), code=1)


def test_models(run):
    plainly(run("models", "activate", "shipped", "--why", KEPT), shown=SHOWN_KEPT)
    assert "控制字符" in run("models", "activate", "shipped", "--why", NAME).said
    plainly(run("models", "list"), shown=SHOWN_KEPT)
    assert json.loads(run("models", "list", "--json").stdout)["history"][0]["why"] == KEPT
    plainly(run("models", "at", NAME), code=1)
    assert run("models", "activate", NAME).code == 1
    assert run("models", "rollback", "--why", NAME).code == 1


def test_files_that_are_not_there(run, tmp_path):
    out = tmp_path / "out.csv"
    plainly(run("evaluate", f"{NAME}.jsonl"), code=1)
    plainly(run("evaluate", "x.jsonl", "--model", NAME), code=1)
    plainly(run("train", "--corpus", f"{NAME}.jsonl", "--out", tmp_path / "m"), code=1)
    plainly(run("train", "--corpus", "x.jsonl", "--out", tmp_path / "m", "--taxonomy", NAME), code=1)
    plainly(run("tag", f"{NAME}.csv", out), code=1)
    plainly(run("tag", f"{FILE}.csv", out), code=1, shown=SHOWN_FILE)
    plainly(run("report", f"{NAME}.csv"), code=1)
    plainly(run("serve", "--config", NAME), code=1)
    plainly(run("tag", "a", "b", NAME), code=2)


def test_files_that_are(run, tmp_path):
    source, tagged = tmp_path / f"{FILE}.csv", tmp_path / f"{FILE}.out.csv"
    source.write_text("投诉内容\n电梯困人四十分钟\n", "utf-8")
    plainly(run("tag", source, tagged), shown=SHOWN_FILE)
    done = run("tag", source, tagged, "--json")
    assert json.loads(done.stdout)["output"] == str(tagged)
    plainly(run("report", tagged, "-o", tmp_path / f"{FILE}.html"), shown=SHOWN_FILE)
    labelled = tmp_path / f"{FILE}.jsonl"
    labelled.write_text('{"text": "电梯困人", "codes": ["elevater"]}\n', "utf-8")
    plainly(run("evaluate", labelled), code=1, shown=SHOWN_FILE)


def test_the_doctor(run, monkeypatch, tmp_path):
    monkeypatch.setenv("TOUSU_STATE_DIR", str(tmp_path / "[b]乙[old]:bell:\x1b[32m"))
    monkeypatch.setenv("TOUSU_PORT", "0")
    plainly(run("doctor"), shown="[b]乙[old]:bell:\\x1b[32m")


@pytest.mark.parametrize("kind", [Bar, Lines])
def test_progress(kind):
    page = io.StringIO()
    reporter = kind(Plain(file=page, force_terminal=True, width=200, color_system=None))
    reporter._every = 0.0
    reporter.start(NAME, 10)
    reporter.advance(5, 5)
    reporter.stop()
    assert SHOWN in page.getvalue()
    assert "\x1b[31m" not in page.getvalue()
