"""What a saved reader is on disk, and the checks before one is used.

A reader is a directory in a model's, with its own manifest: the encoder's lower layers, its upper layers tuned for
tags and as they were for vectors (ONNX), its tokenizer, and arrays (the pieces' embeddings, the calibration of both
readings together, what the encoder said of the rows it was not tuned on). All but the licence are compressed. It fits
one model alone, whose version it names.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tousu.case_codes import AUTHORITIES, SIGNALS
from tousu.classifier import artifact, model_checks
from tousu.classifier.cases import HEADS
from tousu.classifier.model_checks import RECOVER
from tousu.errors import ModelCorrupt, ModelMismatch, ModelMissing, ModelProtocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

FOLDER = "reader"
PROTOCOL = 1
RELEASE = "reader"
ARRAYS = "arrays.npz"
LOWER, TAGS, VECTORS, TOKENIZER = "lower.onnx.gz", "tags.onnx.gz", "vectors.onnx.gz", "tokenizer.json.gz"
LICENCE = "LICENSE"
PARTS = (ARRAYS, LOWER, TAGS, VECTORS, TOKENIZER, LICENCE)
MOST_TOKENS = 512
FURTHER = len(HEADS) + len(AUTHORITIES)  # what a reader with heads says of kinds, signals and routes
HEAD_SHAPES: dict[str, tuple[int, ...]] = {
    "head_slope": (len(HEADS),), "head_offset": (len(HEADS),), "head_thresholds": (len(SIGNALS),),
    "route_slope": (len(AUTHORITIES),), "route_offset": (len(AUTHORITIES),), "head_background": (2,), "head_shares": (FURTHER,),
}  # fmt: skip
PACKED, TIGHT = ".gz", 9
EPOCH = (1980, 1, 1, 0, 0, 0)
WANTED: dict[str, type] = {
    "version": str, "beside": str, "domains": list, "tokens": int, "prefix": str, "weights": list, "encoder": dict,
    "corpus": dict, "metrics": dict, "files": dict,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReaderFiles:
    """A checked reader: its manifest, its arrays and its other files by name."""

    manifest: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    contents: dict[str, bytes]

    @property
    def version(self) -> str:
        """Version of the reader, the same for the same bytes."""
        return str(self.manifest["version"])


def folder_of(model: Path) -> Path:
    """Return where the reader of the model in a directory lies."""
    return model / FOLDER


def load(path: Path, *, names: Sequence[str] = PARTS) -> ReaderFiles:
    """Read and check the reader directory at ``path``.

    Args:
        path: The directory.
        names: The files wanted beside the arrays.

    Raises:
        ModelMissing: There is none.
        ModelProtocol: It was written under another protocol.
        ModelCorrupt: The manifest lacks entries, or a file's bytes, arrays or shapes are wrong.
    """
    manifest = read_manifest(path)
    listed = manifest["files"]
    missing = [name for name in PARTS if name not in listed]
    if missing:
        raise ModelCorrupt(f"精读模型清单 {path} 没有列出 {'、'.join(missing)}", fix=RECOVER)
    contents = {name: artifact.checked_bytes(path / name, listed[name]) for name in {ARRAYS, *names}}
    arrays = _checked_arrays(path, contents.pop(ARRAYS), manifest)
    return ReaderFiles(manifest, arrays, {name: _unpacked(path / name, content) for name, content in contents.items()})


def _unpacked(file: Path, content: bytes) -> bytes:
    """Return what a file holds.

    Raises:
        ModelCorrupt: It is not compressed as it should be, or to more than any model's file.
    """
    if file.suffix != PACKED:
        return content
    try:
        opened = zlib.decompressobj(wbits=31)
        found = opened.decompress(content, model_checks.MOST_FILE_BYTES)
    except zlib.error as error:
        raise ModelCorrupt(f"精读模型文件解不开：{file}", fix=RECOVER) from error
    if not opened.eof:
        raise ModelCorrupt(f"精读模型文件不完整或过大：{file}", fix=RECOVER)
    return found


def vectors_name(model: Path) -> str:
    """Return a name, 16 characters, for the encoder that makes the vectors of the model in a directory.

    Vectors of one name can be compared. A reader that is tuned anew keeps it while what its vectors come of is the same.

    Raises:
        ModelMissing: The model has no reader.
        ModelProtocol: Either was written under another protocol.
        ModelCorrupt: A manifest is broken.
        ModelMismatch: The reader was made for another model.
    """
    manifest, beside = read_manifest(folder_of(model)), artifact.read_manifest(model)
    check_beside(manifest, str(beside["version"]), beside["domains"])
    parts = [manifest["files"].get(name) for name in (LOWER, VECTORS, TOKENIZER)]
    told = json.dumps([*parts, manifest["encoder"], manifest["tokens"], manifest["prefix"]], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def read_manifest(path: Path) -> dict[str, Any]:
    """Read and check a reader's manifest.

    Raises:
        ModelMissing: There is no reader.
        ModelProtocol: It was written under another protocol.
        ModelCorrupt: It is no JSON object or lacks an entry.
    """
    file = path / artifact.MANIFEST
    try:
        manifest = json.loads(model_checks.read_plain(file, most=model_checks.MOST_MANIFEST_BYTES))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelMissing(
            f"{path.parent} 没有精读部分", expected=f"目录 {FOLDER}/",
            fix="用快读（reading=fast），或用 tousu train --reader 训练",
        ) from error  # fmt: skip
    except (ValueError, RecursionError) as error:
        raise ModelCorrupt(f"精读模型清单读不出：{file}（不是 UTF-8 的 JSON）", fix=RECOVER) from error
    if not isinstance(manifest, dict):
        raise ModelCorrupt(f"精读模型清单不是一个 JSON 对象：{file}", fix=RECOVER)
    if manifest.get("protocol") != PROTOCOL:
        raise ModelProtocol(
            f"精读模型 {path} 的协议号为 {manifest.get('protocol')!r}", expected=f"{PROTOCOL}",
            fix="换用与模型同期的 tousu，或用本版重新训练",
        )  # fmt: skip
    for key, kind in WANTED.items():
        if not isinstance(manifest.get(key), kind):
            raise ModelCorrupt(f"精读模型清单 {file} 缺少 {key} 或类型不对", fix=RECOVER)
    model_checks.check_files(manifest, file)
    if not 1 <= manifest["tokens"] <= MOST_TOKENS or not _two_numbers(manifest["weights"]):
        raise ModelCorrupt(f"精读模型清单 {file} 的 tokens 或 weights 不对", fix=RECOVER)
    if manifest["version"] != artifact.version_of(manifest):
        raise ModelCorrupt(
            f"精读模型清单 {file} 的内容与版本号 {manifest['version']} 不符", fix=f"清单可能被改动，请{RECOVER}"
        )
    return manifest


def _two_numbers(value: Any) -> bool:
    return len(value) == 2 and all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)


def check_beside(manifest: Mapping[str, Any], version: str, domains: Sequence[str]) -> None:
    """Check that a reader was made for a model.

    Raises:
        ModelMismatch: It was made for another.
    """
    if manifest["beside"] != version or tuple(manifest["domains"]) != tuple(domains):
        raise ModelMismatch(
            f"精读部分 {manifest['version']} 是为模型 {manifest['beside']} 做的", expected=version,
            fix="用 tousu train --reader 重新训练，或换回当时的模型",
        )  # fmt: skip


def save(path: Path, told: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], contents: Mapping[str, bytes]) -> str:
    """Write a reader directory and return its version; the same input gives the same bytes.

    Args:
        path: The directory; a reader already there is replaced.
        told: The manifest but for ``protocol``, ``version``, ``release`` and ``files``.
        arrays: The arrays.
        contents: The other files by name, not yet compressed.

    Raises:
        FileError: It cannot be written.
    """
    files = {ARRAYS: _npz_bytes(arrays)} | {name: _packed(name, contents[name]) for name in sorted(contents)}
    return str(artifact.write_model(path, {"protocol": PROTOCOL}, {"release": RELEASE} | dict(told), files)["version"])


def _packed(name: str, content: bytes) -> bytes:
    return gzip.compress(content, TIGHT, mtime=0) if name.endswith(PACKED) else content


def _checked_arrays(path: Path, content: bytes, manifest: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Return the arrays after checking names, kinds and shapes."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (ValueError, OSError, zipfile.BadZipFile, KeyError) as error:
        raise ModelCorrupt(f"精读模型数组读不出：{path / ARRAYS}", fix=RECOVER) from error
    domains = len(manifest["domains"])
    headed = bool(arrays.keys() & HEAD_SHAPES.keys())  # readers made by 0.2 have none
    shapes: dict[str, tuple[str, tuple[int | None, ...]]] = dict.fromkeys(
        ("slope", "offset", "thresholds", "accept"), ("float64", (domains,))
    ) | {
        "strangeness": ("float64", (1,)), "facet": ("float64", (3,)), "scales": ("float16", (None, None)),
        "positions": ("float32", (None, None)), "held_out": ("float16", (None, domains + 1 + FURTHER * headed)),
        "held_marks": ("uint64", (None,)),
    }  # fmt: skip
    shapes |= {name: ("float64", shape) for name, shape in HEAD_SHAPES.items() if headed}
    for name, (kind, shape) in shapes.items():
        found = arrays.get(name)
        fits = found is not None and found.dtype == np.dtype(kind) and found.ndim == len(shape)
        if not fits or found is None or any(w is not None and w != n for w, n in zip(shape, found.shape, strict=True)):
            raise ModelCorrupt(f"精读模型数组 {name} 缺失、类型或形状不对", expected=f"{kind}，{shape}", fix="重新训练")
    steps, width = arrays.get("words"), arrays["positions"].shape[1]
    packed = {np.dtype("uint8"): width // 2, np.dtype("int8"): width}
    if steps is None or steps.dtype not in packed or steps.shape != (len(arrays["scales"]), packed[steps.dtype]):
        raise ModelCorrupt("精读模型数组 words 缺失、类型或形状不对", fix="重新训练")
    if len(arrays["held_out"]) != len(arrays["held_marks"]):
        raise ModelCorrupt("精读模型数组 held_out 与 held_marks 不一样长", fix="重新训练")
    if len(arrays["positions"]) < manifest["tokens"]:
        raise ModelCorrupt("精读模型数组 positions 太短", expected=f"{manifest['tokens']} 行", fix="重新训练")
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array[array != np.inf]).all():
            raise ModelCorrupt(f"精读模型数组 {name} 里有不是数字的值", fix="重新训练")
    return arrays


def _npz_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the arrays as an .npz whose bytes depend on nothing else."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=TIGHT) as archive:
        for name in sorted(arrays):
            piece = io.BytesIO()
            np.save(piece, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", EPOCH)
            archive.writestr(entry, piece.getvalue(), zipfile.ZIP_DEFLATED, TIGHT)
    return buffer.getvalue()
