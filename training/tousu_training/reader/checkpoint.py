"""The state of a tuning on disk, so that a stopped one goes on."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STATE = "state.npz"


def store(folder: Path, settings: Mapping[str, Any], done: int, state: Any) -> None:
    """Keep the state after ``done`` steps."""
    folder.mkdir(parents=True, exist_ok=True)
    leaves = {f"leaf{number}": np.asarray(leaf) for number, leaf in enumerate(jax.tree.leaves(state))}
    fresh = folder / f"new-{STATE}"
    with fresh.open("wb") as file:
        np.savez(file, allow_pickle=False, settings=np.array(json.dumps(settings)), done=np.array(done), **leaves)
    fresh.replace(folder / STATE)


def restore(folder: Path, settings: Mapping[str, Any], state: Any) -> tuple[int, Any]:
    """Return the steps done and the state kept in ``folder``; 0 and ``state`` where there is none of the kind."""
    leaves, form = jax.tree.flatten(state)
    try:
        with np.load(folder / STATE, allow_pickle=False) as kept:
            if str(kept["settings"]) != json.dumps(settings):
                return 0, state
            found = [kept[f"leaf{number}"] for number in range(len(leaves))]
            done = int(kept["done"])
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return 0, state
    if any(np.shape(old) != np.shape(new) for old, new in zip(leaves, found, strict=True)):
        return 0, state
    return done, jax.tree.unflatten(form, found)
