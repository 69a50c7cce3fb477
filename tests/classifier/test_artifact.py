from __future__ import annotations

import json
import shutil

import pytest

from tousu.classifier import Classifier
from tousu.errors import ModelCorrupt, ModelMismatch, ModelMissing, ModelProtocol
from tousu.taxonomy import load_taxonomy


@pytest.fixture
def copy(small_model, tmp_path):
    return shutil.copytree(small_model, tmp_path / "model")


def test_a_sound_model_loads(copy):
    assert Classifier.load(copy, taxonomy=load_taxonomy()).tag("电梯困人").primary


@pytest.mark.parametrize("name", ["arrays.npz", "report.json", "report.html"])
def test_one_byte_changed_is_refused_and_named(copy, name):
    file = copy / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(ModelCorrupt, match=name):
        Classifier.load(copy)


def test_missing_things_are_named(copy, tmp_path):
    with pytest.raises(ModelMissing):
        Classifier.load(tmp_path / "nowhere")
    (copy / "arrays.npz").unlink()
    with pytest.raises(ModelCorrupt, match="arrays.npz"):
        Classifier.load(copy)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"protocol": 2}, ModelProtocol),
        ({"protocol": None}, ModelProtocol),
        ({"domains": "x"}, ModelCorrupt),
        ({"domains": ["a"]}, ModelCorrupt),
        ({"files": {}}, ModelCorrupt),
        ({"version": 3}, ModelCorrupt),
        ({"fallback": "nowhere"}, ModelCorrupt),
        ({"fallback": "elevator"}, ModelCorrupt),
        ({"corpus": {"rows": 1}}, ModelCorrupt),
        ({"version": "2026.11-00000000"}, ModelCorrupt),
    ],
)
def test_a_wrong_manifest_is_refused(copy, change, error):
    file = copy / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | change), "utf-8")
    with pytest.raises(error):
        Classifier.load(copy)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff"])
def test_no_manifest_at_all(copy, content):
    (copy / "manifest.json").write_bytes(content)
    with pytest.raises((ModelCorrupt, ModelProtocol)):
        Classifier.load(copy)


def test_another_taxonomy_is_refused(copy):
    other = load_taxonomy().model_copy(update={"fallback": "food_label"})
    with pytest.raises(ModelMismatch):
        Classifier.load(copy, taxonomy=other)
