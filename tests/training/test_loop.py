"""The loop: answers parted without leaks, a gate that refuses what is worse and lets pass what is not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tousu.classifier import artifact
from tousu.errors import CorpusError
from tousu.resources import shipped_path
from tousu_training.corpus import LabelledRow
from tousu_training.loop.answers import part, read_answers, told_beside
from tousu_training.loop.gate import GateSet, judge, mcnemar, permuted
from tousu_training.loop.run import LoopOptions, own_set, run_loop


def rows_file(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def scrambled(place):
    """A model whose columns of weights are shifted: sound, and wrong."""
    checked = artifact.load(shipped_path())
    manifest = {key: value for key, value in checked.manifest.items() if key not in {"protocol", "version", "files"}}
    weights = checked.arrays["weights"].copy()
    columns = len(checked.manifest["domains"])
    weights[:, :columns] = np.roll(weights[:, :columns], 1, axis=1)
    artifact.save(place, manifest | {"release": "own"}, checked.arrays | {"weights": weights}, {})
    return place


def test_the_last_answer_counts_and_disagreement_is_named(tmp_path):
    path = rows_file(tmp_path / "a.jsonl", [
        {"text": "电梯困人，物业不修", "codes": ["pricing"], "by": "甲", "at": "2026-11-02T09:00:00+08:00", "case": 7},
        {"text": "电梯困人，物业不修", "codes": ["elevator"], "by": "乙", "at": "2026-11-03T09:00:00+08:00", "case": 7},
        {"text": "电梯困人，物业不修 ", "codes": ["prepaid"], "by": "甲", "at": "2026-11-01T09:00:00+08:00", "case": 7},
        {"text": "面包发霉", "codes": ["food_safety"], "by": "甲", "source": "sample"},
        {"text": "面包发霉", "codes": ["food_label"], "by": "甲"},
    ])  # fmt: skip
    answers = read_answers([path], codes=None)
    found = {answer.row.text.strip(): answer for answer in answers.found}
    assert (answers.read, len(found)) == (5, 2)
    assert found["电梯困人，物业不修"].row.codes == ("elevator",)
    assert found["电梯困人，物业不修"].row.place == "案件 7"
    assert found["面包发霉"].row.codes == ("food_label",)
    assert found["面包发霉"].blind
    assert [conflict.said for conflict in answers.conflicts] == [{"甲": "pricing", "乙": "elevator"}]


def test_a_directory_says_as_much_as_its_files(tmp_path):
    """What a row says beside its label holds wherever ``read_rows`` finds the row."""
    row = {"text": "面包发霉", "codes": ["food_safety"], "by": "甲", "source": "sample", "must": True}
    rows_file(tmp_path / "a.jsonl", [row])
    (answer,) = read_answers([tmp_path], codes=None).found
    assert (answer.by, answer.blind) == ("甲", True)
    assert [each["must"] for each in told_beside([tmp_path]).values()] == [True]
    assert own_set([tmp_path], codes=None).must == [True]


def test_groups_are_held_out_whole_blind_ones_always_and_what_one_judges_by_never_teaches(tmp_path, corpus_rows):
    texts = [row.text for row in corpus_rows[::40]][:200]
    rows = [{"text": text, "codes": ["elevator"]} for text in texts]
    rows += [{"text": f"{text}谢谢。", "codes": ["elevator"]} for text in texts[:100]]
    rows += [{"text": f"{texts[150]}请尽快。", "codes": ["elevator"], "source": "sample"}]
    answers = read_answers([rows_file(tmp_path / "a.jsonl", rows)], codes=None)
    parts = part(answers, [texts[0]])
    taught, held = {row.text for row in parts.train}, {row.text for row in parts.held_out}
    assert not taught & held
    assert texts[0] not in taught | held
    assert f"{texts[0]}谢谢。" not in taught | held
    assert {texts[150], f"{texts[150]}请尽快。"} <= held
    for text in texts[1:100]:
        assert (text in taught) == (f"{text}谢谢。" in taught)
    assert 0.2 < len(held) / (len(held) + len(taught)) < 0.4
    again = part(answers, [texts[0]])
    assert [row.text for row in again.train] == [row.text for row in parts.train]
    with pytest.raises(CorpusError):
        part(answers, texts)


def test_chance_is_what_it_is():
    same = np.ones(50, dtype=bool)
    assert mcnemar(same, same) == 1.0
    before, after = np.ones(40, dtype=bool), np.ones(40, dtype=bool)
    after[:5] = False
    assert mcnemar(before, after) == pytest.approx(1 / 32)
    before[20], after[20] = False, True
    assert mcnemar(before, after) == pytest.approx((6 + 1) / 64)
    auto = np.ones(40, dtype=bool)
    assert permuted(after, auto, after, auto) == 1.0
    assert permuted(np.ones(40, dtype=bool), auto, after, auto) < 0.06
    assert permuted(after, auto, np.ones(40, dtype=bool), auto) == 1.0
    # sending more alone and being as right in it is no fall
    fewer = np.arange(40) % 2 == 0
    assert permuted(same[:40], fewer, same[:40], auto) == 1.0


def test_the_gate_lets_an_equal_model_pass_and_refuses_a_scrambled_one(shipped, tmp_path, corpus_rows):
    from tousu.classifier import Classifier

    rows = corpus_rows[::50]
    equal = judge(shipped, shipped, [GateSet("answers", "答复", rows)])
    assert (equal["passed"], equal["changes"], equal["sets"][0]["difference"]["value"]) == (True, [], 0)
    assert equal["sets"][0]["rows"] == sum(row["n"] for row in equal["sets"][0]["domains"])
    worse = judge(shipped, Classifier.load(scrambled(tmp_path / "m")), [GateSet("answers", "答复", rows)])
    assert not worse["passed"]
    assert "McNemar" in worse["reasons"][0]
    assert worse["sets"][0]["lost"] > worse["sets"][0]["gained"]
    text = json.dumps(worse, ensure_ascii=False)
    assert not any(row.text in text for row in rows)


def test_one_row_that_must_be_right_refuses(shipped):
    right = LabelledRow("小区电梯困人，物业一直不修", ("elevator",), place="a:1")
    wrong = LabelledRow("小区电梯困人，物业一直不修", ("prepaid",), place="a:2")
    assert judge(shipped, shipped, [GateSet("acceptance", "验收", [right, wrong], [True, False])])["passed"]
    refused = judge(shipped, shipped, [GateSet("acceptance", "验收", [right, wrong], [True, True])])
    assert refused["reasons"] == ["验收里必过的 1 条没有标对：a:2"]


def test_the_command_judges_a_model_and_says_why(tousu, tmp_path, corpus_rows):
    rows = [{"text": row.text, "codes": list(row.codes), "by": "甲"} for row in corpus_rows[::60]]
    answers = rows_file(tmp_path / "answers.jsonl", rows)
    gate = rows_file(tmp_path / "gate.jsonl", [{"text": "小区电梯困人，物业不修", "codes": ["elevator"], "must": True}])
    model = scrambled(tmp_path / "m")
    done = tousu("loop", "--answers", answers, "--candidate", model, "--gate", gate)
    assert done.returncode == 3, done.stderr
    assert "没有通过" in done.stdout
    verdict = json.loads((model / "gate.json").read_text("utf-8"))
    assert not verdict["passed"]
    assert {each["code"] for each in verdict["sets"]} == {"answers", "hard", "acceptance"}
    for wrong in (
        ("--answers", answers),
        ("--answers", answers, "--out", model, "--candidate", model),
        ("--out", model),
    ):
        refused = tousu("loop", *wrong)
        assert refused.returncode == 1
        assert "错误" in refused.stderr


def test_the_loop_learns_a_station_s_own_labels(tmp_path, corpus_rows):
    """With labels of one's own, all comes from the answers; the old model then knows none of them."""
    wanted = {"elevator": "特种设备", "prepaid": "消费"}
    chosen = [row for row in corpus_rows if row.primary in wanted][::11]
    rows = [{"text": row.text, "codes": [wanted[row.primary]]} for row in chosen]
    options = LoopOptions(answers=[rows_file(tmp_path / "a.jsonl", rows)], own_labels=True, out=tmp_path / "m")
    steps = []
    verdict = run_loop(options, progress=lambda step, done, total: steps.append(step))
    assert verdict["sets"][0]["new"]["accuracy"]["value"] > 0.8
    assert verdict["sets"][0]["old"]["accuracy"]["value"] == 0
    assert verdict["answers"]["learnt"] + verdict["answers"]["held_out"] == len(rows)
    assert (steps[0], steps[-1]) == ("读取答复", "闸门")
    assert (tmp_path / "m" / "gate.json").is_file()
