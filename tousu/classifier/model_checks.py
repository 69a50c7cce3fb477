"""What a model's files may hold, to the last value: looked at before anything is built, or even allocated, from them."""

from __future__ import annotations

import io
import math
import os
import re
import stat
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tousu.case_codes import AUTHORITIES, KINDS, SIGNALS
from tousu.classifier.kernels import DROP, EXPAND
from tousu.errors import ModelCorrupt
from tousu.messages import system_reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

RECOVER = "从备份恢复或重新训练"
MOST_MANIFEST_BYTES = 16 * 1024**2
MOST_FILE_BYTES = 1024**3
MOST_FILES = 100
MOST_DOMAINS = 1000
MOST_TERMS = 4_000_000
MOST_CODES_A_CHARACTER = 32  # the longest compatibility form in Unicode has 18
MOST_NPY_HEADER = 4096
LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,120}")
SHA256 = re.compile(r"[0-9a-f]{64}")
NPY_1 = (1, 0)


@dataclass(frozen=True, slots=True)
class Known:
    """An array a model has.

    Attributes:
        dtype: Its type.
        shape: Its sizes: a number, or the name of one (see ``_sizes``), or "any".
        least: Least value it may hold.
        most: Highest one; infinite only where a value may be so.
        optional: Whether a model may be without it.
    """

    dtype: str
    shape: tuple[int | str, ...]
    least: float
    most: float
    optional: bool = False


# All arrays of a model, in the order in which they are written; each is looked at by this line, and those whose
# values depend on each other by ``_check_characters`` and ``_check_terms`` too.
ARRAYS: dict[str, Known] = {
    "char_table": Known("uint16", (65536,), 0, 65535),
    "expand_from": Known("uint32", ("any",), 0, 65535),
    "expand_at": Known("int64", ("expansions + 1",), 0, 65536 * MOST_CODES_A_CHARACTER),
    "expand_codes": Known("uint16", ("any",), 1, 65535),
    "keys": Known("uint64", ("any",), 1, 2**64 - 1),
    "idf": Known("float32", ("terms",), 0, 1000),
    "weights": Known("float16", ("terms", "columns"), -65504, 65504),
    "bias": Known("float64", ("columns",), -1e6, 1e6),
    "slope": Known("float64", ("domains",), 0, 1e6),
    "offset": Known("float64", ("domains",), -1e6, 1e6),
    "strangeness": Known("float64", (1,), 0, 1),
    "thresholds": Known("float64", ("domains",), -1e6, math.inf),
    "accept": Known("float64", ("domains",), 0, math.inf),
    "facet": Known("float64", (3,), -1e6, 1e6),
    # Of a model with heads for kinds, signals and routes: all of these or none.
    "head_weights": Known("float16", ("terms", "heads"), -65504, 65504, optional=True),
    "head_bias": Known("float64", ("heads",), -1e6, 1e6, optional=True),
    "head_slope": Known("float64", ("heads",), -1e6, 1e6, optional=True),
    "head_offset": Known("float64", ("heads",), -1e6, 1e6, optional=True),
    "head_thresholds": Known("float64", ("signals",), -1e6, 1e6, optional=True),
    "head_background": Known("float64", (2,), 0, 1, optional=True),
    "route_weights": Known("float16", ("terms", "routes"), -65504, 65504, optional=True),
    "route_bias": Known("float64", ("routes",), -1e6, 1e6, optional=True),
    "route_slope": Known("float64", ("routes",), -1e6, 1e6, optional=True),
    "route_offset": Known("float64", ("routes",), -1e6, 1e6, optional=True),
}
# The heads' columns, as the manifest of such a model tells them.
CODES = {"kinds": list(KINDS), "signals": list(SIGNALS), "routes": list(AUTHORITIES)}
MANIFEST_KINDS: dict[str, type] = {
    "version": str, "domains": list, "fallback": str, "files": dict, "features": dict, "corpus": dict, "metrics": dict,
}  # fmt: skip


def read_plain(file: Path, *, most: int, expected: int | None = None) -> bytes:
    """Return the bytes of a regular file; a pipe or device is never read from, nor one larger than it may be.

    Args:
        file: The file.
        most: Most bytes it may have.
        expected: Bytes it is said to have, if that is known.

    Raises:
        FileNotFoundError: There is none.
        ModelCorrupt: It cannot be read, is no regular file, or has another size.
    """
    try:
        with os.fdopen(os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as opened:
            found = os.fstat(opened.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise ModelCorrupt(f"模型文件 {file} 不是普通文件", expected="普通文件", fix=RECOVER)
            if found.st_size > most or (expected is not None and found.st_size != expected):
                size = f"{found.st_size} 字节"
                expects = f"不超过 {most} 字节" if expected is None or expected > most else f"{expected} 字节"
                raise ModelCorrupt(f"模型文件 {file} 有 {size}，大小与清单不符", expected=expects, fix=RECOVER)
            return opened.read(found.st_size + 1)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        why = system_reason(error) if isinstance(error, OSError) else "名字不合规定"
        raise ModelCorrupt(f"模型文件读不出：{file}（{why}）", fix=RECOVER) from error


def check_manifest(manifest: Mapping[str, Any], file: Path) -> None:
    """Check the values of a manifest.

    Args:
        manifest: The manifest, of the right protocol.
        file: Where it stands, for the message.

    Raises:
        ModelCorrupt: An entry is missing or is not what it should be.
    """
    for key, kind in MANIFEST_KINDS.items():
        if not isinstance(manifest.get(key), kind):
            raise _wrong(file, f"{key} 缺失或类型不对", kind.__name__)
    if not LINE.fullmatch(manifest["version"]):
        raise _wrong(file, "version 不是一行文字", "至多 120 个字符")
    domains = manifest["domains"]
    names = all(isinstance(name, str) and LINE.fullmatch(name) for name in domains)
    if not names or not 1 <= len(set(domains)) == len(domains) <= MOST_DOMAINS:
        raise _wrong(file, "domains 不是各不相同的代码", f"1 到 {MOST_DOMAINS} 个，每个一行文字")
    if manifest["fallback"] not in domains:
        raise _wrong(file, "fallback 不在 domains 里", "domains 中的一个")
    _check_heads(manifest.get("heads"), domains, file)
    if not isinstance(manifest.get("taxonomy"), str | None):
        raise _wrong(file, "taxonomy 类型不对", "领域表的 SHA-256，或没有")
    check_files(manifest, file)


def check_files(manifest: Mapping[str, Any], file: Path) -> None:
    """Check what a manifest says of its files, and that all its numbers are finite.

    Args:
        manifest: The manifest, with ``files``.
        file: Where it stands, for the message.

    Raises:
        ModelCorrupt: An entry is not what it should be.
    """
    if len(manifest["files"]) > MOST_FILES:
        raise _wrong(file, "files 过多", f"至多 {MOST_FILES} 个")
    for name, entry in manifest["files"].items():
        _check_entry(name, entry, file)
    if sum(entry["bytes"] for entry in manifest["files"].values()) > MOST_FILE_BYTES:
        raise _wrong(file, "files 合计过大", f"不超过 {MOST_FILE_BYTES} 字节")
    if not _is_finite(manifest):
        raise _wrong(file, "有不是有限数字的值", "有限的数字")


def _check_heads(heads: object, domains: list[str], file: Path) -> None:
    """Check what a manifest says of the heads beside the domains, where it has them.

    Raises:
        ModelCorrupt: They are others than this version's.
    """
    if heads is None:
        return
    if not isinstance(heads, dict) or {name: heads.get(name) for name in CODES} != CODES:
        raise _wrong(file, "heads 与本版的诉求类型、风险提示、转办部门不同", "与模型同期的 tousu")
    if heads.get("outside") is not None and heads["outside"] not in domains:
        raise _wrong(file, "heads 里的 outside 不在 domains 里", "domains 中的一个，或没有")


def _check_entry(name: str, entry: object, file: Path) -> None:
    """Check what a manifest says of one file.

    Raises:
        ModelCorrupt: The name leads out of the directory, or the rest is not what it should be.
    """
    if not LINE.fullmatch(name) or Path(name).name != name or name.startswith(".") or "\\" in name or ":" in name:
        raise _wrong(file, f"files 里的 {name[:60]!r} 不是目录里的一个文件名", "不带路径的文件名")
    sound = isinstance(entry, dict) and isinstance(entry.get("sha256"), str) and SHA256.fullmatch(entry["sha256"])
    if not sound or not isinstance(entry, dict):
        raise _wrong(file, f"files 里 {name} 的 sha256 不对", "64 位十六进制")
    size = entry.get("bytes")
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= MOST_FILE_BYTES:
        raise _wrong(file, f"files 里 {name} 的 bytes 不对", f"0 到 {MOST_FILE_BYTES}")


def _is_finite(value: object) -> bool:
    """Return whether all numbers in a JSON value are finite: others could not be shown as JSON again."""
    if isinstance(value, dict):
        return all(_is_finite(part) for part in value.values())
    if isinstance(value, list):
        return all(_is_finite(part) for part in value)
    return not isinstance(value, float) or math.isfinite(value)


def _wrong(file: Path, found: str, expected: str) -> ModelCorrupt:
    return ModelCorrupt(f"模型清单 {file} 的 {found}", expected=expected, fix=RECOVER)


def read_arrays(content: bytes, *, file: Path, domains: int) -> dict[str, NDArray[Any]]:
    """Return a model's arrays; nothing is allocated for one before its name, type, sizes and bytes are found right.

    Args:
        content: An uncompressed .npz.
        file: Where it stands, for the message.
        domains: How many domains the model has.

    Raises:
        ModelCorrupt: It is none, or an array, or a value in one, is not what it should be.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            names = [entry.filename.removesuffix(".npy") for entry in entries]
            headed = any(ARRAYS[name].optional for name in names if name in ARRAYS)
            needed = {name for name, known in ARRAYS.items() if headed or not known.optional}
            odd = sorted((set(names) - set(ARRAYS)) | (needed - set(names)))
            if odd or len(set(names)) != len(names):
                listed = "、".join(name[:40] for name in odd[:5]) or "有重名"
                raise _bad(file, f"数组多了或缺了：{listed}", "一个不多，一个不少")
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise _bad(file, "数组是压缩过的", "不压缩的 .npz")
            arrays = {
                name: _read_array(archive.read(entry), name, file) for name, entry in zip(names, entries, strict=True)
            }
    except (ValueError, OSError, EOFError, RuntimeError, struct.error, zipfile.BadZipFile) as error:
        raise ModelCorrupt(f"模型数组读不出：{file}", fix=RECOVER) from error
    _check_sizes(arrays, domains, file)
    for name, array in arrays.items():
        _check_range(array, name, file)
    _check_characters(arrays, file)
    _check_terms(arrays["keys"], file)
    return arrays


def _read_array(content: bytes, name: str, file: Path) -> NDArray[Any]:
    """Return an array of an .npy file's bytes.

    Raises:
        ModelCorrupt: It is of another type than it should be, or has not as many bytes as its sizes ask for.
        ValueError: It is no .npy file.
    """
    known, stream = ARRAYS[name], io.BytesIO(content)
    if np.lib.format.read_magic(stream) != NPY_1:
        raise ValueError("another version of the format")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(stream, max_header_size=MOST_NPY_HEADER)
    if dtype != np.dtype(known.dtype) or len(shape) != len(known.shape) or (by_columns and len(shape) > 1):
        raise _bad(file, f"数组 {name} 类型不对（{dtype}，{len(shape)} 维）", f"{known.dtype}，{len(known.shape)} 维")
    at = stream.tell()
    if min(shape) < 0 or math.prod(shape) * dtype.itemsize != len(content) - at:
        raise _bad(file, f"数组 {name} 的字节数与形状 {shape} 不符", "两者相符")
    return np.frombuffer(content, dtype, offset=at).reshape(shape).copy()


def _check_sizes(arrays: Mapping[str, NDArray[Any]], domains: int, file: Path) -> None:
    terms, expansions = arrays["keys"].size, arrays["expand_from"].size
    if not 1 <= terms <= MOST_TERMS:
        raise _bad(file, f"keys 有 {terms} 个", f"1 到 {MOST_TERMS} 个")
    sizes = {"terms": terms, "domains": domains, "columns": domains + 1, "expansions + 1": expansions + 1}
    sizes |= {"heads": len(KINDS) + len(SIGNALS), "signals": len(SIGNALS), "routes": len(AUTHORITIES)}
    for name, array in arrays.items():
        for size, wanted in zip(array.shape, ARRAYS[name].shape, strict=True):
            if wanted != "any" and size != (sizes[wanted] if isinstance(wanted, str) else wanted):
                expected = tuple(
                    sizes.get(each, each) if isinstance(each, str) else each for each in ARRAYS[name].shape
                )
                raise _bad(file, f"数组 {name} 的形状为 {array.shape}", str(expected))


def _check_range(array: NDArray[Any], name: str, file: Path) -> None:
    """Check that every value is a number within its range."""
    known = ARRAYS[name]
    if not array.size:
        return
    least, most = array.min(), array.max()  # one that is no number makes both so
    if np.isnan(least) or least < known.least or most > known.most:
        raise _bad(file, f"数组 {name} 的值从 {least:g} 到 {most:g}", f"{known.least:g} 到 {known.most:g} 的数字")


def _check_characters(arrays: Mapping[str, NDArray[Any]], file: Path) -> None:
    """Check that each character that becomes several codes has them, and that they are codes."""
    begins, codes = arrays["expand_at"], arrays["expand_codes"]
    if not np.array_equal(np.flatnonzero(arrays["char_table"] == EXPAND), arrays["expand_from"]):
        raise _bad(file, "expand_from 与 char_table 不符", "char_table 里值为 2 的字，由小到大")
    lengths = np.diff(begins)
    if begins[0] != 0 or begins[-1] != codes.size or (lengths < 1).any() or (lengths > MOST_CODES_A_CHARACTER).any():
        raise _bad(file, "expand_at 不是一路递增的位置", f"从 0 到 {codes.size}，每步 1 到 {MOST_CODES_A_CHARACTER}")
    if np.isin(codes, (DROP, EXPAND)).any():
        raise _bad(file, "expand_codes 里有不是字的值", "0 与 2 以外的值")


def _check_terms(keys: NDArray[np.uint64], file: Path) -> None:
    """Check that terms are in order, none twice, each of one to four characters without a gap."""
    if not (keys[1:] > keys[:-1]).all():
        raise _bad(file, "keys 不是由小到大、各不相同", "由小到大、各不相同")
    for shift in (0, 16, 32):
        ends_in_nothing = (keys >> np.uint64(shift)) & np.uint64(0xFFFF) == DROP
        if (ends_in_nothing & (keys >> np.uint64(shift + 16) > 0)).any():
            raise _bad(file, "keys 里有缺字的词", "一到四个字，中间不空")


def _bad(file: Path, found: str, expected: str) -> ModelCorrupt:
    return ModelCorrupt(f"模型文件 {file} 的{found}", expected=expected, fix="重新训练")
