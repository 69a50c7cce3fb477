"""Worked examples carried from one station to another: one JSON file or one archive, checked before anything is written."""

from __future__ import annotations

import io
import json
import lzma
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from tousu.errors import ExampleError
from tousu.examples.read import load_examples, parse_example
from tousu.files.sink import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tousu.examples.read import WorkedExample

FORMAT = "tousu-examples"
LARGEST = 1 << 20  # bytes of one example
WHOLE = 100 * LARGEST  # bytes of all examples of one file
MOST = 10_000  # examples in one file
# What reading a file that is none of ours, cut off or broken ends in.
BROKEN = (
    OSError, EOFError, ValueError, KeyError, TypeError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error,
    lzma.LZMAError,
)  # fmt: skip


def export_examples(examples: Sequence[WorkedExample], output: Path) -> None:
    """Write examples to one file, ``.json`` or ``.zip`` by its name.

    Raises:
        ExampleError: The name is neither.
        FileError: The file cannot be written.
    """
    if output.suffix == ".json":
        data = listed(examples)
    elif output.suffix == ".zip":
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for example in examples:
                archive.writestr(f"{example.id}.md", example.source)
        data = target.getvalue()
    else:
        raise ExampleError(f"不认识的文件类型：{output.name}", expected=".json 或 .zip", fix="改输出文件名")
    with write_whole(output) as file:
        file.write(data)


def listed(examples: Sequence[WorkedExample]) -> bytes:
    """Return examples as the JSON file of an export."""
    held = [{"id": example.id, "source": example.source} for example in examples]
    return json.dumps({"format": FORMAT, "examples": held}, ensure_ascii=False, indent=1).encode()


def import_examples(packed: Path, folder: Path, *, replace: bool = False) -> list[str]:
    """Put the examples of a file into a directory; return the ids of those that are new or changed.

    Nothing is written unless every one of them is sound.

    Args:
        packed: What ``export_examples`` wrote.
        folder: The directory; made where it is not there.
        replace: Whether an example of the same name and another content is replaced.

    Raises:
        ExampleError: The file is none of ours, one example breaks a rule, or one is there with another content.
        FileError: Something cannot be written.
    """
    held = _held(packed)
    fresh = {}
    for name, source in held.items():
        parse_example(name, source, packed / f"{name}.md")
        there = folder / f"{name}.md"
        old = there.read_bytes() if there.is_file() else None
        if old == source.encode():
            continue
        if old is not None and not replace:
            raise ExampleError(
                f"{there} 已经有了，内容不同",
                expected="没有的案例，或相同的内容",
                fix="改名，或加 --replace 用新的代替",
            )
        fresh[name] = source
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in fresh.items():
        with write_whole(folder / f"{name}.md") as file:
            file.write(source.encode())
    load_examples.cache_clear()
    return sorted(fresh)


def _held(packed: Path) -> dict[str, str]:
    """Return the examples' texts by name.

    Raises:
        ExampleError: The file is none of ours, or holds too much.
    """
    try:
        told = list(_zipped(packed) if packed.suffix == ".zip" else _listed(packed))
    except BROKEN as error:
        raise ExampleError(
            f"{packed} 不是典型案例的导出文件", expected="tousu examples export 写出的 .json 或 .zip", fix="检查文件"
        ) from error
    held: dict[str, str] = {}
    for name, source in told:
        if name in held:
            raise ExampleError(f"{packed} 里的案例 {name} 出现了两次", expected="每个编号一次", fix="删去一个，或改名")
        held[name] = source
    return held


def _zipped(packed: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each example of an archive."""
    _check_size(packed, whole=packed.stat().st_size)
    with zipfile.ZipFile(packed) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        sizes = [entry.file_size for entry in entries]
        _check_size(packed, count=len(entries), largest=max(sizes, default=0), whole=sum(sizes))
        for entry in entries:
            name = PurePosixPath(entry.filename)
            if name.suffix != ".md":
                raise ValueError(f"{name} is no example")
            with archive.open(entry) as file:
                yield name.stem, file.read(LARGEST + 1).decode()


def _listed(packed: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each example of a JSON file."""
    with packed.open("rb") as file:
        data = file.read(WHOLE + 1)
    _check_size(packed, whole=len(data))
    content: Any = json.loads(data)
    if content["format"] != FORMAT:
        raise ValueError("another format")
    examples = [(str(item["id"]), str(item["source"])) for item in content["examples"]]
    # Halves of characters, which JSON may hold and no file can, are refused by the way.
    sizes = [len(name.encode()) + len(source.encode()) for name, source in examples]
    _check_size(packed, count=len(examples), largest=max(sizes, default=0))
    yield from examples


def _check_size(packed: Path, *, count: int = 0, largest: int = 0, whole: int = 0) -> None:
    """Refuse a file that holds more than any station's examples.

    Raises:
        ExampleError: It does; the message says what is too much.
    """
    for found, most, what in (
        (count, MOST, "个案例"), (largest, LARGEST, "字节的一个案例"), (whole, WHOLE, "字节的案例"),
    ):  # fmt: skip
        if found > most:
            raise ExampleError(f"{packed} 里有超过 {most:,} {what}", expected=f"最多 {most:,}", fix="分几个文件导出")
