"""What all tests share: the corpus, and a small real model trained once a session."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tousu.classifier import Classifier
from tousu.resources import shipped_path
from tousu.taxonomy import load_taxonomy
from tousu_training.corpus import read_rows

if TYPE_CHECKING:
    from tousu_training.corpus import LabelledRow

# A test that wants the careful reading says so: it takes some fifty milliseconds a text.
os.environ.setdefault("TOUSU_READING", "fast")
os.environ.setdefault("TOUSU_VECTORS_PER_UPLOAD", "0")  # so do the vectors of cases

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow whatever trains a model first."""
    for item in items:
        if "small_model" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def corpus_rows() -> list[LabelledRow]:
    return read_rows([ROOT / "data" / "corpus"], codes=load_taxonomy().codes)


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory, corpus_rows: list[LabelledRow]) -> Path:
    """Train a real model on every sixth row of the corpus; return its directory."""
    from tousu_training.fit import settings_for
    from tousu_training.labels import labels_of_taxonomy
    from tousu_training.save import save_model
    from tousu_training.train import train
    from tousu_training.vocabulary import default_encoder

    taxonomy = load_taxonomy()
    labels = labels_of_taxonomy(taxonomy)
    rows, encoder, settings = corpus_rows[::6], default_encoder(None), settings_for(labels)
    trained = train(rows, labels, encoder=encoder, settings=settings, progress=lambda *_: None)
    path = tmp_path_factory.mktemp("small") / "model"
    save_model(path, rows, labels, trained, encoder, settings)
    return path


@pytest.fixture(scope="session")
def shipped() -> Classifier:
    return Classifier.load(shipped_path(), taxonomy=load_taxonomy())


def run_tousu(*arguments: str | Path, cwd: Path = ROOT, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own."""
    command = [sys.executable, "-m", "tousu", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=240, **options)  # type: ignore[call-overload,no-any-return]


@pytest.fixture(scope="session")
def tousu():
    return run_tousu
