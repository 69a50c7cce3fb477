"""A model that decides less alone: the same weights, with a floor under what is sure enough to go without a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tousu.classifier import artifact
from tousu.classifier.reader import files
from tousu.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

OWN = "own"
LEFT_OUT = {"protocol", "version", "files"}


def stricter(model: Path, out: Path, *, floor: float) -> str:
    """Write a model like another that lets nothing below a probability go without a person; return its version.

    Its reader, where it has one, is kept and just as strict.

    Args:
        model: The model directory.
        out: Where the stricter one goes.
        floor: Probability from which on a primary may go by itself, above 0 and below 1.

    Raises:
        ModelError: The model cannot be used, or it is as strict already, or the floor is none.
        FileError: It cannot be written.
    """
    if not 0 < floor < 1:
        raise ModelError("门槛应在 0 与 1 之间", fix="换一个门槛")
    checked = artifact.load(model)
    reader = files.load(files.folder_of(model)) if files.folder_of(model).is_dir() else None
    arrays = [checked.arrays] if reader is None else [checked.arrays, reader.arrays]
    raised = [one | {"accept": np.maximum(one["accept"], round(floor, 4))} for one in arrays]
    if all((new["accept"] == old["accept"]).all() for new, old in zip(raised, arrays, strict=True)):
        raise ModelError(f"模型 {checked.version} 的门槛已不低于 {floor:.4f}", fix="换一个更高的门槛")
    manifest = {key: value for key, value in checked.manifest.items() if key not in LEFT_OUT}
    kept = {
        name: artifact.checked_bytes(model / name, entry)
        for name, entry in checked.manifest["files"].items()
        if name != artifact.ARRAYS
    }
    made = artifact.save(
        out, manifest | {"release": OWN, "stricter": {"of": checked.version, "floor": round(floor, 4)}},
        raised[0], kept,
    )  # fmt: skip
    if reader is not None:
        told = {key: value for key, value in reader.manifest.items() if key not in LEFT_OUT | {"release"}}
        files.save(files.folder_of(out), told | {"beside": made.version}, raised[1], reader.contents)
    return made.version
