from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from tests.conftest import ROOT
from tousu.classifier import Classifier, artifact
from tousu.classifier.decisions import Calibration
from tousu.resources import shipped_path
from tousu.taxonomy import load_taxonomy
from tousu_training.adapt import adapt, surest
from tousu_training.calibrate import calibrate
from tousu_training.corpus import LabelledRow, read_rows
from tousu_training.evaluate import compared, predicted_by
from tousu_training.fit import settings_for
from tousu_training.labels import Labels, labels_of_taxonomy
from tousu_training.save import RELEASE, save_model
from tousu_training.train import judged, train
from tousu_training.vocabulary import default_encoder


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
    assert model.version.startswith("own-")  # no release of ours
    assert model.manifest["held_out"]["by"] == "texts"
    assert "没有写明来源" in done.stderr
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


def test_training_and_tagging_say_the_same_of_the_same_scores(small_model, corpus_rows):
    model = Classifier.load(small_model)
    rows = corpus_rows[::20] + [LabelledRow(text, ("elevator",)) for text in ("", "😀😀", "Ωμέγα")]
    scores, _, known, _ = model._scores([row.text for row in rows], 1)
    assert known[:-3].all()
    assert not known[-3:].any()
    calibration = Calibration.of_arrays(artifact.load(small_model).arrays)
    trained, tagged = (
        compared(judged(scores, known, labels_of_taxonomy(load_taxonomy()), calibration), rows),
        predicted_by(model, rows),
    )
    for name in ("truth", "primary", "sure", "auto", "online"):
        assert getattr(trained, name).tobytes() == getattr(tagged, name).tobytes(), name
    assert (trained.domains, trained.codes) == (tagged.domains, tagged.codes)
    assert {trained.domains[place] for place in trained.primary[-3:]} == {load_taxonomy().fallback}
    assert not trained.auto[-3:].any()


def test_a_text_without_a_known_term_is_the_fallback_while_training_too():
    scores = np.array([[3.0, -1.0, 0.5], [3.0, -1.0, 0.5]])
    calibration = Calibration(np.ones(2), np.zeros(2), 0.02, np.zeros(2), np.full(2, 0.9), np.array([1.0, 0.0, 0.5]))
    said = judged(scores, np.array([True, False]), Labels(("a", "b"), fallback="b"), calibration)
    assert [tagging.primary for tagging in said] == ["a", "b"]
    assert [tagging.decision for tagging in said] == ["auto", "review"]


def test_only_the_shipped_model_bears_the_release(small_model, corpus_rows, tmp_path, monkeypatch):
    taxonomy = load_taxonomy()
    assert artifact.read_manifest(shipped_path())["version"].startswith(f"{RELEASE}-")
    assert artifact.read_manifest(small_model)["version"].startswith("own-")
    labels, encoder = labels_of_taxonomy(taxonomy), default_encoder(None)
    settings, rows = settings_for(labels), corpus_rows[::24]
    trained = train(rows, labels, encoder=encoder, settings=settings, progress=lambda *_: None)
    monkeypatch.setattr("tousu_training.save.read_rows", lambda _: rows)  # as if these were what is shipped

    def release(trained, settings, encoder):
        return save_model(tmp_path / "m", rows, labels, trained, encoder, settings).manifest["release"]

    assert release(trained, settings, encoder) == RELEASE
    assert release(dataclasses.replace(trained, adapted=1), settings, encoder) == "own"
    assert release(trained, dataclasses.replace(settings, cost=2.0), encoder) == "own"
    (tmp_path / "words").mkdir()
    assert release(trained, settings, default_encoder(tmp_path / "words")) == "own"


def test_calibration_is_honest_on_made_up_scores():
    random = np.random.default_rng(1)
    truth = random.integers(0, 4, 3000)
    scores = random.normal(0, 1, (3000, 5))
    scores[np.arange(3000), truth] += 1.5
    domains = ["a", "b", "c", "d"]
    rows = [LabelledRow("x", (domains[t],), bool(t % 2)) for t in truth]
    known = np.ones(len(rows), dtype=np.bool_)
    fitted = calibrate(scores, known, rows, tuple(domains), "a")
    probabilities = judged(scores, known, Labels(tuple(domains), "a"), fitted).probabilities
    assert np.allclose(probabilities.sum(axis=1), 1)
    said, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    accepted = sure >= fitted.accept[said]
    assert accepted.any()
    assert (said == truth)[accepted].mean() >= 0.94
    assert abs(sure.mean() - (said == truth).mean()) < 0.05


def test_a_card_stands_beside_every_model(small_model):
    card = (small_model / "card.md").read_text("utf-8")
    manifest = json.loads((small_model / "manifest.json").read_text("utf-8"))
    assert f"{manifest['metrics']['accuracy']['value']:.3f}（" in card
    assert f"{manifest['corpus']['rows']:,} 条" in card
    assert "不是随程序发布的模型" in card
    assert "card.md" in manifest["files"]
    assert all(f"| {domain.name} |" in card for domain in load_taxonomy().domains)
