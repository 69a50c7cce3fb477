"""Training and evaluating: what cannot be used is refused at once, by name, and no wrong label scores in silence."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from tousu_training.corpus import LabelledRow
from tousu_training.evaluate import Predictions, evaluate


def rows_file(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture
def begun(monkeypatch):
    """Let training fail if it begins."""

    def never(*_, **__):
        raise AssertionError("training began")

    monkeypatch.setattr("tousu_training.train.train", never)


@pytest.fixture
def ten(tmp_path):
    texts = [f"小区{n}号楼电梯困人" if n % 2 else f"第{n}家健身房关门，余额不退" for n in range(10)]
    return rows_file(
        tmp_path / "ten.jsonl",
        [{"text": text, "codes": ["elevator" if n % 2 else "prepaid"]} for n, text in enumerate(texts)],
    )


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("elevatr", ["x.csv:3", "elevatr", "是不是要写 elevator"]),
        ('"prepaid,food_safety"', ["x.csv:3", "逗号", "用 ; 隔开"]),
        ('"prepaid，food_safety"', ["x.csv:3", "用 ; 隔开"]),
    ],
)
@pytest.mark.parametrize("command", ["evaluate", "train"])
def test_a_wrong_label_is_refused(run, tmp_path, begun, command, cell, says):
    file = tmp_path / "x.csv"
    file.write_text(f"text,codes\n电梯困人,elevator;pricing\n健身卡不退,{cell}\n", "utf-8")
    more = ("--corpus", file, "--out", tmp_path / "m") if command == "train" else (file, "--json")
    ran = run(command, *more)
    assert (ran.code, ran.stdout) == (1, "")
    assert all(words in ran.stderr for words in says), ran.stderr
    assert "--labels-from-data" not in ran.stderr or command == "train"


def test_evaluate_prints_json_that_any_program_reads(run, ten):
    def refuse(word):
        raise AssertionError(word)

    figures = json.loads(run("evaluate", ten, "--json").stdout, parse_constant=refuse)
    assert figures["accuracy"]["n"] == 10


def test_figures_of_nothing_are_none():
    said = Predictions(
        ("a",), np.array([-1]), np.array([0]), np.array([0.5]), np.array([True]), np.array([False]), [frozenset("a")]
    )
    figures = evaluate([LabelledRow("x", ("b",))], said)
    assert figures["macro_f1"] == {"value": None, "low": None, "high": None, "n": 0}
    json.dumps(figures, allow_nan=False)


@pytest.mark.parametrize(
    ("texts", "says"), [(["电梯坏了"] * 40, "几乎全都相同"), (["😀" * n for n in range(1, 41)], "没有一个可用的字词")]
)
def test_texts_that_teach_nothing_are_refused(run, tmp_path, texts, says):
    file = rows_file(tmp_path / "x.jsonl", [{"text": text, "codes": ["ab"[n % 2]]} for n, text in enumerate(texts)])
    ran = run("train", "--corpus", file, "--out", tmp_path / "m", "--labels-from-data")
    assert ran.code == 1
    assert "corpus_invalid" in ran.stderr
    assert says in ran.stderr


def test_what_would_be_refused_in_the_end_is_refused_before(run, tmp_path, begun, ten):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("x")
    for out in (ten, tmp_path / "full"):
        ran = run("train", "--corpus", ten, "--out", out)
        assert ran.code == 1
        assert "不是模型目录" in ran.stderr
    assert "不是目录" in run("train", "--corpus", ten, "--out", ten / "below").stderr
    ran = run("train", "--corpus", ten, "--out", tmp_path / "m", "--unlabelled", tmp_path / "none.jsonl")
    assert ran.code == 1
    assert "none.jsonl" in ran.stderr


def test_a_model_can_be_written_where_one_stands(run, tmp_path, monkeypatch, ten):
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    assert run("train", "--corpus", ten, "--out", ".", "--labels-from-data").code == 0
    assert (tmp_path / "here" / "manifest.json").is_file()


@pytest.mark.parametrize("command", ["evaluate", "train"])
def test_what_cannot_be_read_says_what_can(run, tmp_path, begun, ten, command):
    def told(file):
        ran = run(command, *(("--corpus", file, "--out", tmp_path / "m") if command == "train" else (file,)))
        assert ran.code == 1
        assert "--encoding" not in ran.stderr
        return ran.stderr

    (tmp_path / "x.xlsx").write_bytes(b"PK\x03\x04\xff\xff")
    (tmp_path / "x.csv").write_bytes(b"text,codes\n\xff\xff\xff,elevator\n")
    (tmp_path / "y.csv").write_bytes(b"\xff\xfe\x00\xd8")
    assert all(words in told(tmp_path / "x.xlsx") for words in ("不是可读的工作簿", "另存为"))
    assert "另存为 UTF-8" in told(tmp_path / "x.csv")
    assert "另存为 UTF-8" in told(tmp_path / "y.csv")
    shutil.copy(ten, tmp_path / "TEN.JSONL")
    assert run("evaluate", tmp_path / "TEN.JSONL").code == 0
