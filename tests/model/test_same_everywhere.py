"""The same rows give the same model whatever loops the libraries choose for the processor.

What the libraries choose can be chosen for them: OpenBLAS by its kernel, numpy by leaving out what the processor has,
the C library by its own tunables. A model of a part of the corpus is made with what is best here and with the least.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from tousu_training.fit import GRID, on_grid

MAKE = """
import sys
from pathlib import Path
from tousu.taxonomy import load_taxonomy
from tousu_training import evaluate
from tousu_training.corpus import read_rows
from tousu_training.fit import settings_for
from tousu_training.vocabulary import default_encoder
from tousu_training.labels import labels_of_taxonomy
from tousu_training.save import save_model
from tousu_training.train import train

if __name__ == "__main__":  # joblib's workers import this too
    evaluate.RESAMPLES = 20
    out, corpus = map(Path, sys.argv[1:])
    labels, encoder = labels_of_taxonomy(load_taxonomy()), default_encoder(None)
    rows, settings = read_rows([corpus])[::16], settings_for(labels)
    trained = train(rows, labels, encoder=encoder, settings=settings, progress=lambda *_: None)
    save_model(out, rows, labels, trained, encoder, settings)
"""


def least() -> dict[str, str]:
    """Return the environment in which every library takes its plainest loops."""
    found = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    return {
        "OPENBLAS_CORETYPE": "Prescott",
        "NPY_DISABLE_CPU_FEATURES": " ".join(found),
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-AVX2_Usable,-FMA_Usable",
    }


def made(root, place, environment) -> dict[str, str]:
    place.mkdir()
    (place / "make.py").write_text(MAKE, "utf-8")
    subprocess.run(
        [sys.executable, place / "make.py", place / "model", root / "data" / "corpus"],
        env=os.environ | {"PYTHONPATH": str(root)} | environment, check=True, timeout=240,
    )  # fmt: skip
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (place / "model").iterdir()}


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="promised for x86-64")
def test_a_model_is_the_same_by_the_best_and_by_the_plainest_loops(root, tmp_path):
    assert made(root, tmp_path / "best", {}) == made(root, tmp_path / "plain", least())


def test_weights_hold_no_noise_and_no_negative_zero():
    weights = np.array([1e-9, -1e-9, -0.0, GRID * 0.49, -GRID * 0.49, 0.123456, -7.4])
    for noise in (0.0, 1e-9, -1e-9):
        rounded = on_grid(weights + noise)
        assert rounded.tobytes() == on_grid(weights).tobytes()
        assert not np.signbit(rounded[rounded == 0]).any()
        assert np.abs(rounded - weights).max() <= GRID
        assert not np.signbit(rounded.astype(np.float16)[rounded == 0]).any()
