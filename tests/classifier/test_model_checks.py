"""A model is looked at to its last value: whatever is wrong in it has a name, and nothing is built from it."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import re
import resource
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tousu.classifier import Classifier, artifact, model_checks
from tousu.errors import ModelCorrupt, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ARRAYS = artifact.ARRAYS


@pytest.fixture(scope="module")
def sound(small_model) -> artifact.Artifact:
    return artifact.load(small_model)


def npz_of(arrays: dict[str, Any], compress: int = zipfile.ZIP_STORED) -> bytes:
    """Return arrays as an .npz, whatever they are; bytes stand for an .npy file of their own."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compress) as archive:
        for name, array in arrays.items():
            piece = io.BytesIO()
            if isinstance(array, bytes):
                piece.write(array)
            else:
                np.save(piece, array, allow_pickle=True)
            archive.writestr(f"{name}.npy", piece.getvalue())
    return buffer.getvalue()


def written(place: Path, manifest: dict[str, Any], files: dict[str, bytes]) -> Path:
    """Write a model directory with the right sums and version for what is in it, whatever that is."""
    place.mkdir()
    listed = {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()}
    whole = {"files": listed} | {key: value for key, value in manifest.items() if key not in ("files", "version")}
    whole |= {"files": manifest["files"]} if manifest.get("files") != "own" else {}
    whole["version"] = manifest.get("version", artifact.version_of(whole))
    (place / artifact.MANIFEST).write_text(json.dumps(whole), "utf-8")
    for name, data in files.items():
        (place / name).write_bytes(data)
    return place


def with_arrays(place: Path, sound: artifact.Artifact, changed: dict[str, Any], **options: Any) -> Path:
    """Write the sound model with some arrays changed (None: left out)."""
    arrays = {name: array for name, array in (sound.arrays | changed).items() if array is not None}
    manifest = {key: value for key, value in sound.manifest.items() if key != "version"} | {"files": "own"}
    return written(place, manifest, {ARRAYS: npz_of(arrays, **options)})


def test_the_sound_model_written_so_is_taken(sound, tmp_path):
    assert Classifier.load(with_arrays(tmp_path / "model", sound, {})).tag("电梯困人").primary


def put(at: int, value: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return a change of one value."""

    def change(array: np.ndarray) -> np.ndarray:
        array.reshape(-1)[at] = value
        return array

    return change


FLOATS = ("idf", "weights", "bias", "slope", "offset", "strangeness", "thresholds", "accept", "facet")
VALUES = [
    *((name, put(at, value)) for name in FLOATS for at, value in ((0, math.nan), (-1, math.nan), (-1, -math.inf))),
    *((name, put(0, math.inf)) for name in ("idf", "weights", "bias", "slope", "offset", "strangeness", "facet")),
    ("slope", put(0, -1)), ("strangeness", put(0, 1.5)), ("accept", put(0, -0.1)), ("idf", put(3, -1)),
    ("expand_at", put(1, 2**40)), ("expand_at", put(1, -5)), ("expand_at", put(0, 1)), ("expand_at", put(-1, 0)),
    ("expand_at", put(-1, 10**6)), ("expand_at", lambda array: array[::-1].copy()),
    ("expand_from", put(0, 70000)), ("expand_from", put(3, 5)), ("expand_from", lambda array: array[::-1].copy()),
    ("expand_codes", put(0, 0)), ("expand_codes", put(0, 2)),
    ("char_table", put(0x4E00, 2)), ("char_table", lambda array: np.where(array == 2, 0, array).astype(np.uint16)),
    ("keys", lambda array: array[::-1].copy()), ("keys", put(1, 0)), ("keys", lambda array: np.repeat(array[:1], array.size)),
    ("keys", put(-1, 0xFFFF_0000_0000_0001)), ("keys", put(-1, 0xFFFF_FFFF_FFFF_0000)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change"), VALUES, ids=[f"{name}-{n}" for n, (name, _) in enumerate(VALUES)])
def test_a_wrong_value_is_named(sound, tmp_path, name, change):
    place = with_arrays(tmp_path / "model", sound, {name: change(sound.arrays[name].copy())})
    with pytest.raises(ModelCorrupt, match=name) as refused:
        Classifier.load(place)
    assert str(place / ARRAYS) in str(refused.value)


@pytest.mark.parametrize("name", sorted(model_checks.ARRAYS))
def test_every_array_is_there_once_with_its_type_and_shape(sound, tmp_path, name):
    array = sound.arrays[name]
    changes: list[Any] = [
        None, array.astype(np.complex128), array.astype(object), array[..., None], array[:0], array[:-1],
        np.concatenate([array, array]), b"", b"nonsense", array.tobytes(), np.array(1),
    ]  # fmt: skip
    if name in ("expand_from", "expand_codes"):
        changes.append(np.concatenate([array, array]))
    for n, change in enumerate(changes):
        with pytest.raises(ModelCorrupt):
            Classifier.load(with_arrays(tmp_path / str(n), sound, {name: change}))


def test_arrays_nobody_knows_and_names_twice_are_refused(sound, tmp_path):
    with pytest.raises(ModelCorrupt, match="weights_2"):
        Classifier.load(with_arrays(tmp_path / "a", sound, {"weights_2": np.zeros(3)}))
    content = io.BytesIO(npz_of(sound.arrays))
    with zipfile.ZipFile(content, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("bias.npy", b"")
    manifest = sound.manifest | {"files": "own"}
    del manifest["version"]
    with pytest.raises(ModelCorrupt, match="有重名"):
        Classifier.load(written(tmp_path / "b", manifest, {ARRAYS: content.getvalue()}))


def header_of(shape: tuple[int, ...], dtype: str) -> bytes:
    """Return the beginning of an .npy file that claims a shape."""
    piece = io.BytesIO()
    np.lib.format.write_array_header_1_0(piece, {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape})
    return piece.getvalue()


def test_nothing_is_allocated_for_what_a_file_claims(sound, tmp_path):
    """In a process that may not have another gigabyte."""
    claims = {
        "a": ({"keys": header_of((2**31,), "uint64")}, {}),
        "b": ({"weights": header_of((76950, 2**20), "float16")}, {}),
        "c": ({"idf": header_of((-(2**40),), "float32")}, {}),
        "d": (
            {"weights": np.zeros((sound.arrays["keys"].size, 4_000), np.float16)},
            {"compress": zipfile.ZIP_DEFLATED},
        ),
    }
    places = [with_arrays(tmp_path / name, sound, changed, **how) for name, (changed, how) in claims.items()]
    assert all((place / ARRAYS).stat().st_size < 32 * 1024**2 for place in places)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (3 * 1024**3, 3 * 1024**3))

    code = (
        "import sys\nfrom pathlib import Path\nfrom tousu.classifier import artifact\nfrom tousu.errors import ModelCorrupt\n"
        "for place in sys.argv[1:]:\n  try:\n    artifact.load(Path(place))\n  except ModelCorrupt as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, places)],
        capture_output=True, text=True, check=False, preexec_fn=limit,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(places)
    assert "压缩" in done.stdout


ODD: list[Any] = [None, True, -1, 0, 1e308, "", "x" * 200, "a\nb", "\ud800", [], ["a", "a"], [[]], {}, {"a": {}}]


def is_sound(key: str, value: Any) -> bool:
    """Return whether an entry may be so: what is only shown may be anything of its kind."""
    if key == "release":
        return isinstance(value, bool | int | float | None) or value in ("", [], {}, [[]], ["a", "a"], {"a": {}})
    if key == "taxonomy":
        return isinstance(value, str | None)
    return key in ("features", "corpus", "metrics") and isinstance(value, dict)


@pytest.mark.parametrize("key", ["protocol", *model_checks.MANIFEST_KINDS, "taxonomy", "release"])
def test_every_entry_of_a_manifest_is_looked_at(sound, tmp_path, key):
    content = {ARRAYS: npz_of(sound.arrays)}
    for n, value in enumerate(ODD):
        manifest = {name: part for name, part in sound.manifest.items() if name != "version"} | {
            "files": "own",
            key: value,
        }
        place = written(tmp_path / str(n), manifest, content)
        if is_sound(key, value):
            artifact.load(place)
            continue
        with pytest.raises(ModelError, match=re.escape(str(place))):
            artifact.load(place)


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "a/b", "..", ".", "", ".hidden", "a\\b", "C:x", "a\0b", "a\n"]
)
def test_files_stand_in_the_directory_itself(sound, tmp_path, name):
    entry = {"sha256": "0" * 64, "bytes": 3}
    files = sound.manifest["files"] | {name: entry}
    manifest = {key: value for key, value in sound.manifest.items() if key != "version"} | {"files": files}
    place = written(tmp_path / "model", manifest, {ARRAYS: b""})
    with pytest.raises(ModelCorrupt, match="不是目录里的一个文件名"):
        artifact.load(place)


@pytest.mark.parametrize("entry", [None, [], {}, {"sha256": 1}, {"sha256": "00"}, {"sha256": "0" * 64},
                                   {"sha256": "0" * 64, "bytes": -1}, {"sha256": "0" * 64, "bytes": 10**15},
                                   {"sha256": "0" * 64, "bytes": True}, {"sha256": "0" * 64, "bytes": "3"}])  # fmt: skip
def test_what_is_said_of_a_file_is_looked_at(sound, tmp_path, entry):
    files = sound.manifest["files"] | {"more.json": entry}
    manifest = {key: value for key, value in sound.manifest.items() if key != "version"} | {"files": files}
    with pytest.raises(ModelCorrupt, match=r"more\.json"):
        artifact.load(written(tmp_path / "model", manifest, {}))


@pytest.mark.parametrize("name", [artifact.MANIFEST, ARRAYS])
def test_pipes_and_devices_are_never_read(small_model, tmp_path, name):
    place = shutil.copytree(small_model, tmp_path / "model")
    (place / name).unlink()
    os.mkfifo(place / name)
    with pytest.raises(ModelCorrupt, match="不是普通文件"):
        artifact.load(place)
    (place / name).unlink()
    (place / name).symlink_to("/dev/zero")
    with pytest.raises(ModelCorrupt, match="不是普通文件"):
        artifact.load(place)
    (place / name).unlink()
    (place / name).mkdir()
    with pytest.raises(ModelCorrupt, match=name):
        artifact.load(place)


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":' * 100_000,
        b"[" * 100_000,
        b'{"protocol": 1, "n": NaN}',
        b"1" * 10_000,
        b'"' + b"a" * 17 * 1024**2 + b'"',
    ],
)
def test_odd_json_is_no_manifest(tmp_path, content):
    (tmp_path / artifact.MANIFEST).write_bytes(content)
    with pytest.raises(ModelError):
        artifact.load(tmp_path)


def test_numbers_that_are_none_are_refused_in_what_is_shown(sound, tmp_path):
    manifest = {key: value for key, value in sound.manifest.items() if key != "version"}
    manifest |= {"metrics": {"accuracy": math.nan}, "files": "own"}
    with pytest.raises(ModelCorrupt, match="有限"):
        artifact.load(written(tmp_path / "model", manifest, {ARRAYS: npz_of(sound.arrays)}))
