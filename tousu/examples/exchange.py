"""Worked examples carried from one station to another: one JSON file or one archive, checked before anything is written."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from tousu.errors import ExampleError
from tousu.examples.read import load_examples, parse_example
from tousu.files.sink import PartFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tousu.examples.read import WorkedExample

FORMAT = "tousu-examples"
LARGEST = 1 << 20  # bytes of one example
MOST = 10_000  # examples in one file


def export_examples(examples: Sequence[WorkedExample], output: Path) -> None:
    """Write examples to one file, ``.json`` or ``.zip`` by its name.

    Raises:
        ExampleError: The name is neither.
        FileError: The file cannot be written.
    """
    if output.suffix == ".json":
        held = [{"id": example.id, "source": example.source} for example in examples]
        data = json.dumps({"format": FORMAT, "examples": held}, ensure_ascii=False, indent=1).encode()
    elif output.suffix == ".zip":
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for example in examples:
                archive.writestr(f"{example.id}.md", example.source)
        data = target.getvalue()
    else:
        raise ExampleError(f"不认识的文件类型：{output.name}", expected=".json 或 .zip", fix="改输出文件名")
    _write(output, data)


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
        _write(folder / f"{name}.md", source.encode())
    load_examples.cache_clear()
    return sorted(fresh)


def _held(packed: Path) -> dict[str, str]:
    """Return the examples' texts by name.

    Raises:
        ExampleError: The file is none of ours.
    """
    wrong = ExampleError(
        f"{packed} 不是典型案例的导出文件", expected="tousu examples export 写出的 .json 或 .zip", fix="检查文件"
    )
    try:
        if packed.suffix == ".zip":
            with zipfile.ZipFile(packed) as archive:
                entries = [entry for entry in archive.infolist() if not entry.is_dir()]
                if len(entries) > MOST or any(entry.file_size > LARGEST for entry in entries):
                    raise wrong
                if any(PurePosixPath(entry.filename).suffix != ".md" for entry in entries):
                    raise wrong
                return {PurePosixPath(entry.filename).stem: archive.read(entry).decode() for entry in entries}
        if packed.stat().st_size > LARGEST * 100:
            raise wrong
        content: Any = json.loads(packed.read_bytes())
        if content["format"] != FORMAT:
            raise wrong
        return {str(item["id"]): str(item["source"]) for item in content["examples"][:MOST]}
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise wrong from error


def _write(output: Path, data: bytes) -> None:
    """Write a file at once and whole."""
    part = PartFile(output)
    try:
        part.write(data)
        part.commit()
    finally:
        part.drop()
