"""What a saved model is on disk, and the checks before one is used.

A model is a directory with ``manifest.json`` and ``arrays.npz`` (plain arrays, no pickled objects). The
manifest says the protocol, the version, what it was trained on, with which settings and libraries, its
scores, and the SHA-256 of every other file. All of that is checked before anything is built.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tousu.classifier import model_checks
from tousu.classifier.model_checks import RECOVER
from tousu.errors import FileError, ModelCorrupt, ModelMissing, ModelProtocol
from tousu.messages import system_reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

PROTOCOL = 1
MANIFEST = "manifest.json"
ARRAYS = "arrays.npz"
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A checked model: its manifest and its arrays."""

    manifest: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    @property
    def version(self) -> str:
        """Version of the model, the same for the same bytes."""
        return str(self.manifest["version"])

    @property
    def domains(self) -> tuple[str, ...]:
        """Codes of the domains, in the order of the weights' columns."""
        return tuple(self.manifest["domains"])


def check_place(path: Path) -> None:
    """Check that a model can be written to ``path``, before the work of making one.

    Raises:
        ModelCorrupt: Something that is no model stands there.
        FileError: The directory above is none or must not be written to.
    """
    if path.exists() and not (path / MANIFEST).is_file() and (not path.is_dir() or any(path.iterdir())):
        raise ModelCorrupt(f"{path} 已存在，但不是模型目录", expected="新目录或旧模型目录", fix="换一个输出目录")
    above = next(place for place in path.absolute().parents if place.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        why = "没有写权限" if above.is_dir() else "它不是目录"
        raise FileError(f"模型不能写到 {path}：{above} {why}", fix="换一个输出目录")


def save(
    path: Path, manifest: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], extras: Mapping[str, bytes]
) -> Artifact:
    """Write a model directory; the same input gives the same bytes.

    The version is the manifest's ``release`` and the first eight digits of the contents' SHA-256. The
    directory appears under its name only when it is complete; a model already there is replaced.

    Args:
        path: The directory.
        manifest: Everything but ``protocol``, ``version`` and ``files``.
        arrays: The arrays named in ``model_checks.ARRAYS``, each of the dimensions given there.
        extras: Further files by name, such as the training report.

    Raises:
        ModelCorrupt: Something that is no model stands at ``path``.
        FileError: It cannot be written.
    """
    check_place(path)
    files = {ARRAYS: _npz_bytes(arrays)} | dict(extras)
    return Artifact(write_model(path, {"protocol": PROTOCOL}, manifest, files), dict(arrays))


def write_model(
    path: Path, head: Mapping[str, Any], told: Mapping[str, Any], files: Mapping[str, bytes]
) -> dict[str, Any]:
    """Write a directory of files with its manifest and return that; it appears under its name when it is complete.

    Args:
        path: The directory; one already there is replaced.
        head: What the manifest begins with, which its version does not count.
        told: What else it says but for ``version`` and ``files``.
        files: The files by name.

    Raises:
        FileError: It cannot be written.
    """
    path = Path(os.path.abspath(path))  # "." has no name to stand under
    listed = {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()}
    content = dict(told) | {"files": listed}
    whole = dict(head) | {"version": version_of(content)} | content
    manifest = (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode()
    try:
        _write(path, dict(files) | {MANIFEST: manifest})
    except OSError as error:
        raise FileError(f"模型写不到 {path}（{system_reason(error)}）", fix="检查权限与磁盘空间") from error
    return whole


def _write(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a directory of files beside its place and move it there when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.mkdir()
    try:
        for name, data in files.items():
            with (fresh / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    if path.exists():
        path.rename(old)
    fresh.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def version_of(told: Mapping[str, Any]) -> str:
    """Return the version that belongs to a manifest's content: its release and eight digits of its SHA-256."""
    content = json.dumps({key: told[key] for key in told if key not in ("protocol", "version")}, sort_keys=True)
    return f"{told.get('release')}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def load(path: Path) -> Artifact:
    """Read and check the model directory at ``path``.

    Raises:
        ModelMissing: No directory or no manifest there.
        ModelProtocol: Another protocol than this version reads.
        ModelCorrupt: The manifest is no JSON or lacks entries, or a file's bytes, arrays or shapes are wrong.
    """
    manifest = read_manifest(path)
    contents = {name: checked_bytes(path / name, entry) for name, entry in manifest["files"].items()}
    if ARRAYS not in contents:
        raise ModelCorrupt(f"模型清单 {path / MANIFEST} 没有列出 {ARRAYS}", fix=RECOVER)
    arrays = model_checks.read_arrays(contents[ARRAYS], file=path / ARRAYS, domains=len(manifest["domains"]))
    return Artifact(manifest, arrays)


def checked_bytes(file: Path, entry: Mapping[str, Any]) -> bytes:
    """Return a file's bytes after comparing them with the manifest's entry.

    Raises:
        ModelCorrupt: It cannot be read, or it is not the recorded one.
    """
    try:
        content = model_checks.read_plain(file, most=model_checks.MOST_FILE_BYTES, expected=entry["bytes"])
    except FileNotFoundError as error:
        raise ModelCorrupt(f"模型文件读不出：{file}（{system_reason(error)}）", fix=RECOVER) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != entry["sha256"]:
        raise ModelCorrupt(
            f"模型文件 {file} 的内容与清单不符（SHA-256 {digest[:12]}…）",
            expected=f"{entry['sha256'][:12]}…",
            fix=f"文件可能损坏或被改动，请{RECOVER}",
        )
    return content


def read_manifest(path: Path) -> dict[str, Any]:
    """Read and check the manifest of the model directory at ``path``.

    Raises:
        ModelMissing: No directory or no manifest there.
        ModelProtocol: Another protocol than this version reads.
        ModelCorrupt: It is no JSON object or lacks an entry.
    """
    file = path / MANIFEST
    try:
        manifest = json.loads(model_checks.read_plain(file, most=model_checks.MOST_MANIFEST_BYTES))
    except FileNotFoundError as error:
        raise ModelMissing(
            f"没有找到模型：{file}", expected="训练得到的模型目录", fix="检查路径，或用 tousu train 训练"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ModelCorrupt(f"模型清单读不出：{file}（不是 UTF-8 的 JSON）", fix=RECOVER) from error
    if not isinstance(manifest, dict):
        raise ModelCorrupt(f"模型清单不是一个 JSON 对象：{file}", fix=RECOVER)
    if type(manifest.get("protocol")) is not int or manifest["protocol"] != PROTOCOL:
        raise ModelProtocol(
            f"模型 {path} 的协议号为 {manifest.get('protocol')!r}",
            expected=f"{PROTOCOL}",
            fix="换用与模型同期的 tousu，或用本版重新训练",
        )
    model_checks.check_manifest(manifest, file)
    if manifest["version"] != version_of(manifest):
        raise ModelCorrupt(
            f"模型清单 {file} 的内容与版本号 {manifest['version']} 不符", fix=f"清单可能被改动，请{RECOVER}"
        )
    return manifest


def _npz_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the arrays as an uncompressed .npz whose bytes depend on nothing else."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, known in model_checks.ARRAYS.items():
            if known.optional and name not in arrays:
                continue
            piece = io.BytesIO()
            np.save(piece, np.ascontiguousarray(arrays[name], dtype=known.dtype), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", EPOCH), piece.getvalue())
    return buffer.getvalue()
