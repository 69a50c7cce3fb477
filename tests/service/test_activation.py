"""Activation: a model is checked fully first, a broken one leaves the old, the ledger tells what was live."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.chaos.switch import damage
from tousu.classifier import artifact
from tousu.errors import ModelCorrupt, ModelMismatch, ModelMissing, NotFound, SettingsError
from tousu.taxonomy import load_taxonomy
from tousu_service.jobs.worker import Worker
from tousu_service.registry import activation, shadow
from tousu_service.settings import load_settings
from tousu_service.store import ledger

if TYPE_CHECKING:
    from pathlib import Path

TAXONOMY = load_taxonomy()


def variant(model: Path, place: Path, release: str, **changed: object) -> Path:
    """Save the model once more under another release, which gives it another version."""
    checked = artifact.load(model)
    manifest = {k: v for k, v in checked.manifest.items() if k not in {"protocol", "version", "files"}}
    artifact.save(place / release, manifest | {"release": release} | changed, checked.arrays, {})
    return place / release


@pytest.fixture
def places(small_model, tmp_path):
    """Three sound models in a models directory."""
    return [variant(small_model, tmp_path / "models", release) for release in ("one", "two", "three")]


def activate(store, path):
    return activation.activate(store, path, by="test", why="try", taxonomy=TAXONOMY, reading="fast")


@pytest.mark.parametrize("why", ["a\nb", "\x1b[2J", "\x9b2J", "x" * 501])
def test_a_reason_is_one_line(store, places, why):
    activate(store, places[0])
    with pytest.raises(SettingsError) as told:
        activation.activate(store, places[1], by="test", why=why, taxonomy=TAXONOMY, reading="fast")
    assert "理由" in str(told.value)
    with pytest.raises(SettingsError):
        activation.rollback(store, by="test", why=why, taxonomy=TAXONOMY, reading="fast")
    assert len(ledger.history(store)) == 1


def test_models_change_and_go_back(store, places):
    one, two, _ = places
    first = activate(store, one)
    live = activation.start(store, taxonomy=TAXONOMY, reading="fast")
    assert (live.classifier.version, live.problem) == (first.version, "")
    assert activation.follow(store, live, taxonomy=TAXONOMY) is live
    second = activate(store, two)
    live = activation.follow(store, live, taxonomy=TAXONOMY)
    assert live.classifier.version == second.version
    back = activation.rollback(store, by="test", why="worse", taxonomy=TAXONOMY, reading="fast")
    assert activation.follow(store, live, taxonomy=TAXONOMY).classifier.version == back.version == first.version
    assert [entry.kind for entry in ledger.history(store)] == ["rollback", "activate", "activate"]


def test_a_byte_changed_is_refused_and_named(store, places):
    one, two, _ = places
    entry = activate(store, one)
    damage(two / artifact.ARRAYS)
    with pytest.raises(ModelCorrupt, match=str(two / artifact.ARRAYS)):
        activate(store, two)
    assert ledger.history(store) == [entry]


def test_what_is_no_model_or_for_another_taxonomy_is_refused(store, small_model, tmp_path):
    with pytest.raises(ModelMissing):
        activate(store, tmp_path)
    with pytest.raises(ModelMismatch):
        activate(store, variant(small_model, tmp_path, "other", taxonomy="0" * 64))
    assert ledger.history(store) == []


def test_a_model_that_cannot_read_as_the_service_does_is_refused(store, places):
    """Where texts are read carefully a model without a reader would never be taken by a worker."""
    one, two, _ = places
    careful = {"by": "test", "why": "try", "taxonomy": TAXONOMY, "reading": "careful"}
    first, second = activate(store, one), activate(store, two)
    with pytest.raises(ModelMissing, match="精读"):
        activation.activate(store, one, **careful)
    with pytest.raises(ModelMissing, match="精读"):
        activation.rollback(store, **careful)
    with pytest.raises(ModelMissing, match="精读"):
        shadow.start(store, one, days=1, **careful)
    assert ledger.history(store) == [second, first]


def test_a_worker_takes_the_last_good_model_and_leaves_the_ledger_alone(store, places, shipped, tmp_path):
    one, two, _ = places
    entries = [activate(store, one), activate(store, two)]
    settings = load_settings({"TOUSU_STATE_DIR": str(tmp_path)})
    worker = Worker(store, settings, idle_seconds=0.0)
    damage(two / artifact.ARRAYS)
    assert worker._live().version == entries[0].version
    assert ledger.history(store) == entries[::-1]
    shutil.rmtree(one)
    shutil.rmtree(two)
    assert Worker(store, settings, idle_seconds=0.0)._live().version == shipped.version
    assert ledger.history(store) == entries[::-1]


def test_a_follower_keeps_its_model_when_the_new_one_broke_meanwhile(store, places):
    one, two, _ = places
    activate(store, one)
    live = activation.start(store, taxonomy=TAXONOMY, reading="fast")
    activate(store, two)
    damage(two / artifact.ARRAYS)
    with pytest.raises(ModelCorrupt):
        activation.follow(store, live, taxonomy=TAXONOMY)
    assert live.classifier.tag("电梯困人").model == live.activation.version


def test_a_start_falls_back_to_the_last_good_model_and_says_so(store, places):
    for place in places:
        activate(store, place)
    damage(places[2] / artifact.ARRAYS)
    shutil.rmtree(places[1])
    live = activation.start(store, taxonomy=TAXONOMY, reading="fast")
    assert live.classifier.version.startswith("one-")
    assert str(places[2] / artifact.ARRAYS) in live.problem
    assert ledger.current(store).kind == "fallback"
    again = activation.start(store, taxonomy=TAXONOMY, reading="fast")
    assert (again.activation, again.problem) == (live.activation, live.problem)


def test_a_model_replaced_in_place_is_not_taken_for_the_one_activated(store, places):
    one, two, _ = places
    activate(store, one)
    activate(store, two)
    shutil.rmtree(two)
    shutil.copytree(places[2], two)
    live = activation.start(store, taxonomy=TAXONOMY, reading="fast")
    assert live.classifier.version.startswith("one-")
    assert "three-" in live.problem


def test_there_must_be_something_to_go_back_to(store, places):
    for _ in range(2):
        with pytest.raises(NotFound):
            activation.rollback(store, by="test", why="x", taxonomy=TAXONOMY, reading="fast")
        activate(store, places[0])


@pytest.mark.parametrize("name", ["", ".", "..", "../models/one", "/etc", "one/../two", ".one", "none", "x\0y"])
def test_only_names_in_the_models_directory_are_followed(places, name):
    models_dir = places[0].parent
    assert activation.within(models_dir, "one") == places[0]
    with pytest.raises(ModelMissing):
        activation.within(models_dir, name)


def test_models_that_are_there(places):
    (places[1] / artifact.MANIFEST).write_text("{")
    found = {model.name: model for model in activation.available(places[0].parent)}
    assert found["one"].version.startswith("one-")
    assert "清单读不出" in found["two"].problem
    assert activation.available(places[0].parent / "none")
