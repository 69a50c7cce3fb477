from __future__ import annotations

import json

import numpy as np
import pytest

from tests.conftest import ROOT
from tousu.classifier import Classifier
from tousu.taxonomy import load_taxonomy
from tousu_training.adapt import adapt, surest
from tousu_training.calibrate import calibrate
from tousu_training.corpus import LabelledRow, read_rows
from tousu_training.folds import assign_folds
from tousu_training.settings import settings_for
from tousu_training.train import default_encoder, labels_of_taxonomy, train


def rows_file(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="module")
def own_labels(tmp_path_factory, corpus_rows):
    """Two labels of somebody else's, no facet, from real corpus texts."""
    wanted = {"elevator": "特种设备", "prepaid": "消费"}
    chosen = [row for row in corpus_rows if row.primary in wanted]
    rows = [{"text": row.text, "codes": [wanted[row.primary]]} for row in chosen]
    return rows_file(tmp_path_factory.mktemp("own") / "rows.jsonl", rows)


def test_anybodys_labels_train_a_model_that_tags(tousu, own_labels, tmp_path):
    done = tousu("train", "--corpus", own_labels, "--out", tmp_path / "m", "--labels-from-data", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["accuracy"]["value"] > 0.9
    assert "online_f1" not in figures
    model = Classifier.load(tmp_path / "m")
    assert model.tag("电梯困人四十分钟").primary == "特种设备"
    assert model.tag("电梯困人四十分钟").online is False
    assert (tmp_path / "m" / "report.html").read_text("utf-8").startswith("<!doctype html>")


def test_an_unlabelled_backlog_adapts(tousu, own_labels, tmp_path, corpus_rows):
    backlog = rows_file(tmp_path / "backlog.jsonl", [{"text": row.text} for row in corpus_rows[:300]])
    done = tousu(
        "train", "--corpus", own_labels, "--out", tmp_path / "m", "--labels-from-data", "--unlabelled", backlog
    )
    assert done.returncode == 0, done.stderr
    assert Classifier.load(tmp_path / "m").tag("健身卡退卡不给退").primary == "消费"


def test_the_same_share_of_each_domain_is_taken_on_trust():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.45, 0.55]])
    assert surest(probabilities, share=0.7).tolist() == [0, 2, 3]  # two of three, and the only one of a small domain


def test_adapting_helps_where_labels_are_few(corpus_rows):
    taxonomy = load_taxonomy()
    labels, hard = labels_of_taxonomy(taxonomy), read_rows([ROOT / "data" / "hard.jsonl"], codes=taxonomy.codes)
    encoder, settings = default_encoder(None), settings_for(labels)
    found = encoder.keys([row.text for row in hard])
    truth = np.array([taxonomy.codes.index(row.primary) for row in hard])
    right = [0, 0]
    for seed in range(3):  # one draw's gain is within noise
        few = [corpus_rows[i] for i in np.random.default_rng(seed).permutation(len(corpus_rows))[:216]]
        how = {"encoder": encoder, "settings": settings, "progress": lambda *_: None}
        before = train(few, labels, **how)
        after = adapt(before, few, [row.text for row in hard], labels, **how)
        for place, trained in enumerate((before, after)):
            said = trained.linear.scores(trained.vocabulary.matrix(found))[:, :-1].argmax(axis=1)
            right[place] += int((said == truth).sum())
    assert right[1] > right[0] > 3 * 240


def test_a_new_model_replaces_the_old_and_a_failed_one_leaves_it(tousu, own_labels, tmp_path):
    out = tmp_path / "m"
    assert tousu("train", "--corpus", own_labels, "--out", out, "--labels-from-data").returncode == 0
    before = (out / "manifest.json").read_bytes()
    bad = rows_file(tmp_path / "bad.jsonl", [{"text": "一", "codes": ["a"]}])
    done = tousu("train", "--corpus", bad, "--out", out, "--labels-from-data")
    assert done.returncode == 1
    assert "至少" in done.stderr
    assert (out / "manifest.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_wrong_places_are_refused(tousu, own_labels, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("x")
    done = tousu("train", "--corpus", own_labels, "--out", tmp_path / "full", "--labels-from-data")
    assert done.returncode == 1
    assert "不是模型目录" in done.stderr
    assert (tmp_path / "full" / "letter.txt").exists()
    assert "领域表里" in tousu("train", "--corpus", own_labels, "--out", tmp_path / "m").stderr


def test_near_duplicates_are_held_out_together():
    texts = [f"第{n}栋的电梯坏了没有人来修，物业只说在等配件，老人下不了楼" for n in range(3)]
    others = [
        f"{word}店办的卡不给退，老板电话不接"
        for word in ("理发", "健身", "游泳", "美甲", "洗车", "瑜伽", "足浴", "早教")
    ]
    folds = assign_folds([LabelledRow(text, ("a",)) for text in texts + others])
    assert len(set(folds[:3])) == 1


def test_calibration_is_honest_on_made_up_scores():
    random = np.random.default_rng(1)
    truth = random.integers(0, 4, 3000)
    scores = random.normal(0, 1, (3000, 5))
    scores[np.arange(3000), truth] += 1.5
    domains = ["a", "b", "c", "d"]
    rows = [LabelledRow("x", (domains[t],), bool(t % 2)) for t in truth]
    fitted = calibrate(scores, rows, domains)
    probabilities = fitted.probabilities(scores)
    assert np.allclose(probabilities.sum(axis=1), 1)
    said, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    accepted = sure >= fitted.accept[said]
    assert accepted.any()
    assert (said == truth)[accepted].mean() >= 0.94
    assert abs(sure.mean() - (said == truth).mean()) < 0.05
